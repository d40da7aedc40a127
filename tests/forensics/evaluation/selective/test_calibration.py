import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from forensics.evaluation.selective.calibration import brier_score, cllr, expected_calibration_error, smallest_cllr

GENERATOR = np.random.default_rng(0)
PROBABILITIES = GENERATOR.uniform(0, 1, 20_000)
HONEST = GENERATOR.uniform(0, 1, 20_000) < PROBABILITIES


def test_brier_equals_scikit_learn() -> None:
    assert brier_score(PROBABILITIES, HONEST) == pytest.approx(brier_score_loss(HONEST, PROBABILITIES))


def test_honest_probabilities_have_next_to_no_calibration_error() -> None:
    assert expected_calibration_error(PROBABILITIES, HONEST) < 0.015
    # Squared, a probability p is off by p - p^2, 1/6 on average.
    assert expected_calibration_error(PROBABILITIES**2, HONEST) == pytest.approx(1 / 6, abs=0.01)


def test_bins_have_equal_mass() -> None:
    """Half of the pictures lie in one hundredth of the range and are wrong by .4: they weigh one half."""
    p = np.concatenate([np.linspace(0.5, 0.51, 500), np.linspace(0.6, 1, 500)])
    labels = np.concatenate([np.arange(500) % 10 == 0, np.arange(500) % 5 < 4])
    assert expected_calibration_error(p, labels, bins=2) == pytest.approx(0.5 * (0.505 - 0.1), abs=1e-6)


@pytest.mark.parametrize("count", [15, 150])
def test_without_ties_bins_are_the_plain_equal_split(count: int) -> None:
    p, labels = PROBABILITIES[:count], HONEST[:count]
    assert len(set(p)) == count
    parts = np.array_split(np.argsort(p), 15)
    plain = sum(abs((p[part] - labels[part]).sum()) for part in parts) / count
    assert expected_calibration_error(p, labels) == pytest.approx(plain, abs=1e-12)


def test_bins_that_cannot_be_equal_differ_by_one_picture() -> None:
    """A picture belongs to the fifteenth that its middle, rank + 1/2 of 17, lies in: the 4th and the 11th hold two."""
    p, labels = PROBABILITIES[:17], HONEST[:17]
    assert len(set(p)) == 17
    sizes = [1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1]
    parts = np.split(np.argsort(p), np.cumsum(sizes)[:-1])
    plain = sum(abs((p[part] - labels[part]).sum()) for part in parts) / 17
    assert expected_calibration_error(p, labels) == pytest.approx(plain, abs=1e-12)


def test_ties_stay_together_in_the_bin_of_their_middle() -> None:
    """Ranks 1-4 of 6 are equal: their middle lies in the second half, beside the last one."""
    p, labels = [0.1, 0.5, 0.5, 0.5, 0.5, 0.9], [1, 0, 1, 1, 1, 0]
    assert expected_calibration_error(p, labels, bins=2) == pytest.approx((0.9 + abs(4 * 0.5 - 3 + 0.9)) / 6)


def test_the_order_of_the_pictures_does_not_matter() -> None:
    p, labels = np.array([0.2, 0.2, 0.2, 0.8, 0.8]), np.array([1, 0, 0, 1, 0])
    order = np.array([4, 1, 3, 0, 2])
    assert expected_calibration_error(p, labels) == expected_calibration_error(p[order], labels[order])


def test_cllr_of_known_ratios() -> None:
    assert cllr([0, 0, 0], [1, 0, 0]) == pytest.approx(1)
    assert cllr([20, 20, -20], [1, 1, 0]) == pytest.approx(0, abs=1e-9)
    # LR = 3 for both classes: (log2(4/3) + log2(4)) / 2.
    assert cllr(np.log10([3, 3]), [1, 0]) == pytest.approx((np.log2(4 / 3) + 2) / 2)
    # Certain and wrong costs without bound.
    assert cllr([-5, 5], [1, 0]) > 16


def test_the_smallest_cllr_depends_on_the_order_alone() -> None:
    scores, labels = PROBABILITIES[:500], HONEST[:500]
    smallest = smallest_cllr(scores, labels)
    assert smallest == pytest.approx(smallest_cllr(np.exp(3 * scores), labels))
    natural = np.log(scores / (1 - scores)) - np.log(labels.sum() / (~labels).sum())
    assert 0 < smallest <= cllr(natural / np.log(10), labels)
    assert smallest_cllr(np.full(500, 0.5), labels) == pytest.approx(1)
    assert smallest_cllr(labels, labels) == 0


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(ValueError, match="both labels"):
        cllr([1.0, 2.0], [1, 1])
    with pytest.raises(ValueError, match=r"0\.\.1"):
        brier_score([1.2], [1])
