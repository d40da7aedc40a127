from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.literal.noise_median import literal
from signals import Evidence, get_signal
from signals.noise.noise_median import cell_median_residuals, median_residual

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"


def test_residual_is_that_of_the_reference():
    golden = np.load(GOLDEN / "g256.npz")["noi4_x10"]
    residual = median_residual(Evidence.open(GOLDEN / "g256.jpg").pixels)
    tenths = residual.sum(axis=2, dtype=np.int64) * 10 // 3
    # The reference puts zeros outside the picture.
    assert np.array_equal(tenths[1:-1, 1:-1], golden[1:-1, 1:-1])


def test_equals_the_plain_algorithm(noise):
    evidence = Evidence.from_pixels(noise(37, 53))
    expected = literal(evidence)
    assert np.abs(get_signal("noise_median").extract(evidence).values - expected).max() <= expected.max() / 1000


def test_strips_do_not_show(noise):
    pixels = noise(1050, 24)
    residual = median_residual(pixels)
    expected = residual[:1048].reshape(131, 8, 3, 8, 3).mean(axis=(1, 3, 4))
    assert np.allclose(cell_median_residuals(pixels)[:131], expected, rtol=1e-6)
    assert np.isclose(cell_median_residuals(pixels)[131, 1], residual[1048:, 8:16].mean())


def test_stronger_noise_shows_in_its_place():
    rng = np.random.default_rng(3)
    sigma = np.full((128, 128, 1), 2.0)
    sigma[32:96, 48:96] = 8.0
    pixels = np.clip(120 + rng.normal(0, sigma, (128, 128, 3)), 0, 255).astype(np.uint8)
    values = get_signal("noise_median").extract(Evidence.from_pixels(pixels)).values[0].astype(np.float32)
    inside = np.zeros((16, 16), dtype=bool)
    inside[4:12, 6:12] = True
    assert values[inside].min() > 2 * values[~inside].max()
    # The residual of normal noise is in proportion to its deviation.
    assert 3.5 < values[inside].mean() / values[~inside].mean() < 4.5


def test_a_single_pixel_is_taken_away_whole():
    pixels = np.full((24, 24, 3), 100, np.uint8)
    pixels[12, 13] = 164
    values = get_signal("noise_median").extract(Evidence.from_pixels(pixels)).values[0]
    assert values[1, 1] == 1
    assert values.sum() == 1
