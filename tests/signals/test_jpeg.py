from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from signals import Evidence, UnreadableImage, get_signal
from signals.jpeg import CoefficientsError, read_jpeg
from signals.jpeg_structure import read_structure

GOLDEN = Path(__file__).parents[1] / "golden" / "signals"


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_coefficients_equal_another_reader(name):
    golden = np.load(GOLDEN / "splicebuster.npz")
    component = read_jpeg((GOLDEN / f"{name}.jpg").read_bytes()).components[0]
    assert np.array_equal(
        component.coefficients.swapaxes(1, 2).reshape(golden[f"{name}.coef0"].shape), golden[f"{name}.coef0"]
    )
    assert np.array_equal(component.quantization_table, golden[f"{name}.qt0"])
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
