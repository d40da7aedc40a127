"""What every signal promises. A new signal adds its name to the list."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from signals import Evidence, Signal, SignalSpec, get_signal

SIGNALS = ["dct", "splicebuster_counts"]


def _check(signal_map, evidence):
    spec = signal_map.spec
    assert signal_map.usable
    assert signal_map.reason is None
    assert signal_map.values.shape == (spec.channels, *spec.grid(evidence.height, evidence.width))
    assert signal_map.values.dtype == np.dtype(spec.dtype)
    assert signal_map.valid.shape == signal_map.values.shape[1:]
    assert signal_map.valid.dtype == np.bool_
    assert np.isfinite(signal_map.values).all()
    if "levels" in spec.parameters:
        assert signal_map.values.max() < spec.parameters["levels"]


@pytest.fixture(params=SIGNALS)
def signal(request):
    return get_signal(request.param)


def test_describes_itself(signal):
    assert isinstance(signal, Signal)
    assert SignalSpec.from_json(signal.spec.to_json()) == signal.spec
    for sentence in (signal.reads, signal.blind_when):
        assert sentence.endswith(".")
        assert len(sentence) > 40


@pytest.mark.parametrize("size", [(24, 24), (25, 31), (64, 64), (61, 83), (24, 300), (199, 253)])
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_shapes_and_determinism(signal, size, kind, noise, encode):
    data = encode(noise(*size), kind)
    evidence = Evidence.open(data)
    first, second = signal.extract(evidence), signal.extract(Evidence.open(data))
    _check(first, evidence)
    assert np.array_equal(first.values, second.values)
    assert np.array_equal(first.valid, second.valid)
    assert first.valid.any()


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_flat_black_and_white_hold_nothing_to_read(signal, value, kind, encode):
    signal_map = signal.extract(Evidence.open(encode(np.full((40, 56, 3), value, np.uint8), kind)))
    assert not signal_map.usable
    assert "flat" in signal_map.reason


@pytest.mark.parametrize("size", [(1, 1), (7, 7), (8, 1), (5, 400)])
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_too_small_is_said(signal, size, kind, noise, encode):
    signal_map = signal.extract(Evidence.open(encode(noise(*size), kind)))
    assert not signal_map.usable
    assert "smaller" in signal_map.reason
    assert signal_map.values.size == 0


def test_orientation_does_not_rotate(signal, noise, encode):
    exif = __import__("PIL.Image").Image.Exif()
    plain, turned = encode(noise(40, 56), "jpeg"), None
    exif[274] = 6
    turned = encode(noise(40, 56), "jpeg", exif=exif)
    assert np.array_equal(signal.extract(Evidence.open(plain)).values, signal.extract(Evidence.open(turned)).values)


def test_importing_signals_is_light():
    heavy = "cv2", "scipy", "torch", "PIL", "jpeglib"
    code = f"import sys, signals; signals.list_signals(); print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
