from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from forensics.calibration.threshold import ScoreThreshold, lowest_threshold, unit_weights


def drifting(n: int = 1200, slope: float = 0.7) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Pristine scores that rise with size; 40 cameras of very different numbers of pictures."""
    random = np.random.default_rng(5)
    sizes = 2 ** random.uniform(-4, 3, n)
    cameras = [f"camera {number}" for number in (40 * random.random(n) ** 3).astype(int)]
    return slope * np.log2(sizes) + random.normal(0, 1, n), sizes, cameras


def test_the_share_of_flagged_pictures_is_the_one_asked_for_at_every_size() -> None:
    logits, sizes, cameras = drifting()
    fitted = ScoreThreshold.fit(logits, sizes, cameras, 0.05)
    assert fitted.slope == pytest.approx(0.7, abs=0.1)
    flagged = logits >= fitted.logit(sizes)
    assert np.average(flagged, weights=unit_weights(cameras)) <= 0.05
    for low, high in ((0.0625, 0.5), (0.5, 2), (2, 8)):
        assert 0.01 < flagged[(sizes >= low) & (sizes < high)].mean() < 0.09


@pytest.mark.parametrize("slope", [0.5, -0.5])
def test_beyond_the_sizes_of_the_fit_no_answer_becomes_bolder(slope: float) -> None:
    threshold = ScoreThreshold(1.0, slope, 0.25, 2.0, 0.05)
    ends = threshold.logit([0.25, 2.0])
    beyond = threshold.logit([0.01, 50.0])
    assert (beyond >= ends).all()
    assert beyond.max() > ends.max()


def test_many_versions_of_one_photo_weigh_as_much_as_one() -> None:
    units = ["loud"] * 96 + ["a", "b", "c", "d"]
    logits = np.array([3.0] * 96 + [1.0] * 4)
    weights = unit_weights(units)
    # of five cameras one may be flagged, and that is the one with 96 pictures
    assert lowest_threshold(logits, weights, 0.2) == pytest.approx(1.001)
    assert lowest_threshold(logits, weights, 0.1) == pytest.approx(3.001)


def test_equal_scores_reach_a_threshold_together() -> None:
    values = [0.0, 1.0, 1.0, 1.0, 2.0]
    threshold = lowest_threshold(values, np.ones(5), 0.5)
    assert threshold == pytest.approx(1.001)
    assert lowest_threshold(values, np.ones(5), 0.0) > 2


def test_one_size_alone_has_no_slope() -> None:
    assert ScoreThreshold.fit([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], ["a", "b", "c"], 0.3).slope == 0


def test_few_cameras_are_not_fitted_too_closely() -> None:
    random = np.random.default_rng(3)
    shares = {"kept": [], "plain": []}
    for _ in range(40):
        cameras = np.repeat(np.arange(12), 4).astype(str).tolist()
        logits = np.repeat(random.normal(0, 1, 12), 4) + random.normal(0, 0.3, 48)
        fitted = ScoreThreshold.fit(logits, np.ones(48), cameras, 0.1)
        plain = lowest_threshold(logits, np.ones(48), 0.1)
        for name, threshold in (("kept", fitted.intercept), ("plain", plain)):
            shares[name].append(norm.sf(threshold / np.hypot(1, 0.3)))
    assert np.mean(shares["kept"]) < np.mean(shares["plain"])
    assert np.mean(shares["kept"]) < 0.11
