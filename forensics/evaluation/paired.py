"""One measure of two tools on the same pictures: which is better, and is that more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from forensics.evaluation.bootstrap import Interval, auc_difference, paired_difference, weighted_auc
from forensics.evaluation.measure_name import MeasuredPicture, MeasureName

# What is shown as 0.001.
SMALLEST_SHOWN = 0.0005

Verdict = Literal["better", "worse", "not shown to differ"]


@dataclass(frozen=True)
class Compared:
    """One measure of both.

    Attributes:
        name: Of the measure.
        first: Of the first tool, over the shared pictures.
        second: Of the second.
        difference: Second less first with its 95 % interval, paired by picture, sources drawn anew.
        prior: Of the content-free prior; None where there is none or not all pictures are shared.
    """

    name: str
    first: float
    second: float
    difference: Interval
    prior: float | None = None

    @property
    def verdict(self) -> Verdict:
        """What the second is: better or worse only where the interval leaves zero out, in the digits shown."""
        return judge(self.difference, lower_is_better=MeasureName.parse(self.name).lower_is_better)

    def to_json(self) -> dict[str, Any]:
        """The fields and the verdict as plain values."""
        return {**asdict(self), "verdict": self.verdict}


def judge(difference: Interval, *, lower_is_better: bool = False) -> Verdict:
    """A difference in words.

    >>> judge(Interval(0.1, 0.02, 0.18, 50)), judge(Interval(0.1, -0.02, 0.22, 50))
    ('better', 'not shown to differ')
    >>> judge(Interval(0.1, 0.02, 0.18, 50), lower_is_better=True)
    'worse'
    """
    if difference.low >= SMALLEST_SHOWN:
        return "worse" if lower_is_better else "better"
    if difference.high <= -SMALLEST_SHOWN:
        return "better" if lower_is_better else "worse"
    return "not shown to differ"


def compare_means(
    name: str, quantity: str, pairs: Sequence[tuple[MeasuredPicture, MeasuredPicture]], prior: float | None = None
) -> Compared | None:
    """The means of a quantity over pictures that all define it; None without any.

    Args:
        name: Of the measure.
        quantity: Name of the number of single pictures.
        pairs: Each picture as the first and as the second tool measured it.
        prior: Of the content-free prior on these pictures.
    """
    first, second = ([picture.values[quantity] for picture in side] for side in _sides(pairs))
    difference = paired_difference(second, first, [one.source for one, _ in pairs])
    if difference is None:
        return None
    return Compared(name, float(np.mean(first)), float(np.mean(second)), difference, prior)


def compare_score_auc(name: str, pairs: Sequence[tuple[MeasuredPicture, MeasuredPicture]]) -> Compared | None:
    """The AUCs of the scores of whole pictures, no score counting as 0; None where a class is missing."""
    first, second = _sides(pairs)
    areas = score_auc(first), score_auc(second)
    before, after = ([picture.score or 0.0 for picture in side] for side in (first, second))
    labels, sources = [picture.label == 1 for picture in first], [picture.source for picture in first]
    difference = auc_difference(after, before, labels, sources)
    if areas[0] is None or areas[1] is None or difference is None:
        return None
    return Compared(name, areas[0], areas[1], difference)


def score_auc(pictures: Sequence[MeasuredPicture]) -> float | None:
    """The AUC of the scores of whole pictures, no score counting as 0; None where a class is missing."""
    scores, labels = [picture.score or 0.0 for picture in pictures], [picture.label == 1 for picture in pictures]
    area = float(weighted_auc(scores, labels)(np.ones((1, len(scores))))[0])
    return None if np.isnan(area) else area


def _sides(
    pairs: Sequence[tuple[MeasuredPicture, MeasuredPicture]],
) -> tuple[list[MeasuredPicture], list[MeasuredPicture]]:
    return [one for one, _ in pairs], [other for _, other in pairs]
