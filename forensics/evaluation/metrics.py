"""Pixel F1 and exact ROC AUC of one picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MapArray = NDArray[np.float32] | NDArray[np.uint8]

THRESHOLD = 0.5


def f1_score(
    values: MapArray,
    truth: NDArray[np.bool_],
    valid: NDArray[np.bool_] | None = None,
    threshold: float = THRESHOLD,
) -> float:
    """Pixel F1, ``2 TP / (2 TP + FP + FN)``, of one map.

    A pixel is marked when its value is *at or above* the threshold, so that a float map and its 8-bit
    ``map.png``, where 128 and above are marked, agree. Peers mark strictly above 0.5; the two differ only
    on values of exactly 0.5.

    Args:
        values: float32 in 0..1 or uint8, any shape; uint8 stands for value / 255.
        truth: bool, same shape; True where changed.
        valid: bool, same shape; False pixels do not count. None: all count.
        threshold: 0..1.

    Returns:
        0..1; 0 where nothing was changed, however the map looks. No protocol scores authentic pictures by F1.

    >>> truth = np.array([True, True, False, False])
    >>> f1_score(np.array([0.9, 0.5, 0.5, 0.1], np.float32), truth)
    0.8
    >>> f1_score(np.array([230, 128, 127, 0], np.uint8), truth)
    1.0
    """
    marked = marks(values, threshold)
    if valid is not None:
        marked, truth = marked & valid, truth & valid
    hits = int(np.count_nonzero(marked & truth))
    total = int(np.count_nonzero(marked)) + int(np.count_nonzero(truth))
    return 2.0 * hits / total if total else 0.0


def marks(values: MapArray, threshold: float = THRESHOLD) -> NDArray[np.bool_]:
    """Which pixels a map marks as changed: value >= threshold; uint8 stands for value / 255."""
    if values.dtype == np.uint8:
        return np.asarray(values >= int(np.ceil(threshold * 255)))
    return np.asarray(values >= threshold)


def roc_auc(
    values: NDArray[np.floating] | NDArray[np.uint8],
    truth: NDArray[np.bool_],
    valid: NDArray[np.bool_] | None = None,
) -> float | None:
    """Exact area under the ROC curve, ties counted half (Mann-Whitney U / (positives x negatives)).

    8-bit maps take one histogram a class; others one sort a class and a merge, O(n log n).

    Args:
        values: float without NaN, or uint8; any shape.
        truth: bool, same shape; True where changed.
        valid: bool, same shape; False pixels do not count. None: all count.

    Returns:
        0..1, or None when one of the classes is missing.

    >>> truth = np.array([True, True, False, False])
    >>> roc_auc(np.array([0.9, 0.4, 0.4, 0.1], np.float32), truth)
    0.875
    >>> roc_auc(np.array([9, 4, 4, 1], np.uint8), truth)
    0.875
    >>> roc_auc(np.array([0.9, 0.4], np.float32), np.array([True, True])) is None
    True
    """
    counted = np.ones_like(truth) if valid is None else valid
    positives, negatives = values[truth & counted], values[~truth & counted]
    if not positives.size or not negatives.size:
        return None
    doubled = _doubled_u_of_bytes if values.dtype == np.uint8 else _doubled_u_of_floats
    return doubled(positives, negatives) / (2 * positives.size * negatives.size)


def _doubled_u_of_floats(positives: NDArray[Any], negatives: NDArray[Any]) -> int:
    """Twice the Mann-Whitney U of the positives: integers stay exact."""
    positives, negatives = np.sort(positives), np.sort(negatives)
    if positives.size <= negatives.size:
        return _twice_below(positives, negatives)
    return 2 * positives.size * negatives.size - _twice_below(negatives, positives)


def _twice_below(queries: NDArray[Any], others: NDArray[Any]) -> int:
    """Over all sorted queries, twice the number of sorted others below, plus once those equal."""
    below = np.searchsorted(others, queries, side="left").sum(dtype=np.int64)
    not_above = np.searchsorted(others, queries, side="right").sum(dtype=np.int64)
    return int(below) + int(not_above)


def _doubled_u_of_bytes(positives: NDArray[Any], negatives: NDArray[Any]) -> int:
    positive = np.bincount(positives, minlength=256)
    negative = np.bincount(negatives, minlength=256)
    below = np.cumsum(negative) - negative
    return int((positive * (2 * below + negative)).sum())
