"""Pixel metrics of one map as pure functions; what a set of pictures is worth is the protocols' matter.

A pixel is marked when its value is *at or above* the threshold, so that a float map and its 8-bit ``map.png``, where
128 and above are marked, agree. Peers mark strictly above 0.5; the two differ only on values of exactly 0.5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.confusion import Confusion, confusion
from forensics.evaluation.value_counts import count_values

MapArray = NDArray[np.float32] | NDArray[np.uint8]

THRESHOLD = 0.5


def marks(values: MapArray, threshold: float = THRESHOLD) -> NDArray[np.bool_]:
    """Which pixels a map marks as changed: value >= threshold; uint8 stands for value / 255."""
    if values.dtype == np.uint8:
        return np.asarray(values >= int(np.ceil(threshold * 255)))
    return np.asarray(values >= threshold)


def counts_at(
    values: MapArray,
    truth: NDArray[np.bool_],
    valid: NDArray[np.bool_] | None = None,
    threshold: float = THRESHOLD,
) -> Confusion:
    """Counts of one map at a threshold; they carry F1, IoU, MCC, precision and recall.

    Args:
        values: float32 in 0..1 or uint8, any shape; uint8 stands for value / 255.
        truth: bool, same shape; True where changed.
        valid: bool, same shape; False pixels do not count. None: all count.
        threshold: 0..1.

    >>> counts_at(np.array([0.9, 0.5, 0.5, 0.1], np.float32), np.array([True, True, False, False])).iou
    0.6666666666666666
    """
    return confusion(marks(values, threshold), truth, valid)


def f1_score(
    values: MapArray,
    truth: NDArray[np.bool_],
    valid: NDArray[np.bool_] | None = None,
    threshold: float = THRESHOLD,
) -> float:
    """Pixel F1, ``2 TP / (2 TP + FP + FN)``, of one map; arguments as for :func:`counts_at`.

    Returns:
        0..1; 0 where nothing was changed, however the map looks. No protocol of ours scores authentic pictures so.

    >>> truth = np.array([True, True, False, False])
    >>> f1_score(np.array([0.9, 0.5, 0.5, 0.1], np.float32), truth)
    0.8
    >>> f1_score(np.array([230, 128, 127, 0], np.uint8), truth)
    1.0
    """
    return counts_at(values, truth, valid, threshold).f1


def roc_auc(
    values: NDArray[np.floating] | NDArray[np.uint8],
    truth: NDArray[np.bool_],
    valid: NDArray[np.bool_] | None = None,
) -> float | None:
    """Exact area under the ROC curve, ties counted half (Mann-Whitney U / (positives x negatives)).

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
    return count_values(values, truth, valid).auc()


def average_precision(
    values: NDArray[np.floating] | NDArray[np.uint8],
    truth: NDArray[np.bool_],
    valid: NDArray[np.bool_] | None = None,
) -> float | None:
    """Exact average precision, ``sum (R_k - R_k-1) P_k`` with equal values in one step; None without positives.

    >>> average_precision(np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False]))
    0.8333333333333333
    """
    return count_values(values, truth, valid).average_precision()


def best_f1(
    values: NDArray[np.floating] | NDArray[np.uint8],
    truth: NDArray[np.bool_],
    valid: NDArray[np.bool_] | None = None,
) -> float:
    """The largest F1 that any threshold gives: an oracle's, as it is chosen with the truth in hand.

    >>> best_f1(np.array([0.3, 0.2, 0.1, 0.0]), np.array([True, True, False, False]))
    1.0
    """
    return count_values(values, truth, valid).best_f1()
