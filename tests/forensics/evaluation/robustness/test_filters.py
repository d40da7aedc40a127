"""Steps that change values, against closed forms and other libraries."""

import numpy as np
import pytest
from PIL import features
from scipy.ndimage import median_filter
from scipy.stats import norm

from forensics.evaluation.robustness.filters import Avif, Blur, Gamma, Median, Noise
from forensics.evaluation.robustness.published import BlurAcrossChannels, NoiseOfVariance, RectifiedNoise

GRAY = np.full((256, 256, 3), 128, np.uint8)


def scene(seed=0, shape=(48, 64, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize(("kernel", "sigma"), [(3, 0.8), (7, 1.4), (15, 2.6)])
def test_blur_is_the_sampled_gaussian_of_its_kernel(kernel, sigma):
    impulse = np.zeros((41, 41, 3), np.uint8)
    impulse[20, 20] = 255
    radius = (kernel - 1) // 2
    line = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    expected = np.zeros((41, 41))
    around = slice(20 - radius, 21 + radius)
    expected[around, around] = 255 * np.outer(line, line) / line.sum() ** 2
    assert Blur(kernel).sigma == pytest.approx(sigma)
    assert np.abs(Blur(kernel).apply(impulse)[..., 0] - expected).max() <= 1


@pytest.mark.parametrize("sigma", [3, 7, 15, 23])
def test_noise_has_its_standard_deviation_and_no_mean(sigma):
    noise = Noise(sigma, seed=5).apply(GRAY).astype(float) - 128
    assert noise.std() == pytest.approx(np.hypot(sigma, 1 / np.sqrt(12)), rel=0.01)  # rounding adds its own
    assert abs(noise.mean()) < 4 * sigma / np.sqrt(noise.size)
    neighbors = np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]
    channels = np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]
    assert abs(neighbors) < 0.02
    assert abs(channels) < 0.02


def test_noise_follows_its_seed():
    assert np.array_equal(Noise(7, seed=1).apply(GRAY), Noise(7, seed=1).apply(GRAY))
    assert not np.array_equal(Noise(7, seed=1).apply(GRAY), Noise(7, seed=2).apply(GRAY))


@pytest.mark.parametrize("gamma", [0.8, 1.2])
def test_gamma_is_the_power_law(gamma):
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    expected = [round(255 * (value / 255) ** gamma) for value in range(256)]
    assert Gamma(gamma).apply(ramp)[0, :, 1].tolist() == expected


def test_median_is_the_median_of_nine():
    found, pixels = Median(3).apply(scene()), scene()
    for channel in range(3):
        expected = median_filter(pixels[..., channel], 3)
        assert np.array_equal(found[1:-1, 1:-1, channel], expected[1:-1, 1:-1])


@pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF")
def test_avif_loses_little_and_keeps_the_size():
    smooth = Blur(15).apply(scene())
    found = Avif(60).apply(smooth)
    assert found.shape == smooth.shape
    assert 0 < np.abs(found.astype(int) - smooth).mean() < 5


def test_avif_says_why_it_is_missing(monkeypatch):
    monkeypatch.setattr(features, "check", lambda name: False)
    assert "without AVIF" in Avif(60).missing()


def test_a_level_that_is_a_variance():
    noise = NoiseOfVariance(9, seed=5).apply(GRAY).astype(float)
    assert noise.std() == pytest.approx(np.hypot(3, 1 / np.sqrt(12)), rel=0.01)


@pytest.mark.parametrize("sigma", [3, 23])
def test_rectified_noise_only_brightens(sigma):
    added = RectifiedNoise(sigma, seed=5).apply(GRAY).astype(int) - 128
    assert added.min() == 0
    # Rounding down: the mean is the sum of the chances to reach 1, 2, 3, ...
    expected = norm.sf(np.arange(1, 128), scale=sigma).sum()
    assert added.mean() == pytest.approx(expected, rel=0.02)


def test_blur_across_channels_mixes_colors():
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 240
    found = BlurAcrossChannels(15).apply(red)
    assert found[16, 16, 1] > 40
    assert found[16, 16].sum() == pytest.approx(240, abs=3)  # what one channel loses the others gain
    assert np.array_equal(Blur(15).apply(red), red)
