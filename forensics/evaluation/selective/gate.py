"""The gate that a learned confidence must beat: what the file's facts alone say of the loss to come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forensics.evaluation.selective.judged import Array

FOLDS = 5


def file_gate(facts: Array, losses: Sequence[float], sources: Sequence[str]) -> Array | None:
    """Confidence from size and compression alone, each picture judged by a model that never saw its source.

    Gradient boosting predicts the loss; five folds keep sources whole.

    Args:
        facts: ``[n, k]``, NaN where a file has no such fact.
        losses: One a picture.
        sources: The source of each.

    Returns:
        Less the predicted loss, ``[n]``; None with fewer sources than folds or without facts.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.model_selection import GroupKFold

    if facts.size == 0 or len(set(sources)) < FOLDS:
        return None
    loss, confidence = np.asarray(losses, np.float64), np.zeros(len(losses))
    # A column of NaN alone has no bins.
    filled = np.where(np.isnan(facts).all(axis=0), 0.0, facts)
    for known, held_out in GroupKFold(FOLDS).split(filled, loss, list(sources)):
        model = HistGradientBoostingRegressor(max_iter=60, min_samples_leaf=10, early_stopping=False, random_state=0)
        confidence[held_out] = -model.fit(filled[known], loss[known]).predict(filled[held_out])
    return confidence
