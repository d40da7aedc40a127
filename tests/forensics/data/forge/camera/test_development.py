from __future__ import annotations

import numpy as np
import pytest

from forensics.data.forge.camera.denoising import (
    Bilateral,
    Gaussian,
    LocalVariance,
    Median,
    NoDenoising,
    NonLocalMeans,
)
from forensics.data.forge.camera.development import Development, Sharpening

DENOISINGS = [Gaussian(0.8), Median(0.7), Bilateral(3.0, 1.5), LocalVariance(1.2, 2), NonLocalMeans(1.2)]
NOISE = 0.02


@pytest.mark.parametrize("denoising", DENOISINGS)
def test_takes_noise_and_leaves_the_mean(denoising):
    noisy = (0.5 + NOISE * np.random.default_rng(0).standard_normal((96, 96))).astype(np.float32)
    before = noisy.copy()
    result = denoising.apply(noisy, NOISE)
    assert result.std() < 0.75 * noisy.std()
    assert result.mean() == pytest.approx(0.5, abs=2e-3)
    assert result.dtype == np.float32
    assert (noisy == before).all()


@pytest.mark.parametrize("denoising", [Bilateral(3.0, 1.5), LocalVariance(1.2, 2), NonLocalMeans(1.2)])
def test_edges_stronger_than_noise_stay(denoising):
    edge = np.full((48, 48), 0.2, np.float32)
    edge[:, 24:] = 0.8
    blurred = np.abs(Gaussian(0.8).apply(edge, NOISE) - edge).max()
    assert np.abs(denoising.apply(edge, NOISE) - edge).max() < 0.1 * blurred


@pytest.mark.parametrize("denoising", [Bilateral(3.0, 1.5), LocalVariance(1.2, 2), NonLocalMeans(1.2)])
def test_without_noise_there_is_nothing_to_take(denoising):
    scene = np.random.default_rng(1).random((48, 48), dtype=np.float32)
    assert np.abs(denoising.apply(scene, 0.0) - scene).max() < 0.02


def test_none_is_none():
    tones = np.random.default_rng(2).random((20, 20), dtype=np.float32)
    assert (NoDenoising().apply(tones, NOISE) == tones).all()


@pytest.mark.parametrize("frequency", [0.3, 0.8])
def test_a_wave_grows_by_what_the_blur_takes(frequency):
    """A Gaussian blur of deviation s leaves exp(-(s w)^2 / 2) of a wave."""
    wave = (0.5 + 0.1 * np.sin(frequency * np.arange(400)))[None].repeat(20, axis=0).astype(np.float32)
    gain = 1 + 0.6 * (1 - np.exp(-((1.2 * frequency) ** 2) / 2))
    result = Sharpening(0.6, 1.2, 0.0).apply(wave)[:, 20:-20]
    assert np.allclose(result - 0.5, gain * (wave[:, 20:-20] - 0.5), atol=1e-3)


def test_detail_below_the_threshold_is_spared():
    faint = (0.5 + 0.004 * np.random.default_rng(3).uniform(-1, 1, (40, 40))).astype(np.float32)
    assert np.allclose(Sharpening(1.0, 1.0, 0.01).apply(faint), faint, atol=1e-7)


def test_colors_are_smoothed_and_lightness_is_not():
    random = np.random.default_rng(4)
    lightness = random.uniform(0.3, 0.7, (64, 64, 1)) + 0.0 * random.random((64, 64, 3))
    speckled = lightness + random.uniform(-0.1, 0.1, (64, 64, 3))
    smooth = Development(NoDenoising(), 1, 1.0, None).apply(speckled.astype(np.float32), NOISE)
    weights = np.array([0.299, 0.587, 0.114])
    assert np.allclose(smooth @ weights, speckled @ weights, atol=1e-3)
    before, after = ((picture[..., 0] - picture @ weights).std() for picture in (speckled, smooth))
    assert after < 0.3 * before
