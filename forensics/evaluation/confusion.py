"""What two classes, marked and changed, give when each pixel is counted once: F1, IoU, MCC and their kin."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Confusion:
    """Pixels, or pictures, by what they are and what they were called.

    Soft counts are allowed: a map's value is then the share of the pixel that is marked. Ratios without a
    denominator are 0, as scikit-learn has them.

    Attributes:
        tp: Changed and marked.
        fp: Not changed but marked.
        fn: Changed but not marked.
        tn: Neither.

    >>> counts = Confusion(tp=2, fp=1, fn=1, tn=4)
    >>> counts.f1, counts.iou, counts.accuracy
    (0.6666666666666666, 0.5, 0.75)
    >>> Confusion(tp=0, fp=0, fn=0, tn=8).f1
    0.0
    """

    tp: float
    fp: float
    fn: float
    tn: float

    @property
    def f1(self) -> float:
        """``2 TP / (2 TP + FP + FN)``."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float:
        """``TP / (TP + FP + FN)``."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def precision(self) -> float:
        """``TP / (TP + FP)``."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """``TP / (TP + FN)``, the true positive rate."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def false_positive_rate(self) -> float:
        """``FP / (FP + TN)``."""
        return _ratio(self.fp, self.fp + self.tn)

    @property
    def accuracy(self) -> float:
        """``(TP + TN) / all``."""
        return _ratio(self.tp + self.tn, self.total)

    @property
    def mcc(self) -> float:
        """Matthews correlation, -1..1; 0 where a class or a call is missing."""
        columns = sqrt(self.tp + self.fp) * sqrt(self.tn + self.fn)
        rows = sqrt(self.tp + self.fn) * sqrt(self.tn + self.fp)
        return _ratio(self.tp * self.tn - self.fp * self.fn, columns * rows)

    @property
    def total(self) -> float:
        """All that was counted."""
        return self.tp + self.fp + self.fn + self.tn

    def inverted(self) -> Confusion:
        """Of the map with marked and unmarked exchanged."""
        return Confusion(tp=self.fn, fp=self.tn, fn=self.tp, tn=self.fp)

    def other_class(self) -> Confusion:
        """With the authentic class in the place of the forged one."""
        return Confusion(tp=self.tn, fp=self.fn, fn=self.fp, tn=self.tp)

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)


def confusion(marked: NDArray[np.bool_], truth: NDArray[np.bool_], valid: NDArray[np.bool_] | None = None) -> Confusion:
    """Counts the pixels of one map.

    Args:
        marked: bool, any shape; True where the map says changed.
        truth: bool, same shape; True where changed.
        valid: bool, same shape; False pixels do not count. None: all count.

    >>> confusion(np.array([True, True, False]), np.array([True, False, False]))
    Confusion(tp=1, fp=1, fn=0, tn=1)
    """
    total = truth.size if valid is None else int(np.count_nonzero(valid))
    if valid is not None:
        marked, truth = marked & valid, truth & valid
    hits = int(np.count_nonzero(marked & truth))
    false_alarms, misses = int(np.count_nonzero(marked)) - hits, int(np.count_nonzero(truth)) - hits
    return Confusion(tp=hits, fp=false_alarms, fn=misses, tn=total - hits - false_alarms - misses)


def soft_confusion(
    shares: NDArray[np.floating] | NDArray[np.uint8],
    truth: NDArray[np.bool_],
    valid: NDArray[np.bool_] | None = None,
) -> Confusion:
    """Counts each pixel as marked by the share that its value gives; no threshold.

    Args:
        shares: float in 0..1 or uint8 (value / 255), any shape.
        truth: bool, same shape; True where changed.
        valid: bool, same shape; False pixels do not count. None: all count.

    >>> soft_confusion(np.array([0.75, 0.5, 0.0]), np.array([True, False, False]))
    Confusion(tp=0.75, fp=0.5, fn=0.25, tn=1.5)
    """
    if valid is not None:
        shares, truth = shares[valid], truth[valid]
    scale = 255.0 if shares.dtype == np.uint8 else 1.0
    changed = int(np.count_nonzero(truth))
    hits = float(shares[truth].sum(dtype=np.float64)) / scale
    marked = float(shares.sum(dtype=np.float64)) / scale
    return Confusion(tp=hits, fp=marked - hits, fn=changed - hits, tn=truth.size - changed - marked + hits)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
