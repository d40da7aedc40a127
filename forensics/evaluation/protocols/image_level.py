"""How well the scores of whole pictures tell forged from authentic ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.bootstrap import Statistic, weighted_auc
from forensics.evaluation.metrics import THRESHOLD
from forensics.evaluation.protocols.measure import Measure, PictureScores
from forensics.evaluation.protocols.summary import present, scores_and_labels, statistic_measure

# Fewer authentic pictures say too little about one in twenty.
MANY_AUTHENTIC = 100
FALSE_POSITIVE_RATE = 0.05

Weights = NDArray[np.float64]


def image_measures(protocol: str, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
    """AUC, AP, balanced accuracy, false alarms and, with enough authentic pictures, hits at 5 % false alarms.

    Where some picture has a score, one without counts as 0: its tool found nothing.
    """
    if all(picture.score is None for picture in pictures):
        return ()
    scores, labels = scores_and_labels(pictures)
    missing = sum(picture.score is None for picture in pictures)
    silent = f"; {missing} without a score count as 0" if missing else ""
    authentic = [picture for picture in pictures if picture.label == 0]

    def measure(quantity: str, statistic: Statistic, note: str) -> Measure | None:
        return statistic_measure(f"{protocol}/{quantity}", pictures, statistic, note + silent)

    container = "image level; if the two classes were saved differently, the container alone can drive it"
    found = [
        measure("score_auc", weighted_auc(scores, labels), container),
        measure("score_ap", average_precision_of(scores, labels), "image level; forged is the positive class"),
        measure("score_balanced_accuracy", balanced_accuracy_of(scores, labels), "image level; score >= 0.5"),
    ]
    if authentic:
        flagged = np.array([(picture.score or 0.0) >= THRESHOLD for picture in authentic])
        note = f"authentic pictures: share with a score of 0.5 and above{silent}"
        rate = _rate(flagged, np.ones_like(flagged))
        found.append(statistic_measure(f"{protocol}/false_alarm_pictures", authentic, rate, note))
    if len(authentic) >= MANY_AUTHENTIC:
        note = f"image level; share of forged pictures found at no more than 5 % of {len(authentic)} authentic ones"
        found.append(measure("score_tpr@fpr5%", hits_at_few_false_alarms(scores, labels), note))
    return present(found)


def average_precision_of(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> Statistic:
    """Average precision, equal scores in one step, as a statistic of weights.

    >>> found = average_precision_of(np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False]))
    >>> found(np.ones((1, 4)))
    array([0.83333333])
    """
    ends, order = _levels(scores)

    def statistic(weights: Weights) -> Weights:
        hits, alarms = _curve(weights, labels, ends, order)
        precision = np.divide(hits, hits + alarms, out=np.zeros_like(hits), where=hits + alarms > 0)
        summed = (np.diff(hits, axis=1, prepend=0.0) * precision).sum(1)
        return _defined(summed, hits[:, -1], alarms[:, -1]) / np.maximum(hits[:, -1], 1)

    return statistic


def hits_at_few_false_alarms(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> Statistic:
    """The largest true positive rate whose false positive rate is 5 % or less, as a statistic of weights.

    >>> scores = np.array([0.9, 0.3, 0.5, *[0.1] * 19])
    >>> found = hits_at_few_false_alarms(scores, np.array([True, True, *[False] * 20]))
    >>> found(np.ones((1, 22)))
    array([1.])
    """
    ends, order = _levels(scores)

    def statistic(weights: Weights) -> Weights:
        hits, alarms = _curve(weights, labels, ends, order)
        allowed = alarms <= FALSE_POSITIVE_RATE * alarms[:, -1:] + 1e-9
        best = np.where(allowed, hits, 0.0).max(1)
        return _defined(best, hits[:, -1], alarms[:, -1]) / np.maximum(hits[:, -1], 1)

    return statistic


def balanced_accuracy_of(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> Statistic:
    """Mean of the shares of either class that are called right at 0.5, as a statistic of weights.

    >>> found = balanced_accuracy_of(np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False]))
    >>> found(np.ones((1, 4)))
    array([0.75])
    """
    marked = scores >= THRESHOLD
    found, quiet = _rate(marked, labels), _rate(~marked, ~labels)
    return lambda weights: (found(weights) + quiet(weights)) / 2


def _rate(flags: NDArray[np.bool_], among: NDArray[np.bool_]) -> Statistic:
    def statistic(weights: Weights) -> Weights:
        total = weights @ among.astype(np.float64)
        part = weights @ (flags & among).astype(np.float64)
        found = np.full(len(total), np.nan)
        return np.asarray(np.divide(part, total, out=found, where=total > 0))

    return statistic


def _levels(scores: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pictures from the highest score down, and the last place of each distinct score."""
    order = np.argsort(-scores, kind="stable")
    return np.flatnonzero(np.diff(scores[order], append=-np.inf)), order


def _curve(
    weights: Weights, labels: NDArray[np.bool_], ends: NDArray[np.intp], order: NDArray[np.intp]
) -> tuple[Weights, Weights]:
    """Weights of the forged and of the authentic pictures at or above each distinct score."""
    drawn, forged = weights[:, order], labels[order]
    return np.cumsum(drawn * forged, axis=1)[:, ends], np.cumsum(drawn * ~forged, axis=1)[:, ends]


def _defined(values: Weights, positive: Weights, negative: Weights) -> Weights:
    """NaN where a class has no weight."""
    return np.where((positive > 0) & (negative > 0), values, np.nan)
