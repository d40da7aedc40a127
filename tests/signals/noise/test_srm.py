from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.literal.srm import literal
from signals import Evidence, get_signal


def test_same_as_written_plainly(noise):
    evidence = Evidence.from_pixels(noise(37, 50))
    assert np.array_equal(get_signal("srm").extract(evidence).values, literal(evidence))


def test_a_single_bright_pixel_shows_the_kernels():
    pixels = np.full((12, 12, 3), 100, np.uint8)
    pixels[6, 6] += 12
    square, large, row = get_signal("srm").extract(Evidence.from_pixels(pixels)).values.astype(int)
    assert square[6, 4:9].tolist() == [0, 24, -48, 24, 0]
    assert large[6, 4:9].tolist() == [-8, 32, -48, 32, -8]
    assert row[6, 4:9].tolist() == [0, 24, -48, 24, 0]
    assert not row[[5, 7]].any()
    assert all(plane.sum() == 0 for plane in (square, large, row))


def test_gradients_are_not_noise():
    ramp = np.arange(96, dtype=np.uint8)[:, None] + np.arange(120, dtype=np.uint8)
    pixels = np.repeat(ramp[..., None], 3, axis=2)
    pixels[40:50, 40:50] += 30
    values = get_signal("srm").extract(Evidence.from_pixels(pixels)).values
    assert not values[:, :36].any()
    assert values[:, 38:52].any()


def test_strips_do_not_show(noise):
    pixels = noise(600, 40)
    whole = get_signal("srm").extract(Evidence.from_pixels(pixels)).values
    part = get_signal("srm").extract(Evidence.from_pixels(pixels[200:320])).values
    assert np.array_equal(whole[:, 202:318], part[:, 2:-2])


@pytest.mark.parametrize("name", ["srm", "bayar"])
def test_the_drawing_tells_more_noise_from_less(name):
    random = np.random.default_rng(0)
    strength = np.full((160, 160, 1), 2.0)
    strength[:, 80:] = 6.0
    pixels = (128 + strength * random.normal(0, 1, (160, 160, 3))).astype(np.uint8)
    signal = get_signal(name)
    plane = signal.draw(signal.extract(Evidence.from_pixels(pixels)))
    assert plane[10:-10, 92:-10].min() > plane[10:-10, 10:68].max()
    # The scale does not follow the picture.
    quiet = pixels.copy()
    quiet[80:] = 128
    again = signal.draw(signal.extract(Evidence.from_pixels(quiet)))
    assert np.allclose(again[10:68], plane[10:68])


@pytest.mark.parametrize("name", ["srm", "bayar"])
def test_smoothing_shows_as_missing_noise(name):
    random = np.random.default_rng(1)
    pixels = np.clip(128 + random.normal(0, 5, (128, 128, 3)), 0, 255).astype(np.uint8)
    forged = pixels.copy()
    forged[32:96, 32:96] = cv2.GaussianBlur(pixels, (0, 0), 1.0)[32:96, 32:96]
    signal = get_signal(name)
    before, after = (signal.draw(signal.extract(Evidence.from_pixels(p))) for p in (pixels, forged))
    assert after[42:86, 42:86].max() < before[42:86, 42:86].min()


@pytest.mark.parametrize("name", ["srm", "bayar"])
def test_the_border_is_not_valid(name, noise):
    found = get_signal(name).extract(Evidence.from_pixels(noise(30, 40)))
    assert found.valid[2:-2, 2:-2].all()
    assert found.valid.sum() == 26 * 36
    assert not found.values[:, ~found.valid].any()
