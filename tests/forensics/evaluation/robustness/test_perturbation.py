"""Whole perturbations: the file that comes out, the mask beside it, the seed."""

import io

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from forensics.evaluation.robustness.geometry import LongestSide
from forensics.evaluation.robustness.perturbation import Perturbation
from forensics.evaluation.robustness.suite import list_suites, load_suite

SHA, OTHER = "3f" * 32, "c0" * 32
EVERYTHING = [
    pytest.param(perturbation, id=f"{name}-{coded}-{perturbation.title}")
    for name in list_suites()
    for coded in (False, True)
    if not coded or any(p.as_coded for p in load_suite(name).perturbations)
    for perturbation in (load_suite(name).as_coded() if coded else load_suite(name)).perturbations
    if perturbation.missing() is None
]


def with_red_square(height=200, width=280):
    """A gray, slightly textured picture with a red square, and the mask of the square."""
    texture = np.random.default_rng(0).integers(90, 130, (height, width, 1))
    pixels = np.repeat(texture, 3, axis=2).astype(np.uint8)
    mask = np.zeros((height, width), bool)
    mask[60:140, 90:190] = True
    pixels[mask] = (235, 15, 15)
    return pixels, mask


def decoded(perturbed):
    with Image.open(io.BytesIO(perturbed.data)) as image:
        return np.asarray(image.convert("RGB"))


def level(family, name="tracefuse"):
    return {p.level: p for p in load_suite(name).perturbations if p.family == family}


@pytest.mark.parametrize("perturbation", EVERYTHING)
def test_the_mask_follows_the_picture(perturbation):
    pixels, mask = with_red_square()
    for array in (pixels, mask):
        array.setflags(write=False)
    perturbed = perturbation.apply(pixels, mask, SHA)
    shown = decoded(perturbed).astype(int)
    assert perturbed.mask.shape == shown.shape[:2]
    assert perturbed.mask.dtype == bool
    if any(step.name == "blur_across_channels" for step in perturbation.steps):  # after it, red is gray
        assert np.array_equal(perturbed.mask, mask)
        return
    red = shown[..., 0] - shown[..., 1:].max(axis=2) > 60
    assert (red & perturbed.mask).sum() / (red | perturbed.mask).sum() > 0.8


@pytest.mark.parametrize("perturbation", EVERYTHING)
def test_the_same_file_gives_the_same_bytes(perturbation):
    pixels, mask = with_red_square()
    again = [perturbation.apply(pixels, mask, SHA).data for _ in range(2)]
    assert again[0] == again[1]
    random = ("noise", "noise_of_variance", "rectified_noise", "screenshot")
    draws = any(step.name in random for step in perturbation.steps)
    assert (perturbation.apply(pixels, mask, OTHER).data != again[0]) == draws


@pytest.mark.parametrize("quality", [95, 90, 80, 70, 60, 50])
def test_jpeg_has_the_standard_tables_of_its_quality(quality):
    perturbed = level("jpeg")[quality].apply(*with_red_square(), SHA)
    with Image.open(io.BytesIO(perturbed.data)) as image:
        assert image.format == "JPEG"
        # ITU-T T.81, annex K.1, scaled as libjpeg does from 50 upwards
        first = [(step * (200 - 2 * quality) + 50) // 100 for step in (16, 11, 10, 16, 24, 40, 51, 61)]
        assert list(image.quantization[0][:8]) == [max(1, step) for step in first]
        assert JpegImagePlugin.get_sampling(image) == 2  # 4:2:0
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_double_jpeg_is_one_jpeg_after_the_other():
    pixels, mask = with_red_square()
    between = decoded(level("jpeg")[90].apply(pixels, mask, SHA))
    twice = level("jpeg")[70].apply(between, mask, SHA).data
    assert level("double jpeg")["90, 70"].apply(pixels, mask, SHA).data == twice


def test_webp_is_lossy_webp():
    perturbed = level("webp")[75].apply(*with_red_square(), SHA)
    assert (perturbed.extension, perturbed.data[8:16]) == ("webp", b"WEBPVP8 ")


def test_what_does_not_compress_is_a_png_without_loss():
    pixels, mask = with_red_square()
    for name, top, left in (("aligned", 16, 16), ("+3, +5", 21, 19)):
        perturbed = level("crop")[name].apply(pixels, mask, SHA)
        assert perturbed.extension == "png"
        assert np.array_equal(decoded(perturbed), pixels[top:, left:])
        assert np.array_equal(perturbed.mask, mask[top:, left:])


@pytest.mark.parametrize("scale", [1.25, 0.75, 0.5, 0.25])
def test_resizing_scales_the_area_and_the_round_trip_brings_it_back(scale):
    pixels, mask = with_red_square()
    resized = level("resize")[scale].apply(pixels, mask, SHA)
    assert resized.mask.shape == (200 * scale, 280 * scale)
    assert resized.mask.sum() == pytest.approx(mask.sum() * scale**2, rel=0.05)
    back = level("resize and back")[scale].apply(pixels, mask, SHA)
    assert np.array_equal(back.mask, mask)


def test_platforms_reduce_and_never_enlarge():
    pixels, mask = with_red_square()
    assert LongestSide(140).apply(pixels).shape == (100, 140, 3)
    assert LongestSide(140).apply_mask(mask).sum() == pytest.approx(mask.sum() / 4, rel=0.03)
    assert LongestSide(280).apply(pixels) is pixels
    assert level("social")[2048].apply(pixels, mask, SHA).mask is mask


def test_no_step_keeps_the_pixels():
    pixels, mask = with_red_square()
    assert np.array_equal(decoded(Perturbation("none", 0, ()).apply(pixels, mask, SHA)), pixels)
