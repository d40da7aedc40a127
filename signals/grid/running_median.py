"""Exact running medians along the first axis, many columns at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = NDArray[Any]

# Windows of so many neighboring outputs share one sorted core.
_GROUP = 16


def running_median(values: NDArray[Any], size: int) -> NDArray[Any]:
    """The median of every window of ``size`` rows.

    The windows of sixteen neighboring outputs share a core, which is sorted once; halving the group again and again
    adds the rows that are missing, and keeps only those ranks that can still become the median. Adams, "Fast median
    filters using separable sorting networks", ACM Transactions on Graphics 2021, in one direction.

    Args:
        values: ``[N, C]`` of a numeric type without NaN.
        size: Odd, at least 31.

    Returns:
        ``[N - size + 1, C]`` of the same type; row ``i`` is the median of rows ``i .. i + size - 1``.

    Raises:
        ValueError: ``size`` is even, below 31, or above N.
    """
    if size % 2 == 0 or size < 2 * _GROUP - 1 or size > values.shape[0]:
        raise ValueError(f"size {size} must be odd, at least {2 * _GROUP - 1} and at most {values.shape[0]}")
    count = values.shape[0] - size + 1
    medians = np.empty((count, values.shape[1]), dtype=values.dtype)
    last = values.shape[0] - 1
    for first in range(0, count, _GROUP):
        # Beyond the end rows repeat; only outputs that are not kept read them.
        rows = [values[min(first + i, last)] for i in range(size + _GROUP - 1)]
        core = _sort(rows[_GROUP - 1 : size])
        cut = (len(core) - _GROUP) // 2
        for place, median in enumerate(_group_medians(rows, core[cut : cut + _GROUP], 0, _GROUP, size)):
            if first + place < count:
                medians[first + place] = median
    return medians


def _group_medians(rows: Sequence[Row], core: list[Row], first: int, group: int, size: int) -> Iterator[Row]:
    """The medians of the windows that start at ``first .. first + group - 1``, in order.

    ``core`` holds, sorted, the ``group`` ranks of the rows common to those windows that may be a median.
    """
    if group == 1:
        yield core[0]
        return
    half = group // 2
    before = _sort(rows[first + half - 1 : first + group - 1])
    yield from _group_medians(rows, _middle(core, before), first, half, size)
    after = _sort(rows[first + size : first + size + half])
    yield from _group_medians(rows, _middle(core, after), first + half, half, size)


def _middle(many: list[Row], few: list[Row]) -> list[Row]:
    """The middle ``len(few)`` ranks of two sorted lists, the first twice as long as the second."""
    half = len(few)
    return [_rank(many, few, rank) for rank in range(half, 2 * half)]


def _rank(many: list[Row], few: list[Row], rank: int) -> Row:
    """The element of that rank, from 0, among two sorted lists: the smallest of the largest of any split."""
    least = many[rank].copy()
    for taken in range(1, min(len(few), rank + 1) + 1):
        largest = few[taken - 1] if taken > rank else np.maximum(many[rank - taken], few[taken - 1])
        np.minimum(least, largest, out=least)
    return least


def _sort(rows: Sequence[Row]) -> list[Row]:
    """The rows sorted element by element."""
    ordered = list(rows)
    for low, high in _network(len(ordered)):
        ordered[low], ordered[high] = np.minimum(ordered[low], ordered[high]), np.maximum(ordered[low], ordered[high])
    return ordered


@cache
def _network(count: int) -> tuple[tuple[int, int], ...]:
    """Comparators of Batcher's merge exchange; Knuth, The Art of Computer Programming 3, algorithm 5.2.2 M."""
    comparators = []
    top = 1 << max(0, (count - 1).bit_length() - 1)
    step = top if count > 1 else 0
    while step:
        span, remainder, distance = top, 0, step
        while True:
            comparators += [(i, i + distance) for i in range(count - distance) if i & step == remainder]
            if span == step:
                break
            distance, span, remainder = span - step, span // 2, step
        step //= 2
    return tuple(comparators)
