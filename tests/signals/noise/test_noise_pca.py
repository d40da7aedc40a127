from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.literal.noise_pca import literal
from signals import Evidence, get_signal
from signals.noise.noise_pca import noise_levels
from signals.noise.noise_wavelet import rounded_luma
from signals.noise.pca_noise_level import pca_noise_levels

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_levels_are_those_of_the_reference(name):
    golden = np.load(GOLDEN / f"{name}.npz")["noi5_map"]
    luma = rounded_luma(Evidence.open(GOLDEN / f"{name}.jpg").pixels)
    levels, fine = noise_levels(luma), pca_noise_levels(luma, 32)
    coarse = pca_noise_levels(luma, 64).repeat(2, axis=0).repeat(2, axis=1)
    # In a cell without noise, variance 0, the reference takes the contrast of the cell (here up to 80 grey levels)
    # for its noise whenever the rounding of the eigenvalue falls below 0. Such cells do not count.
    noisy = (coarse > 0.1) & (fine > 0.1)
    assert noisy.mean() > 0.8
    assert np.corrcoef(levels[noisy], golden[noisy])[0, 1] >= 0.98
    assert np.mean(np.abs(levels - golden)[noisy] < 1e-6) > 0.85
    # Along the border of the two classes, which is left out here, the reference holds the fine estimate alone.
    either = np.where(np.abs(levels - golden) < np.abs(fine - golden), levels, fine)
    assert np.corrcoef(either[noisy], golden[noisy])[0, 1] >= 0.9999
    assert np.mean(np.abs(either - golden)[noisy] < 1e-6) > 0.9


@pytest.mark.parametrize("size", [(64, 98), (131, 98)])
def test_equals_the_plain_algorithm(size, noise, encode):
    pixels = noise(*size)
    pixels[20:50, 20:50] //= 2
    pixels[:40, 60:] = 255
    evidence = Evidence.open(encode(pixels, "jpeg", quality=92))
    assert np.allclose(get_signal("noise_pca").extract(evidence).values, literal(evidence), atol=1e-5)


@pytest.mark.parametrize("sigma", [1.0, 4.0, 12.0])
def test_measures_noise_apart_from_a_smooth_scene(sigma):
    y, x = np.mgrid[:256, :256]
    scene = 128 + 50 * np.sin(x / 17) * np.cos(y / 23)
    luma = np.random.default_rng(1).normal(scene, sigma).clip(1, 254).round().astype(np.uint8)
    levels = noise_levels(luma)
    # The smallest of 25 sampled eigenvalues is biased downwards.
    assert 0.7 < np.median(levels) / np.hypot(sigma, 12**-0.5) < 1.05


def test_stronger_noise_shows_in_its_place():
    rng = np.random.default_rng(3)
    sigma = np.full((256, 320), 2.0)
    sigma[64:192, 128:256] = 6.0
    levels = noise_levels(np.clip(120 + rng.normal(0, sigma), 1, 254).astype(np.uint8))
    inside = np.zeros(levels.shape, dtype=bool)
    inside[2:6, 4:8] = True
    assert levels[inside].min() > 1.5 * levels[~inside].max()
    assert levels[~inside].max() / levels[~inside].min() < 1.6


def test_clipped_areas_are_not_valid(noise):
    pixels = noise(192, 256)
    pixels[:, 128:] = 255
    found = get_signal("noise_pca").extract(Evidence.from_pixels(pixels))
    assert found.valid[:, :8].all()
    assert not found.valid[:, 8:].any()
    assert not found.values[0][~found.valid].any()


def test_a_cell_that_does_not_fit_moves_inside():
    luma = np.random.default_rng(2).normal(120, 3, (90, 70)).astype(np.uint8)
    levels = pca_noise_levels(luma, 64)
    assert levels.shape == (2, 2)
    assert levels[1, 1] == pca_noise_levels(luma[26:, 6:], 64)[0, 0]
