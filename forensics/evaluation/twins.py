"""Twin order: does a forged picture score above its own pristine twin?

The one question of detection that the content cannot answer: both pictures of a pair show the same scene and, where
the set was made so, went through the same saves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forensics.evaluation.bootstrap import Interval, mean_interval


@dataclass(frozen=True)
class Twin:
    """A picture of a pair.

    Attributes:
        pair: What it shares with its twin and with no other picture.
        source: The host photo: the unit of the interval.
        label: 1 forged, 0 pristine.
        score: Of the picture; None where there is none.
    """

    pair: str
    source: str
    label: int
    score: float | None


def twin_order(pictures: Sequence[Twin]) -> Interval | None:
    """Share of forged pictures that score above their pristine twin, ties half, with an interval over sources.

    A forged picture with several twins counts once, with the mean over them. A picture without a score counts as 0,
    as in the image-level measures: its tool found nothing.

    Returns:
        None where no pair is complete, or no picture has a score.

    >>> pairs = [Twin("a", "a", 1, 0.9), Twin("a", "a", 0, 0.2), Twin("b", "b", 1, 0.4), Twin("b", "b", 0, 0.4)]
    >>> twin_order(pairs)
    Interval(mean=0.75, low=0.5, high=1.0, n=2)
    """
    if all(picture.score is None for picture in pictures):
        return None
    pristine: dict[str, list[float]] = defaultdict(list)
    for picture in pictures:
        if picture.label == 0:
            pristine[picture.pair].append(picture.score or 0.0)
    forged = [picture for picture in pictures if picture.label == 1 and picture.pair in pristine]
    wins = [_wins(picture.score or 0.0, pristine[picture.pair]) for picture in forged]
    return mean_interval(wins, [picture.source for picture in forged])


def _wins(forged: float, pristine: Sequence[float]) -> float:
    others = np.asarray(pristine)
    return float(((forged > others) + 0.5 * (forged == others)).mean())
