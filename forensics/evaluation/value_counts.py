"""Changed and unchanged pixels by the value a map gives them: all that a ranking metric needs, at one sort a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FINE_LEVELS = 65536


@dataclass(frozen=True)
class ValueCounts:
    """How many pixels of each class have each value. Equal values are one group, never an order.

    Attributes:
        levels: The values, ascending, ``[L]``.
        positives: Changed pixels of each value, int64 ``[L]``.
        negatives: Unchanged pixels of each value, int64 ``[L]``.
    """

    levels: NDArray[Any]
    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]

    @property
    def has_both_classes(self) -> bool:
        """Whether anything can be ranked."""
        return bool(self.positives.any() and self.negatives.any())

    def auc(self) -> float | None:
        """Exact area under the ROC curve, ties half; None when a class is missing.

        Mann-Whitney U / (positives x negatives), in integers up to the last division.
        """
        if not self.has_both_classes:
            return None
        below = np.cumsum(self.negatives) - self.negatives
        doubled = int((self.positives * (2 * below + self.negatives)).sum())
        return doubled / (2 * int(self.positives.sum()) * int(self.negatives.sum()))

    def average_precision(self) -> float | None:
        """``sum (R_k - R_k-1) P_k`` over all distinct values, as scikit-learn has it; None without positives."""
        total = int(self.positives.sum())
        if not total:
            return None
        hits, marked = self._marked_from_above()
        precision = hits / np.maximum(marked, 1)
        return float((self.positives[::-1] * precision).sum() / total)

    def best_f1(self) -> float:
        """The largest F1 that any threshold gives (an oracle's: it is chosen with the truth in hand).

        A pixel is marked at or above the threshold; every distinct value is tried, so that everything may be marked.
        """
        hits, marked = self._marked_from_above()
        changed = int(self.positives.sum())
        return float((2 * hits / np.maximum(marked + changed, 1)).max()) if hits.size else 0.0

    def _marked_from_above(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Hits and marked pixels when the threshold comes down through the values."""
        hits = np.cumsum(self.positives[::-1])
        return hits, hits + np.cumsum(self.negatives[::-1])


def count_values(values: NDArray[Any], truth: NDArray[np.bool_], valid: NDArray[np.bool_] | None = None) -> ValueCounts:
    """Counts one map.

    8- and 16-bit maps take one histogram a class, O(n); others one sort, O(n log n).

    Args:
        values: uint8, uint16 or float without NaN, any shape.
        truth: bool, same shape; True where changed.
        valid: bool, same shape; False pixels do not count. None: all count.

    Raises:
        ValueError: A value is NaN.

    >>> counts = count_values(np.array([9, 4, 4, 1], np.uint8), np.array([True, True, False, False]))
    >>> counts.auc(), counts.average_precision(), counts.best_f1()
    (0.875, 0.8333333333333333, 0.8)
    """
    if valid is not None:
        values, truth = values[valid], truth[valid]
    flat, changed = values.ravel(), truth.ravel()
    if flat.dtype in (np.uint8, np.uint16):
        return _count_integers(flat, changed)
    if np.isnan(flat).any():
        raise ValueError("values: NaN cannot be ranked")
    ordered, hits = _sorted_maps(flat, changed) if _is_map(flat) else _sorted_numbers(flat, changed)
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1) if len(ordered) else hits
    positives, everything = np.diff(hits[ends], prepend=0), np.diff(ends + 1, prepend=0)
    return ValueCounts(ordered[ends], positives, everything - positives)


def fine_levels(values: NDArray[Any]) -> NDArray[np.uint16]:
    """A map in 16 bits: 8-bit maps exactly (value x 257), float maps rounded to the next 1/65535.

    >>> fine_levels(np.array([0, 128, 255], np.uint8)), fine_levels(np.array([0.5, 1.0]))
    (array([    0, 32896, 65535], dtype=uint16), array([32768, 65535], dtype=uint16))
    """
    if values.dtype == np.uint8:
        return values.astype(np.uint16) * np.uint16(257)
    return np.rint(values * np.float32(FINE_LEVELS - 1)).astype(np.uint16)


def _count_integers(values: NDArray[Any], truth: NDArray[np.bool_]) -> ValueCounts:
    length = int(np.iinfo(values.dtype).max) + 1
    everything = np.bincount(values, minlength=length)
    positives = np.bincount(values[truth], minlength=length)
    return ValueCounts(np.arange(length, dtype=values.dtype), positives, everything - positives)


def _is_map(flat: NDArray[Any]) -> bool:
    return bool(flat.dtype == np.float32 and flat.size and flat.min() >= 0 and flat.max() <= 1)


def _sorted_maps(flat: NDArray[np.float32], changed: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Values of 0..1 ascending and the changed pixels up to each: the bits of such floats have the floats' order.

    They leave the top bit free, so that the class rides along in the lowest one: half the time of an argsort.
    """
    keys = np.sort((np.ascontiguousarray(flat).view(np.uint32) << np.uint32(1)) | changed)
    return (keys >> np.uint32(1)).view(np.float32), np.cumsum(keys & np.uint32(1), dtype=np.int64)


def _sorted_numbers(flat: NDArray[Any], changed: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    order = np.argsort(flat)
    return flat[order], np.cumsum(changed[order], dtype=np.int64)
