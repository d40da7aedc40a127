"""One number for a family of levels: the area under its curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.bootstrap import Interval, mean_interval, statistic_interval, weighted_auc
from forensics.evaluation.evaluate import Evaluation
from forensics.evaluation.measure_name import MeasureName
from forensics.evaluation.protocols import PictureScores

SCORE_AUC = "score_auc"
CHANCE = 0.5
DEFINITION = (
    "Area: the levels of a family, untouched pictures first and the strongest level last, stand evenly spaced from 0 "
    "to 1; the trapezoids below the curve, so that a measure that stays what it was has an area of its own value. Over "
    "the pictures that were scored at every level of the family; intervals by the bootstrap over sources."
)


@dataclass(frozen=True)
class Area:
    """The area under one measure over one family.

    Attributes:
        family: The family.
        measure: Name of the measure.
        levels: How many levels there are, the untouched pictures among them.
        value: The area with its interval; no interval (None) where the protocol keeps nothing of single pictures.
        area: The area itself.
        prior: The area of the content-free prior, or of chance for the AUC of scores; None without one.
        clean: The measure of the untouched pictures, over the same ones.
    """

    family: str
    measure: str
    levels: int
    area: float
    value: Interval | None
    prior: float | None
    clean: float


def trapezoid_weights(levels: int) -> NDArray[np.float64]:
    """What each of some evenly spaced levels weighs in the area; they add up to 1.

    >>> trapezoid_weights(3)
    array([0.25, 0.5 , 0.25])
    """
    weights = np.full(levels, 1.0)
    if levels > 1:
        weights[[0, -1]] = 0.5
    return np.asarray(weights / weights.sum())


def area_of(family: str, measure: str, levels: Sequence[Evaluation]) -> Area | None:
    """The area under a measure.

    Args:
        family: The family.
        measure: Name of the measure, ``protocol/quantity``.
        levels: Evaluations of the untouched pictures and of every level, in order.

    Returns:
        None where a level lacks the measure.
    """
    found = [{one.name: one for one in level.measures}.get(measure) for level in levels]
    known = [one for one in found if one is not None]
    if len(known) < len(levels):
        return None
    weights = trapezoid_weights(len(levels))
    priors = [CHANCE if measure.endswith(SCORE_AUC) else one.prior.mean if one.prior else None for one in known]
    blind = [prior for prior in priors if prior is not None]
    prior = float(weights @ blind) if len(blind) == len(levels) else None
    values = [one.value for one in known]
    rows = _at_every_level(levels)
    name = MeasureName.parse(measure)
    interval = None
    if name.quantity == SCORE_AUC:
        interval = _score_auc(rows, weights)
    elif name.is_mean(values[0], (picture.scores for picture in levels[0].pictures)):
        interval = _mean(rows, name, weights)
    if interval is None:
        return Area(family, measure, len(levels), float(weights @ values), None, prior, values[0])
    return Area(family, measure, len(levels), interval.mean, interval, prior, values[0])


def _at_every_level(levels: Sequence[Evaluation]) -> list[tuple[PictureScores, ...]]:
    """The pictures that were scored everywhere, each with its scores by level."""
    by_level = [{picture.scores.image: picture.scores for picture in level.pictures} for level in levels]
    return [tuple(known[image] for known in by_level) for image in by_level[0] if all(image in k for k in by_level)]


def _mean(
    rows: Sequence[tuple[PictureScores, ...]], name: MeasureName, weights: NDArray[np.float64]
) -> Interval | None:
    quantity = name.of_picture
    chosen = [
        row
        for row in rows
        if name.covers(row[0].label, row[0].mask_meaning) and all(quantity in scores.values for scores in row)
    ]
    areas = [float(weights @ [scores.values[quantity] for scores in row]) for row in chosen]
    return mean_interval(areas, [row[0].source for row in chosen])


def _score_auc(rows: Sequence[tuple[PictureScores, ...]], weights: NDArray[np.float64]) -> Interval | None:
    """A picture without a score counts as 0, as in the measure."""
    labels = [row[0].label == 1 for row in rows]
    curves = [weighted_auc([scores.score or 0.0 for scores in level], labels) for level in zip(*rows, strict=True)]
    return statistic_interval(
        lambda drawn: sum((weight * auc(drawn) for weight, auc in zip(weights, curves, strict=True)), np.zeros(1)),
        len(rows),
        [row[0].source for row in rows],
    )
