from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from forensics.data.forge.camera import CameraSimulation, draw_camera
from forensics.data.forge.camera.color import ColorResponse
from forensics.data.forge.camera.denoising import Bilateral, NoDenoising
from forensics.data.forge.camera.development import Development, Sharpening
from forensics.data.forge.camera.mosaic import FIRST_RED
from forensics.data.forge.camera.sensor import Sensor
from forensics.data.forge.camera.tone import ToneCurve
from signals.errors import WrongUsage
from signals.interpolation.cfa_dirik import LAYOUTS, best_layout, interpolation_errors
from signals.interpolation.cfa_ferrara import green_features

# In the middle of the ranges that cameras are drawn from.
MIDDLE = CameraSimulation(
    blur=0.5,
    color=ColorResponse((1.8, 1.7), (0.13, 0.13, 0.13)),
    pattern="GRBG",
    sensor=Sensor(1.1e-4, 2.0, 12),
    demosaicing="malvar",
    companding=1.0,
    tone=ToneCurve(2.2, 6e-3, 0.2),
    development=Development(Bilateral(2.0, 1.2), 1, 0.5, Sharpening(0.3, 0.9, 0.004)),
    seed=1,
)
# Nothing after the demosaicing, which happens under about the power law of the tones.
RAW = replace(
    MIDDLE,
    blur=0.3,
    color=ColorResponse((1.5, 1.5), (0.0, 0.0, 0.0)),
    sensor=Sensor(2e-5, 1.0, 14),
    companding=2.2,
    tone=ToneCurve(2.2, 6e-3, 0.0),
    development=Development(NoDenoising(), 0, 0.0, None),
)


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (50, 33), (128, 96)])
def test_any_size(size, scene):
    picture = np.ascontiguousarray(scene[: size[0], : size[1]])
    before = picture.copy()
    result = MIDDLE.apply(picture)
    assert result.shape == picture.shape
    assert result.dtype == np.uint8
    assert (picture == before).all()


def test_too_small_is_said():
    with pytest.raises(WrongUsage, match="20 x 15"):
        MIDDLE.apply(np.zeros((15, 20, 3), np.uint8))


@pytest.mark.parametrize("demosaicing", ["bilinear", "malvar", "dlmmse", "vng"])
def test_the_picture_keeps_its_look(demosaicing, scene):
    result = replace(MIDDLE, demosaicing=demosaicing).apply(scene)
    assert cv2.PSNR(scene, result) > 28
    assert np.abs(result.mean(axis=(0, 1)) - scene.mean(axis=(0, 1))).max() < 1.5


@pytest.mark.parametrize("level", [0, 60, 128, 255])
def test_grey_stays_grey(level):
    grey = np.full((64, 64, 3), level, np.uint8)
    result = RAW.apply(grey).astype(float)
    assert np.abs(result.mean(axis=(0, 1)) - level).max() < 2.5 if level in (0, 255) else 0.5


def test_a_seed_is_noise_and_nothing_else(scene):
    one, again, other = (replace(RAW, seed=seed).apply(scene).astype(float) for seed in (1, 1, 2))
    difference = one - other
    assert (one == again).all()
    assert (difference != 0).mean() > 0.2
    assert np.abs(difference.mean(axis=(0, 1))).max() < 0.05
    without = replace(RAW, sensor=Sensor(1e-9, 0.0, 16)).apply(scene).astype(float)
    halves = [(without - one).std(), (without - other).std()]
    assert difference.std() == pytest.approx(np.hypot(*halves), rel=0.1)


def test_noise_follows_the_curve():
    """Standard deviation in tones: that of the light, times the slope of the curve."""
    noisy = replace(RAW, sensor=Sensor(4e-4, 1.0, 16), demosaicing="bilinear", companding=1.0, blur=0.1)
    for level in (60, 120, 200):
        result = noisy.apply(np.full((256, 256, 3), level, np.uint8)).astype(float)
        light = float(noisy.tone.decode(np.array([level], np.uint8))[0])
        measured = result[0::2, 0::2, 1].std()  # where green was measured
        expected = 255 * noisy.sensor.deviation(light) * noisy.tone.slope(light)
        assert np.sqrt(max(measured**2 - 1 / 12, 0)) == pytest.approx(expected, rel=0.04)


def test_denoising_knows_the_noise():
    grey = np.full((128, 128, 3), 120, np.uint8)
    noisy = replace(RAW, sensor=Sensor(5e-4, 2.0, 14))
    denoised = replace(noisy, development=replace(noisy.development, denoising=Bilateral(4.0, 1.5)))
    assert denoised.apply(grey)[..., 1].std() < 0.7 * noisy.apply(grey)[..., 1].std()


@pytest.mark.parametrize("pattern", FIRST_RED)
@pytest.mark.parametrize("demosaicing", ["bilinear", "malvar"])
def test_the_signals_see_the_color_filters(pattern, demosaicing, scene):
    result = replace(RAW, pattern=pattern, demosaicing=demosaicing).apply(scene)
    errors, textured = interpolation_errors(result)
    red, blue = LAYOUTS[best_layout(errors, textured)]
    y, x = FIRST_RED[pattern]
    assert (red, blue) == ((y, x), (1 - y, 1 - x))
    features, readable = green_features(result)
    mean = float(features[readable].mean())
    assert abs(mean) > 0.3
    if demosaicing == "bilinear":  # Malvar's second derivatives vary more than what was measured
        # below 0 where the pixels of even y + x vary less: they were interpolated if red lies there
        assert (mean < 0) == ((y + x) % 2 == 0)


def test_the_signals_see_nothing_in_what_was_reduced(scene):
    features, readable = green_features(scene)
    assert abs(features[readable].mean()) < 0.05
    errors, textured = interpolation_errors(scene)
    means = [layout[textured].mean() for layout in errors]
    assert max(means) < 1.05 * min(means)
    errors, textured = interpolation_errors(replace(RAW, demosaicing="bilinear").apply(scene))
    means = [layout[textured].mean() for layout in errors]
    assert max(means) > 2 * min(means)


def test_json_brings_every_camera_back():
    adapter = TypeAdapter(CameraSimulation)
    random = np.random.default_rng(0)
    cameras = [draw_camera(random) for _ in range(200)]
    assert [adapter.validate_json(adapter.dump_json(camera)) for camera in cameras] == cameras
    assert len({camera.development.denoising.name for camera in cameras}) == 6
    with pytest.raises(ValidationError, match="denoising"):
        adapter.validate_json(adapter.dump_json(MIDDLE).replace(b'"bilateral"', b'"magic"'))


def test_every_drawn_camera_works(scene):
    random = np.random.default_rng(1)
    for _ in range(40):
        camera = draw_camera(random)
        result = camera.apply(scene[:100, :90])
        assert cv2.PSNR(scene[:100, :90].copy(), result) > 20, camera
        assert np.abs(result.mean(axis=(0, 1)) - scene[:100, :90].mean(axis=(0, 1))).max() < 6, camera


def test_draws_are_the_generators_and_hardly_two_alike():
    def draw(seed: int) -> list[CameraSimulation]:
        random = np.random.default_rng(seed)
        return [draw_camera(random) for _ in range(300)]

    assert draw(5) == draw(5)
    assert len({replace(camera, seed=0) for camera in draw(5)}) == 300
    cameras = draw(6)
    assert {camera.pattern for camera in cameras} == set(FIRST_RED)
    assert len({camera.demosaicing for camera in cameras}) == 11
    assert all(float(f"{camera.sensor.gain:.6g}") == camera.sensor.gain for camera in cameras)
