"""Whether probabilities and likelihood ratios mean what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

Numbers = Sequence[float] | NDArray[np.float64]
Labels = Sequence[int] | NDArray[np.int64] | NDArray[np.bool_]

BINS = 15


def brier_score(probabilities: Numbers, labels: Labels) -> float:
    """Mean squared difference of probability and label, 0..1; 0.25 is what 0.5 everywhere gets (Brier 1950).

    >>> brier_score([1.0, 0.5], [1, 0])
    0.125
    """
    p, y = _checked(probabilities, labels)
    return float(((p - y) ** 2).mean())


def expected_calibration_error(probabilities: Numbers, labels: Labels, bins: int = BINS) -> float:
    """Mean distance of probability and frequency, over bins of equally many pictures; 0..1.

    Each value goes to the bin that the middle of its ranks falls in. Equal probabilities so stay in one bin, no order
    of the pictures matters, and without ties two bins differ by at most one picture.

    Args:
        probabilities: Of label 1, 0..1.
        labels: 0 or 1.
        bins: Their number; fewer where there are fewer pictures or ties.

    >>> expected_calibration_error([0.2, 0.2, 0.2, 0.2, 0.2], [1, 0, 0, 0, 0])
    0.0
    >>> expected_calibration_error([0.9, 0.9], [0, 0])
    0.9
    """
    p, y = _checked(probabilities, labels)
    _, value, counts = np.unique(p, return_inverse=True, return_counts=True)
    twice_the_middle = 2 * np.cumsum(counts) - counts
    gaps = np.bincount((bins * twice_the_middle // (2 * len(p)))[value], p - y)
    return float(round(np.abs(gaps).sum() / len(p), 15))


def cllr(log10_likelihood_ratios: Numbers, labels: Labels) -> float:
    """Cost of log likelihood ratios in bits, 0 and above; 1 is what a ratio of one everywhere gets.

    ``(mean of log2(1 + 1/LR) over label 1 + mean of log2(1 + LR) over label 0) / 2`` (Bruemmer and du Preez 2006).

    Raises:
        ValueError: One of the labels is missing.

    >>> cllr([0.0, 0.0], [1, 0])
    1.0
    """
    natural, y = np.asarray(log10_likelihood_ratios, np.float64) * np.log(10), np.asarray(labels, bool)
    if natural.shape != y.shape or y.all() or not y.any():
        raise ValueError("Cllr needs ratios of pictures of both labels")
    positive, negative = np.logaddexp(0, -natural[y]).mean(), np.logaddexp(0, natural[~y]).mean()
    return float((positive + negative) / 2 / np.log(2))


def smallest_cllr(scores: Numbers, labels: Labels) -> float:
    """Cllr after the best monotone recalibration on these very pictures: what the order alone costs, 0..1.

    ``cllr - smallest_cllr`` is what is lost to calibration. Pool adjacent violators, as in the same paper.

    >>> smallest_cllr([0.9, 0.8, 0.1], [1, 1, 0])
    0.0
    """
    s, y = np.asarray(scores, np.float64), np.asarray(labels, np.float64)
    values, place, counts = np.unique(s, return_inverse=True, return_counts=True)
    means = np.bincount(place, y) / counts
    probability = isotonic_regression(means, weights=counts).x[place] if len(values) > 1 else means[place]
    positives, negatives = y.sum(), len(y) - y.sum()
    with np.errstate(divide="ignore"):
        odds = np.log(probability) - np.log1p(-probability) - np.log(positives / negatives)
    return cllr(odds / np.log(10), labels)


def _checked(probabilities: Numbers, labels: Labels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    p, y = np.asarray(probabilities, np.float64), np.asarray(labels, np.float64)
    if p.shape != y.shape or p.ndim != 1 or not p.size:
        raise ValueError(f"one probability and one label a picture, not {p.shape} and {y.shape}")
    if not ((p >= 0) & (p <= 1)).all() or not np.isin(y, (0, 1)).all():
        raise ValueError("probabilities must lie in 0..1 and labels be 0 or 1")
    return p, y
