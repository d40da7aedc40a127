from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit

from forensics.calibration.likelihood import LikelihoodRatio


def gaussians(n: int = 2000, distance: float = 2.0) -> tuple[np.ndarray, list[int], list[dict[str, float]], list[str]]:
    """Logits of N(0, 1) and N(distance, 1); the true ratio is exp(distance x - distance^2 / 2)."""
    random = np.random.default_rng(1)
    labels = np.arange(n) % 2
    logits = random.normal(distance * labels, 1)
    facts = [{"quality": float(q), "megapixels": 1.0} for q in random.integers(50, 100, n)]
    return logits, labels.tolist(), facts, [str(number // 20) for number in range(n)]


def test_it_is_the_true_ratio_of_two_gaussians() -> None:
    logits, labels, facts, sources = gaussians()
    fitted = LikelihoodRatio.fit(expit(logits), labels, facts, sources)
    asked = np.array([-0.5, 0.5, 1.0, 1.8])
    expected = (2 * asked - 2) / np.log(10)
    told = fitted.log10(expit(asked), [{"quality": 75.0, "megapixels": 1.0}] * 4)
    assert told == pytest.approx(expected, abs=0.12)


def test_it_is_bounded_by_photos_not_by_pictures() -> None:
    logits, labels, facts, _ = gaussians()
    fitted = LikelihoodRatio.fit(expit(logits), labels, facts, [str(number % 9) for number in range(2000)])
    assert fitted.bound == pytest.approx(1.0)
    assert fitted.log10([1.0, 0.0], facts[:2]).tolist() == pytest.approx([1.0, -1.0])


def test_a_picture_of_another_quality_is_read_as_the_nearest_of_the_fit() -> None:
    logits, labels, facts, sources = gaussians()
    fitted = LikelihoodRatio.fit(expit(logits), labels, facts, sources)
    unseen, nearest = ({"quality": quality, "megapixels": 1.0} for quality in (5.0, 50.0))
    assert fitted.log10([0.6], [unseen]) == fitted.log10([0.6], [nearest])


def test_json() -> None:
    logits, labels, facts, sources = gaussians(60)
    fitted = LikelihoodRatio.fit(expit(logits), labels, facts, sources)
    assert LikelihoodRatio.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted
