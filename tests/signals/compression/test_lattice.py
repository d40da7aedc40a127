from __future__ import annotations

import numpy as np
import pytest

from signals.compression.lattice import STEPS, fit_lattices, rounded_multiples


def _histogram(values: np.ndarray, reach: int = 400) -> np.ndarray:
    whole = np.rint(values).astype(np.intp)
    return np.bincount(whole[np.abs(whole) <= reach] + reach, minlength=2 * reach + 1)[None]


@pytest.mark.parametrize(
    ("first", "second", "spread"), [(10, 3, 0.01), (10, 3, 1.0), (4, 4, 0.3), (1, 5, 0.4), (7, 1, 3)]
)
def test_each_period_holds_one_multiple(first, second, spread):
    ratio = rounded_multiples(-first * 9, first * 9, first, second, 0.2, spread)
    assert (ratio >= 0).all()
    for start in range(len(ratio) - first):
        assert ratio[start : start + first].mean() == pytest.approx(1, abs=1e-3)


def test_without_error_multiples_are_counted():
    ratio = rounded_multiples(-40, 40, 10, 3, 0.0, 1e-6)
    counted = [sum(abs(10 * k - 3 * x) < 1.5 for k in range(-20, 21)) for x in range(-40, 41)]
    assert np.allclose(ratio, np.array(counted) * 10 / 3)


def test_a_bias_moves_the_multiples():
    moved = rounded_multiples(-40, 40, 10, 3, 3.0, 0.5)
    assert np.allclose(moved[1:], rounded_multiples(-40, 40, 10, 3, 0.0, 0.5)[:-1])


def test_finds_step_spread_and_share():
    random = np.random.default_rng(0)
    on = 11 * np.rint(random.normal(0, 80, 4000) / 11) + random.normal(0, 1.2, 4000)
    counts = _histogram(np.concatenate([on, random.normal(0, 80, 6000)]))
    found = max((fit_lattices(counts, step, beyond_first=False)[0] for step in STEPS), key=lambda one: one.gain)
    assert (found.step, found.spread, found.share) == (11, 1.2, 0.4)
    assert found.gain > 100


def test_smooth_histograms_show_no_lattice():
    random = np.random.default_rng(1)
    several = np.concatenate([_histogram(random.laplace(0, 40, 4000)) for _ in range(8)])
    gains = [one.gain for step in STEPS for one in fit_lattices(several, step, beyond_first=True)]
    assert min(gains) == 0
    assert max(gains) < 8


def test_values_next_to_zero_may_be_left_out():
    counts = _histogram(np.random.default_rng(2).laplace(0, 2, 4000))
    assert fit_lattices(counts, 12, beyond_first=False)[0].gain > 100
    assert fit_lattices(counts, 12, beyond_first=True)[0].gain < 3
