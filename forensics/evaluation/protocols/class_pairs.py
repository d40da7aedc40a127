"""Ratios of one pooled confusion matrix for both of its classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.confusion import Confusion
from forensics.evaluation.protocols.measure import Measure, PictureScores
from forensics.evaluation.protocols.summary import pooled_measure, present

Ratio = Callable[[Confusion], float]


def class_pairs(
    start: str,
    pictures: Sequence[PictureScores],
    counts: NDArray[np.float64],
    ratios: Mapping[str, Ratio],
    blind: Mapping[str, NDArray[np.float64]] = MappingProxyType({}),
) -> tuple[Measure, ...]:
    """Each ratio for the manipulated and for the authentic class, and the accuracy of both.

    Args:
        start: Stands before the names.
        pictures: The set.
        counts: Confusion counts of every picture, ``[n, 4]``.
        ratios: The ratios by name; a class for which one is NaN is absent.
        blind: Counts of blind maps, by their names.
    """
    found = []

    def add(name: str, ratio: Ratio) -> None:
        found.append(pooled_measure(f"{start}{name}", pictures, counts, ratio, blind_counts=blind))

    for name, ratio in ratios.items():
        add(f"{name}_manipulated", ratio)
        add(f"{name}_authentic", _of_other_class(ratio))
    add("accuracy", lambda every: every.accuracy)
    return present(found)


def _of_other_class(ratio: Ratio) -> Ratio:
    return lambda counts: ratio(counts.other_class())
