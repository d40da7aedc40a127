"""What the file headers alone tell about the labels: the baseline of detection.

The baselines of localization, the content-free prior and the map that marks everything, stand in every measure of a
protocol; see :mod:`forensics.evaluation.prior`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.bootstrap import Interval, auc_interval, statistic_interval, weighted_auc
from forensics.evaluation.container import header_scores


@dataclass(frozen=True)
class HeaderBaseline:
    """How well the headers alone tell forged from authentic, beside the scores of the pictures.

    Attributes:
        auc: Area under the ROC curve of the headers, out of fold, on all scored pictures; None where no classifier
            could be trained.
        gain: AUC of the picture scores less that of the headers, or less 0.5 where that is higher; paired. A missing
            score counts as 0, as in the image-level measures. None where no picture has a score.
        reason: Why there is no AUC.
    """

    auc: Interval | None
    gain: Interval | None = None
    reason: str | None = None


def header_baseline(
    headers: Sequence[NDArray[np.float32]],
    labels: Sequence[int],
    sources: Sequence[str],
    scores: Sequence[float | None],
) -> HeaderBaseline | None:
    """Trains on the headers in five folds by source and scores what was held out.

    Args:
        headers: :func:`forensics.evaluation.container.header_row` of every picture.
        labels: 1 forged, 0 authentic.
        sources: The source of each picture.
        scores: Of the pictures; None where there is none.

    Returns:
        None where a class is missing: there is nothing to tell apart.
    """
    if len(set(labels)) < 2:
        return None
    found = header_scores(np.stack(headers), labels, sources)
    if found.scores is None:
        return HeaderBaseline(None, reason=found.reason)
    gain = None
    if any(score is not None for score in scores):
        ours, headers_alone = (
            weighted_auc([score or 0.0 for score in scores], labels),
            weighted_auc(found.scores, labels),
        )
        gain = statistic_interval(
            # Where twins are not named, folds part them, and a classifier that knows one gets the other wrong.
            lambda weights: ours(weights) - np.maximum(headers_alone(weights), 0.5),
            len(labels),
            sources,
        )
    return HeaderBaseline(auc_interval(found.scores, labels, sources), gain)
