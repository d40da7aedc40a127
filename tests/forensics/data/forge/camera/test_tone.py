from __future__ import annotations

import numpy as np
import pytest

from forensics.data.forge.camera.tone import ToneCurve

CURVES = [ToneCurve(2.2, 0.005, 0.0), ToneCurve(1.9, 0.02, 0.4), ToneCurve(2.5, 0.002, 0.2)]


@pytest.mark.parametrize("curve", CURVES)
def test_every_level_comes_back(curve):
    levels = np.arange(256, dtype=np.uint8)
    assert np.abs(curve.encode(curve.decode(levels)) * 255 - levels).max() < 0.06


@pytest.mark.parametrize("curve", CURVES)
def test_rises_from_black_to_white(curve):
    light = curve.decode(np.arange(256, dtype=np.uint8))
    assert light[0] == 0
    assert light[-1] == 1
    assert (np.diff(light) > 0).all()
    assert curve.encode(np.array([-0.5, 0, 1, 1.7], np.float32)).tolist() == [0, 0, 1, 1]


def test_without_contrast_it_is_a_shifted_power():
    light, toe, gamma = 0.18, 0.004, 2.2
    start, end = toe ** (1 / gamma), (1 + toe) ** (1 / gamma)
    expected = ((light + toe) ** (1 / gamma) - start) / (end - start)
    curve = ToneCurve(gamma, toe, 0.0)
    assert curve.encode(np.array([light], np.float32))[0] == pytest.approx(expected, abs=2e-5)
    assert curve.slope(light) == pytest.approx((light + toe) ** (1 / gamma - 1) / gamma / (end - start), rel=1e-3)


def test_contrast_parts_dark_from_bright():
    light = np.array([0.03, 0.8], np.float32)
    flat, steep = (ToneCurve(2.2, 0.005, contrast).encode(light) for contrast in (0.0, 0.4))
    assert steep[0] < flat[0] < flat[1] < steep[1]
