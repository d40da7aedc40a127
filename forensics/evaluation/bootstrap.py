"""Percentile bootstrap over sources: pictures of one source are drawn together or not at all.

Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13; clusters as units after Davison and Hinkley,
Bootstrap Methods and their Application, section 3.8. Every function takes ``sources``, one name a picture; without
them every picture is a source of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000
_BLOCK = 2_000_000  # weights held at a time: bounds the memory for large sets

# From weights ``[R, n]``, how often each of n pictures was drawn in each of R resamples, to R values; NaN where a
# resample does not define the value.
Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Interval:
    """A statistic of a set of pictures with its 95 % interval.

    Attributes:
        mean: The statistic: a mean over pictures, or an area under a curve.
        low: 2.5th percentile of the resampled statistic.
        high: 97.5th percentile.
        n: Pictures.
    """

    mean: float
    low: float
    high: float
    n: int


def mean_interval(
    values: ArrayLike, sources: Sequence[str] | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> Interval | None:
    """95 % interval of a mean over pictures: sources are drawn anew with replacement.

    Args:
        values: One value a picture.
        sources: The source of each picture.
        resamples: How often the set is drawn anew.
        seed: Seed of the draws: the same values give the same interval.

    Returns:
        None without pictures; with one source both ends are its mean.

    >>> mean_interval([0.25, 0.25])
    Interval(mean=0.25, low=0.25, high=0.25, n=2)
    >>> pictures, sources = [0.0, 0.0, 1.0, 1.0], ["a", "a", "b", "b"]
    >>> mean_interval(pictures, sources).low, mean_interval(pictures, sources).high
    (0.0, 1.0)
    """
    found = np.asarray(values, np.float64)
    if not found.size:
        return None
    groups = _numbered(sources, found.size)
    sums, counts = np.bincount(groups, found), np.bincount(groups).astype(np.float64)
    drawn = _resampled(lambda weights: (weights @ sums) / (weights @ counts), len(sums), resamples, seed)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(float(found.mean()), float(low), float(high), found.size)


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    sources: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """95 % interval of the mean of ``first - second`` over the same pictures in the same order.

    Raises:
        ValueError: The two are not of one length.

    >>> paired_difference([0.5, 1.0], [0.25, 0.75])
    Interval(mean=0.25, low=0.25, high=0.25, n=2)
    """
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if one.shape != other.shape:
        raise ValueError(f"paired values must be of one length, not {one.size} and {other.size}")
    return mean_interval(one - other, sources, resamples, seed)


def auc_interval(
    scores: ArrayLike,
    labels: ArrayLike,
    sources: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """95 % interval of the area under the ROC curve of picture scores, ties half.

    Args:
        scores: One score a picture.
        labels: True for forged.
        sources: The source of each picture; a forgery and its pristine twin are drawn together.
        resamples: How often the set is drawn anew; resamples that lack a class do not count.
        seed: Seed of the draws.

    Returns:
        None when a class is missing.

    >>> auc_interval([0.9, 0.8, 0.2, 0.1], [True, True, False, False])
    Interval(mean=1.0, low=1.0, high=1.0, n=4)
    """
    return statistic_interval(weighted_auc(scores, labels), np.size(scores), sources, resamples, seed)


def auc_difference(
    first: ArrayLike,
    second: ArrayLike,
    labels: ArrayLike,
    sources: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """95 % interval of the AUC of ``first`` less that of ``second``, on the same pictures in every resample."""
    one, other = weighted_auc(first, labels), weighted_auc(second, labels)
    return statistic_interval(lambda weights: one(weights) - other(weights), np.size(first), sources, resamples, seed)


def statistic_interval(
    statistic: Statistic,
    n: int,
    sources: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """95 % interval of any statistic that can be written with weights.

    Args:
        statistic: Takes float64 ``[R, n]``, how often each picture was drawn; returns float64 ``[R]``.
        n: Pictures.
        sources: The source of each picture.
        resamples: How often the set is drawn anew; those whose statistic is NaN do not count.
        seed: Seed of the draws.

    Returns:
        None when the set itself, or no resample, defines the statistic.

    >>> share = lambda weights: weights[:, :2].sum(1) / weights.sum(1)
    >>> statistic_interval(share, 2)
    Interval(mean=1.0, low=1.0, high=1.0, n=2)
    """
    if not n or np.isnan(value := float(statistic(np.ones((1, n)))[0])):
        return None
    groups = _numbered(sources, n)
    count = int(groups.max()) + 1
    drawn = _resampled(lambda weights: statistic(weights[:, groups]), count, resamples, seed, n)
    defined = drawn[~np.isnan(drawn)]
    if not defined.size:
        return None
    low, high = np.percentile(defined, (2.5, 97.5))
    return Interval(value, float(low), float(high), n)


def weighted_auc(scores: ArrayLike, labels: ArrayLike) -> Statistic:
    """The area under the ROC curve, ties half, as a statistic of weights; NaN where a class has no weight.

    >>> auc = weighted_auc([0.9, 0.4, 0.4, 0.1], [True, True, False, False])
    >>> auc(np.array([[1.0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 0]]))
    array([0.875, 1.   ,   nan])
    """
    values, truth = np.asarray(scores, np.float64), np.asarray(labels, bool)
    if values.shape != truth.shape:
        raise ValueError(f"{values.size} scores and {truth.size} labels; there must be one label a score")
    order = np.argsort(values, kind="stable")
    ends = np.flatnonzero(np.diff(values[order], append=np.inf))
    forged = truth[order]

    def auc(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        drawn = weights[:, order]
        positive, negative = (_by_level(drawn * side, ends) for side in (forged, ~forged))
        below = np.cumsum(negative, axis=1) - negative / 2
        pairs = positive.sum(1) * negative.sum(1)
        hits = (positive * below).sum(1)
        return np.asarray(np.divide(hits, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0))

    return auc


def _by_level(weights: NDArray[np.float64], ends: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sums of columns that share a score; ``ends`` are the last column of each."""
    totals = np.cumsum(weights, axis=1)[:, ends]
    levels: NDArray[np.float64] = np.diff(totals, axis=1, prepend=0.0)
    return levels


def _numbered(sources: Sequence[str] | None, n: int) -> NDArray[np.intp]:
    """The sources as 0, 1, ... in the order of their names, so that the order of pictures changes no draw."""
    if sources is None:
        return np.arange(n)
    if len(sources) != n:
        raise ValueError(f"{n} pictures and {len(sources)} sources; there must be one source a picture")
    return np.asarray(np.unique(np.asarray(sources, dtype=str), return_inverse=True)[1], np.intp)


def _resampled(statistic: Statistic, sources: int, resamples: int, seed: int, width: int = 0) -> NDArray[Any]:
    """The statistic of every resample; each draws as many sources as there are, with replacement."""
    generator = np.random.default_rng(seed)
    block = max(1, _BLOCK // max(sources, width))
    found = []
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = generator.integers(sources, size=(rows, sources)) + sources * np.arange(rows)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=rows * sources).reshape(rows, sources)
        found.append(statistic(weights.astype(np.float64)))
    return np.concatenate(found)
