import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.evaluation.selective.output_space import (
    OutputDistribution,
    max_probability,
    negative_entropy,
    prediction_density,
    spatial_entropy,
)

PLACES = np.array([0.0, 10, 1000])
CELLS = OutputDistribution(np.array([0.5, 0.3, 0.2]), np.abs(np.subtract.outer(PLACES, PLACES)))


def _drawn(seed: int, count: int = 12) -> OutputDistribution:
    generator = np.random.default_rng(seed)
    places = generator.uniform(0, 100, (count, 2))
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    return OutputDistribution(generator.dirichlet(np.ones(count)), distances)


def test_prediction_density_of_three_cells() -> None:
    assert [prediction_density(CELLS, t) for t in (25, 1, 2500)] == pytest.approx([0.8, 0.5, 1.0])


def test_spatial_entropy_of_three_cells() -> None:
    assert spatial_entropy(CELLS, 1) == pytest.approx(-negative_entropy(CELLS))
    assert spatial_entropy(CELLS, 25) == pytest.approx(-(0.8 * np.log(0.8) + 0.2 * np.log(0.2)))
    assert spatial_entropy(CELLS, 2500) == 0


@given(st.integers(0, 1000), st.floats(0, 200), st.floats(0, 200))
def test_a_larger_tolerance_never_makes_less_sure(seed: int, first: float, second: float) -> None:
    cells, (near, far) = _drawn(seed), sorted((first, second))
    assert max_probability(cells) <= prediction_density(cells, near) + 1e-12
    assert prediction_density(cells, near) <= prediction_density(cells, far) + 1e-12 <= 1 + 1e-9
    assert 0 <= spatial_entropy(cells, near) <= -negative_entropy(cells) + 1e-12


def test_the_order_of_the_answers_does_not_matter() -> None:
    cells = _drawn(3)
    order = np.random.default_rng(1).permutation(len(cells.probabilities))
    turned = OutputDistribution(cells.probabilities[order], cells.distances[np.ix_(order, order)])
    assert prediction_density(turned, 30) == pytest.approx(prediction_density(cells, 30))
    assert spatial_entropy(turned, 30) == pytest.approx(spatial_entropy(cells, 30))


@pytest.mark.parametrize(
    ("probabilities", "distances"),
    [
        ([0.5, 0.6], np.zeros((2, 2))),
        ([], np.zeros((0, 0))),
        ([1.5, -0.5], np.zeros((2, 2))),
        ([1.0], np.zeros((2, 2))),
    ],
)
def test_what_is_no_distribution_is_refused(probabilities: list[float], distances: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"add up|need distances|negative"):
        OutputDistribution(np.array(probabilities), distances)
