import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.evaluation.selective.risk_coverage import RiskCoverage

SETS = st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.9]), st.floats(0, 1)), min_size=1, max_size=30)


def test_mean_risk_over_all_coverages() -> None:
    curve = RiskCoverage.of([4, 3, 2, 1], [0, 1, 0, 1])
    assert curve.risk.tolist() == [0, 1 / 2, 1 / 3, 1 / 2]
    assert curve.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert curve.excess_aurc == pytest.approx(curve.aurc - (0 + 0 + 1 / 3 + 2 / 4) / 4)


def test_the_oracle_of_many_zero_one_losses_is_the_closed_form() -> None:
    """r + (1 - r) ln(1 - r) for the error rate r (Geifman et al. 2019)."""
    losses = np.repeat([0.0, 1.0], [7000, 3000])
    curve = RiskCoverage.of(-losses, losses)
    assert curve.excess_aurc == 0
    assert curve.aurc == pytest.approx(0.3 + 0.7 * np.log(0.7), abs=1e-4)


def test_ties_are_what_any_order_gives_on_average() -> None:
    losses = np.array([1.0, 0, 0, 1, 0])
    confidences = np.array([0.9, 0.5, 0.5, 0.5, 0.1])
    generator = np.random.default_rng(0)
    orders = [np.argsort(-(confidences + generator.uniform(0, 1e-3, 5))) for _ in range(4000)]
    mean = np.mean([np.cumsum(losses[order]) / np.arange(1, 6) for order in orders], axis=0)
    curve = RiskCoverage.of(confidences, losses)
    assert curve.risk == pytest.approx(mean, abs=0.02)
    assert curve.reachable.tolist() == [True, False, False, True, True]


def test_a_useless_confidence_has_the_mean_loss_everywhere() -> None:
    assert RiskCoverage.of([0.5] * 4, [1, 0, 0, 1]).risk.tolist() == [0.5] * 4


def test_risk_and_coverage_at() -> None:
    curve = RiskCoverage.of([5, 4, 3, 2, 1], [0, 0, 1, 0, 1])
    assert [curve.risk_at(share) for share in (0.2, 0.5, 0.6, 1.0)] == [0, 1 / 3, 1 / 3, 2 / 5]
    assert [curve.coverage_at(risk) for risk in (0.0, 0.25, 0.3, 1.0)] == [0.4, 0.8, 0.8, 1.0]
    assert RiskCoverage.of([2, 1], [1, 1]).coverage_at(0.5) == 0
    # The second answer is as sure as the third: no threshold answers two.
    assert RiskCoverage.of([5, 4, 4], [0, 0, 1]).coverage_at(0.1) == 1 / 3


@given(SETS)
def test_bounds_and_order(pictures: list[tuple[float, float]]) -> None:
    confidences, losses = zip(*pictures, strict=True)
    curve = RiskCoverage.of(confidences, losses)
    assert curve.excess_aurc >= -1e-12
    assert min(losses) - 1e-12 <= curve.aurc <= max(losses) + 1e-12
    assert curve.risk[-1] == pytest.approx(np.mean(losses))
    again = RiskCoverage.of(confidences[::-1], losses[::-1])
    assert again.risk == pytest.approx(curve.risk)


@pytest.mark.parametrize(("confidences", "losses"), [([], []), ([1.0], [1.0, 0.0]), ([float("nan")], [0.0])])
def test_what_is_no_set_is_refused(confidences: list[float], losses: list[float]) -> None:
    with pytest.raises(ValueError, match=r"finite|one confidence"):
        RiskCoverage.of(confidences, losses)


def test_a_risk_that_equals_the_one_asked_for_fits_whatever_the_last_bit() -> None:
    curve = RiskCoverage.of(range(30), [0.05] * 30)
    assert curve.risk.max() > 0.05
    assert curve.coverage_at(0.05) == 1
    assert curve.coverage_at(0.0499) == 0
