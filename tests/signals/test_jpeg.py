from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.fft import idctn

from signals import Evidence, UnreadableImage, get_signal
from signals.jpeg import CoefficientsError, read_jpeg
from signals.reading.jpeg_structure import read_structure

GOLDEN = Path(__file__).parents[1] / "golden" / "signals"


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_coefficients_equal_another_reader(name):
    golden = np.load(GOLDEN / f"{name}.npz")
    component = read_jpeg((GOLDEN / f"{name}.jpg").read_bytes()).components[0]
    assert np.array_equal(component.coefficients.swapaxes(1, 2).reshape(golden["coef0"].shape), golden["coef0"])
    assert np.array_equal(component.quantization_table, golden["qt0"])
    assert component.sampling == (2, 2)


def test_tables_equal_pillows(noise, encode):
    data = encode(noise(40, 40), "jpeg", quality=35)
    tables = Image.open(io.BytesIO(data)).quantization
    zigzag = [0, 1, 8, 16, 9, 2, 3, 10]  # T.81, figure 5: the first eight places
    read = read_structure(data).tables
    for slot, table in tables.items():
        assert sorted(read[slot].ravel()) == sorted(table)
        flat = read[slot].ravel()
        assert [flat[i] for i in zigzag] in (list(table[:8]), [table[i] for i in zigzag])


@pytest.mark.parametrize(("subsampling", "sampling"), [(0, (1, 1)), (1, (2, 1)), (2, (2, 2))])
def test_sampling_and_block_counts(subsampling, sampling, noise, encode):
    jpeg = read_jpeg(encode(noise(61, 83), "jpeg", subsampling=subsampling))
    assert [c.sampling for c in jpeg.components] == [sampling, (1, 1), (1, 1)]
    assert jpeg.components[0].coefficients.shape == (8, 11, 8, 8)
    assert jpeg.components[1].coefficients.shape == (-(-61 // (8 * sampling[1])), -(-83 // (8 * sampling[0])), 8, 8)
    assert all(c.coefficients.dtype == np.int16 for c in jpeg.components)
    assert jpeg.exact


SAMPLINGS = {
    "4:4:4": (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444, (1, 1)),
    "4:2:2": (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422, (2, 1)),
    "4:2:0": (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, (2, 2)),
    "4:4:0": (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440, (1, 2)),
    "4:1:1": (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411, (4, 1)),
}


def _sampled(pixels, sampling, progressive=False, quality=97):
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[sampling][0]]
    options += [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    return bytes(cv2.imencode(".jpg", pixels[..., ::-1], options)[1])


def _plane(component):
    """Samples of a component by the formula of T.81, A.3.3: dequantized, inverse DCT, level shift; not rounded."""
    blocks = idctn(component.coefficients * component.quantization_table.astype(float), axes=(2, 3), norm="ortho")
    rows, columns = blocks.shape[:2]
    return blocks.swapaxes(1, 2).reshape(rows * 8, columns * 8) + 128


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_coefficients_of_every_sampling_give_the_decoders_luma(sampling, progressive, noise):
    data = _sampled(noise(61, 83), sampling, progressive)
    jpeg = read_jpeg(data)
    assert jpeg.exact
    assert jpeg.progressive == progressive
    assert [c.sampling for c in jpeg.components] == [SAMPLINGS[sampling][1], (1, 1), (1, 1)]
    image = Image.open(io.BytesIO(data))
    image.draft("L", image.size)
    luma = np.asarray(image, dtype=float)
    assert image.mode == "L"
    assert np.abs(_plane(jpeg.luma)[:61, :83].clip(0, 255) - luma).max() < 1.01


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_coefficients_of_every_sampling_give_the_chroma_of_the_pixels(sampling, progressive):
    across, down = SAMPLINGS[sampling][1]
    y, x = np.mgrid[:96, :128]
    pixels = np.stack([90 + x, 60 + y, 200 - x // 2 - y // 2], axis=2).astype(np.uint8)
    red, green, blue = np.moveaxis(pixels.astype(float), 2, 0)
    # ITU-R BT.601 as in JFIF; a chroma sample is the mean of the pixels it stands for.
    chromas = (
        128 - 0.168736 * red - 0.331264 * green + 0.5 * blue,
        128 + 0.5 * red - 0.418688 * green - 0.081312 * blue,
    )
    jpeg = read_jpeg(_sampled(pixels, sampling, progressive, quality=100))
    for component, chroma in zip(jpeg.components[1:], chromas, strict=True):
        expected = chroma.reshape(96 // down, down, 128 // across, across).mean(axis=(1, 3))
        assert np.abs(_plane(component)[: 96 // down, : 128 // across] - expected).max() < 2.5


@pytest.mark.parametrize("sampling", [*SAMPLINGS, "grey", "cmyk"])
def test_progressive_and_baseline_files_of_one_picture_hold_equal_coefficients(sampling, noise, encode):
    pixels = noise(77, 109)
    if sampling in SAMPLINGS:
        files = [_sampled(pixels, sampling, progressive, quality=85) for progressive in (False, True)]
    else:
        image = Image.fromarray(pixels).convert("L" if sampling == "grey" else "CMYK")
        files = [encode(image, "jpeg", quality=85, progressive=progressive) for progressive in (False, True)]
    baseline, progressive = (read_jpeg(data) for data in files)
    assert (baseline.progressive, progressive.progressive) == (False, True)
    for one, other in zip(baseline.components, progressive.components, strict=True):
        assert np.array_equal(one.coefficients, other.coefficients)
        assert np.array_equal(one.quantization_table, other.quantization_table)


@pytest.mark.parametrize("progressive", [False, True])
def test_grey_and_cmyk_coefficients_give_the_decoders_samples(progressive, noise, encode):
    for mode in ("L", "CMYK"):
        data = encode(Image.fromarray(noise(61, 83)).convert(mode), "jpeg", quality=90, progressive=progressive)
        jpeg = read_jpeg(data)
        decoded = np.atleast_3d(np.asarray(Image.open(io.BytesIO(data)), dtype=float))
        assert len(jpeg.components) == decoded.shape[2]
        for number, component in enumerate(jpeg.components):
            # Files with the Adobe marker store printing colors inverted, and Pillow turns them back.
            samples = 255 - decoded[..., number] if mode == "CMYK" else decoded[..., number]
            assert np.abs(_plane(component)[:61, :83].clip(0, 255) - samples).max() < 1.01


def test_printing_colors_are_converted_and_hold_no_luma(noise, encode):
    image = Image.fromarray(noise(64, 80)).convert("CMYK")
    data = encode(image, "jpeg", quality=95)
    evidence = Evidence.open(data)
    assert evidence.jpeg.color == "cmyk"
    assert evidence.jpeg.luma is None
    assert len(evidence.warnings) == 1
    assert "CMYK" in evidence.warnings[0]
    assert np.abs(evidence.pixels.astype(int) - np.asarray(image.convert("RGB"))).mean() < 4
    found = get_signal("dct").extract(evidence)
    assert not found.usable
    assert "luma" in found.reason


def test_ycck_holds_luma(noise, encode):
    cmyk = encode(Image.fromarray(noise(64, 80)).convert("CMYK"), "jpeg", quality=95)
    place = cmyk.index(b"Adobe") + 11
    assert cmyk[place] == 0
    evidence = Evidence.open(cmyk[:place] + b"\2" + cmyk[place + 1 :])
    assert evidence.jpeg.color == "ycck"
    assert evidence.jpeg.luma is evidence.jpeg.components[0]
    assert evidence.pixels.shape == (64, 80, 3)


def test_jfif_promises_ycbcr_whatever_adobe_says(noise, encode):
    data = encode(noise(16, 16), "jpeg")
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"
    with_both = data[:20] + adobe + data[20:]
    assert read_structure(with_both).markers[:3] == ("SOI", "APP0", "APP14")
    assert read_structure(with_both).color == "ycbcr"
    assert np.array_equal(Evidence.open(with_both).pixels, Evidence.open(data).pixels)
    assert read_structure(data[:2] + adobe + data[20:]).color == "rgb"


def test_a_failing_file_leaves_nothing_behind(tmp_path, monkeypatch, capfd, noise, encode):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    data = encode(noise(48, 64), "jpeg", progressive=True)
    broken = data.replace(b"\xff\xda\0\x0c\3", b"\xff\xda\0\x0c\x09")
    assert broken != data
    with pytest.raises(CoefficientsError):
        read_jpeg(broken)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_markers_in_order(noise, encode):
    exif = Image.Exif()
    exif[274] = 3
    data = encode(noise(16, 16), "jpeg", exif=exif, comment=b"\xff\xd9 looks like an end")
    markers = read_structure(data + b"behind the end \xff\xda").markers
    assert markers[:4] == ("SOI", "APP0", "APP1", "COM")
    assert markers[-2:] == ("SOS", "EOI")
    assert markers.count("DQT") >= 1
    assert "SOF0" in markers


def test_hundreds_of_application_segments_do_no_harm(noise, encode):
    data = encode(noise(32, 32), "jpeg")
    padded = data[:2] + (b"\xff\xe5\0\x22" + b"x" * 32) * 500 + data[2:]
    a, b = read_jpeg(data), read_jpeg(padded)
    assert b.exact
    assert np.array_equal(a.components[0].coefficients, b.components[0].coefficients)
    assert b.markers.count("APP5") == 500


def test_fallback_without_the_library(monkeypatch, noise, encode):
    data = encode(noise(61, 83), "jpeg", quality=75)
    exact = read_jpeg(data)
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    with pytest.raises(CoefficientsError):
        read_jpeg(data)
    evidence = Evidence.open(data)
    assert evidence.jpeg is not None
    assert not evidence.jpeg.exact
    assert len(evidence.jpeg.components) == 1
    same = evidence.jpeg.components[0].coefficients == exact.components[0].coefficients
    assert same[:7, :10].mean() > 0.999


def test_scan_bomb_is_refused(noise, encode):
    data = encode(noise(16, 16), "jpeg", progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(UnreadableImage, match="scans"):
        Evidence.open(data[:last] + data[last:-2] * 500 + b"\xff\xd9")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}])
def test_damage_never_escapes_as_another_error(options, noise, encode):
    rng = np.random.default_rng(7)
    data = encode(noise(48, 64), "jpeg", **options)
    for _ in range(40):
        damaged = bytearray(data)
        for place in rng.integers(2, len(data) if rng.random() < 0.5 else 700, rng.integers(1, 8)):
            damaged[place % len(data)] = rng.integers(256)
        if rng.random() < 0.3:
            damaged = damaged[: rng.integers(len(damaged))]
        try:
            evidence = Evidence.open(bytes(damaged))
            signal_map = get_signal("dct").extract(evidence)
            height, width = evidence.pixels.shape[:2]
        except UnreadableImage:
            continue
        assert not signal_map.usable or signal_map.valid.shape == (-(-height // 8), -(-width // 8))
