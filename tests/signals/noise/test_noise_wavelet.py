from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.literal.noise_wavelet import SCALING, literal
from signals import Evidence, get_signal
from signals.noise.noise_wavelet import daubechies_low_pass, noise_levels, rounded_luma

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_levels_are_those_of_the_reference(name):
    golden = np.load(GOLDEN / f"{name}.npz")["noi1_map"]
    levels = noise_levels(rounded_luma(Evidence.open(GOLDEN / f"{name}.jpg").pixels))
    assert np.abs(levels - golden).max() <= 1e-6


def test_equals_the_plain_algorithm(noise):
    evidence = Evidence.from_pixels(noise(37, 50))
    assert np.allclose(get_signal("noise_wavelet").extract(evidence).values, literal(evidence), rtol=1e-5, atol=1e-6)


def test_filter_is_the_published_one():
    assert np.abs(daubechies_low_pass(8) - SCALING).max() < 1e-8


@pytest.mark.parametrize("moments", [1, 2, 8])
def test_filter_is_orthonormal_with_vanishing_moments(moments):
    taps = daubechies_low_pass(moments)
    shifts = [taps[2 * shift :] @ taps[: len(taps) - 2 * shift] for shift in range(moments)]
    assert np.allclose(shifts, [1] + [0] * (moments - 1), atol=1e-9)
    places = np.arange(2 * moments) - moments
    assert np.allclose([(-1.0) ** places * places**degree @ taps for degree in range(min(moments, 4))], 0, atol=1e-5)


@pytest.mark.parametrize("sigma", [2.0, 10.0])
def test_measures_white_noise(sigma):
    luma = np.random.default_rng(1).normal(128, sigma, (256, 256)).round().astype(np.uint8)
    levels = noise_levels(luma)
    assert abs(np.median(levels) / np.hypot(sigma, 12**-0.5) - 1) < 0.05


def test_smooth_shading_is_no_noise():
    y, x = np.mgrid[:128, :128]
    assert noise_levels((x + y).astype(np.uint8))[:-1, :-1].max() < 1e-9


def test_stronger_noise_shows_in_its_place():
    rng = np.random.default_rng(3)
    sigma = np.full((192, 192), 2.0)
    sigma[48:112, 64:144] = 8.0
    levels = noise_levels(np.clip(120 + rng.normal(0, sigma), 0, 255).astype(np.uint8))
    twin = noise_levels(np.clip(120 + rng.normal(0, 2, (192, 192)), 0, 255).astype(np.uint8))
    assert levels[3:7, 4:9].min() > 4
    assert twin.max() < 4
    assert max(levels[:2].max(), levels[8:].max(), levels[:, :3].max(), levels[:, 10:].max()) < 4


def test_strips_and_crops_do_not_show():
    luma = np.random.default_rng(2).integers(0, 256, (1100, 48), dtype=np.uint8)
    whole, lower = noise_levels(luma), noise_levels(luma[512 - 16 :])
    assert np.allclose(whole[32:], lower[1:])
