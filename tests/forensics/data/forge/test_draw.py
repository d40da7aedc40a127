from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.data.forge.draw import choice, draw_seed, integer, log_uniform, rounded, uniform


@given(st.floats(min_value=1e-6, max_value=1e6))
def test_rounding_keeps_six_digits(value: float) -> None:
    assert abs(rounded(value) - value) <= 0.5e-5 * value
    assert rounded(rounded(value)) == rounded(value) == float(f"{value:.5e}")


def test_draws_keep_to_their_ranges() -> None:
    random = np.random.default_rng(0)
    assert all(2 <= uniform(random, (2, 3)) <= 3 for _ in range(100))
    assert {integer(random, 1, 3) for _ in range(100)} == {1, 2, 3}
    assert all(0 <= draw_seed(random) < 2**31 for _ in range(100))


def test_log_uniform_has_as_many_below_the_geometric_mean_as_above() -> None:
    random = np.random.default_rng(0)
    values = np.array([log_uniform(random, (0.01, 1)) for _ in range(2000)])
    assert (values < 0.1).mean() == pytest.approx(0.5, abs=0.04)


def test_choice_follows_the_weights() -> None:
    random = np.random.default_rng(0)
    drawn = [choice(random, {"a": 3, "b": 1, "c": 0}) for _ in range(2000)]
    assert "c" not in drawn
    assert drawn.count("a") / 2000 == pytest.approx(0.75, abs=0.04)
