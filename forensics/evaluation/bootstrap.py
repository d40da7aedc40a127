"""Percentile bootstrap over pictures (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
_BLOCK = 2_000_000  # indices drawn at a time: bounds the memory for large sets


@dataclass(frozen=True)
class Interval:
    """A mean over pictures with its 95 % interval.

    Attributes:
        mean: The mean.
        low: 2.5th percentile of the resampled means.
        high: 97.5th percentile.
        n: Pictures.
    """

    mean: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float], resamples: int = RESAMPLES, seed: int = 0) -> Interval | None:
    """95 % interval of a mean: pictures are drawn anew with replacement.

    Args:
        values: One value a picture.
        resamples: How often the set is drawn anew.
        seed: Seed of the draws: the same values give the same interval.

    Returns:
        None without pictures; with one picture both ends are its value.

    >>> mean_interval([0.25, 0.25])
    Interval(mean=0.25, low=0.25, high=0.25, n=2)
    """
    if not len(values):
        return None
    drawn = _resampled_means(np.asarray(values, np.float64), resamples, seed)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(float(np.mean(values)), float(low), float(high), len(values))


def paired_difference(
    first: Sequence[float], second: Sequence[float], resamples: int = RESAMPLES, seed: int = 0
) -> Interval | None:
    """95 % interval of the mean of ``first - second`` over the same pictures in the same order.

    Raises:
        ValueError: The two are not of one length.

    >>> paired_difference([0.5, 1.0], [0.25, 0.75])
    Interval(mean=0.25, low=0.25, high=0.25, n=2)
    """
    if len(first) != len(second):
        raise ValueError(f"paired values must be of one length, not {len(first)} and {len(second)}")
    return mean_interval(list(np.subtract(first, second)), resamples, seed)


def _resampled_means(values: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    block = max(1, _BLOCK // len(values))
    means = [
        values[generator.integers(len(values), size=(min(block, resamples - start), len(values)))].mean(axis=1)
        for start in range(0, resamples, block)
    ]
    return np.concatenate(means)
