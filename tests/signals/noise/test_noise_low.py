from __future__ import annotations

from math import comb

import cv2
import numpy as np
import pytest

from benchmarks.literal.noise_low import literal
from signals import Evidence, get_signal
from signals.noise.noise_low import false_alarms
from signals.noise.quiet_patches import patches, select


def _scene(rng: np.random.Generator, sigma: np.ndarray | float) -> np.ndarray:
    """Smooth shading with some edges, and noise."""
    y, x = np.mgrid[:384, :448]
    scene = 120 + 40 * np.sin(x / 60) * np.cos(y / 50) + 20 * (np.sin(x / 40 + y / 90) > 0.6)
    return np.clip(scene[..., None] + rng.normal(0, 1, (384, 448, 3)) * sigma, 1, 254).round().astype(np.uint8)


@pytest.mark.parametrize("size", [(64, 98), (131, 150)])
def test_equals_the_plain_algorithm(size, noise):
    pixels = noise(*size)
    pixels[16:60, 10:60] = cv2.GaussianBlur(pixels[16:60, 10:60], (0, 0), 1)
    pixels[:20, 60:] = 255
    evidence = Evidence.from_pixels(pixels)
    expected = literal(evidence)
    assert expected.max() > 1
    assert np.allclose(get_signal("noise_low").measure(evidence).values, expected, atol=1e-5)


def test_finds_the_part_with_less_noise():
    rng = np.random.default_rng(5)
    sigma = np.full((384, 448, 1), 4.0)
    sigma[128:256, 160:288] = 2.5
    inside = np.zeros((24, 28), dtype=bool)
    inside[8:16, 10:18] = True
    near = np.zeros_like(inside)
    near[2:22, 4:24] = True
    forged, twin = (get_signal("noise_low").measure(Evidence.from_pixels(_scene(rng, s))) for s in (sigma, 4.0))
    assert forged.values[inside].min() > 20
    assert forged.values[inside].mean() > 4 * forged.values[~near].mean()
    assert twin.values.max() < 1


def test_pure_noise_raises_no_false_alarm():
    alarms = 0
    for seed in range(8):
        pixels = np.random.default_rng(seed).normal(120, 5, (160, 192, 1)).round().astype(np.uint8)
        values = get_signal("noise_low").measure(Evidence.from_pixels(pixels.repeat(3, axis=2))).values
        alarms += int(values.max() > 0)
    # On average fewer than one square in a picture.
    assert alarms <= 2


def test_energies_are_those_of_least_squares():
    luma = np.random.default_rng(1).integers(1, 255, (9, 11), dtype=np.uint8)
    found = patches(luma)
    assert found.low.shape == (3, 4)
    y, x = np.mgrid[-2:3, -2:3].reshape(2, 25)
    smooth = np.stack([np.ones(25), x, y, x * y, x * x, y * y], axis=1)
    for row in range(3):
        for column in range(4):
            patch = luma[2 * row : 2 * row + 5, 2 * column : 2 * column + 5].reshape(25).astype(float)
            fitted = smooth @ np.linalg.lstsq(smooth, patch, rcond=None)[0]
            assert np.isclose(found.high[row, column], 700 * np.sum((patch - fitted) ** 2))
            assert np.isclose(found.low[row, column], 700 * np.sum((fitted - patch.mean()) ** 2))
            assert found.sums[row, column] == patch.sum()


def test_strips_do_not_show():
    luma = np.random.default_rng(2).integers(0, 256, (1100, 20), dtype=np.uint8)
    whole, lower = patches(luma), patches(luma[400:])
    for name in ("sums", "low", "high", "usable"):
        assert np.array_equal(getattr(whole, name)[200:], getattr(lower, name))
    assert whole.low.shape == (548, 8)


def test_every_brightness_gives_its_share():
    rng = np.random.default_rng(4)
    # The bright half has more noise; still half of the smooth patches come from it, and half of the quiet ones.
    sigma = np.where(np.arange(400) < 200, 2, 6)
    luma = np.clip(np.where(np.arange(400) < 200, 60, 180) + rng.normal(0, sigma, (400, 400)), 1, 254).astype(np.uint8)
    for chosen in select(patches(luma)):
        assert 0.4 < chosen[:, :98].sum() / chosen.sum() < 0.6


def test_false_alarms_bound_the_binomial_tail():
    smooth = np.full((6, 6), 100)
    quiet = np.full((6, 6), 40)
    quiet[2:4, 2:4] = 90
    values = false_alarms(smooth, quiet)
    share, count, hits, tests = quiet.sum() / smooth.sum(), 64, 58, 25 + 9
    tail = sum(comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(hits, count + 1))
    # 4 * 100 patches that overlap count as 64, 4 * 90 of them as 57.6.
    assert values[2, 2] <= -np.log10(tests * tail) + 0.5
    assert values[2, 2] > -np.log10(tests * tail) - 2
    assert values[0, 0] < 1


def test_nothing_to_read_in_clipped_pictures():
    found = get_signal("noise_low").extract(Evidence.from_pixels(np.full((64, 64, 3), 255, np.uint8)))
    assert not found.usable
    assert "flat" in found.reason
