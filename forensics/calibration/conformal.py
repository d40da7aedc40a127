"""Thresholds that keep a promise about cameras that were never seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def conformal_threshold(scores: Sequence[float], units: Sequence[str], false_alarms: float) -> float:
    """Threshold that a pristine picture of a new unit exceeds with a chance of at most ``false_alarms``.

    Photos of one camera resemble each other, so cameras are the unit: each weighs 1 / (K + 1) whatever the number
    of its photos, and the camera to come weighs as much, at infinity (hierarchical conformal prediction, Lee,
    Barber and Willett, arXiv 2306.06342). The promise holds on average over calibrations, if the new camera is
    drawn as those of the calibration were; a picture that was edited, resized or saved anew in another way is
    not.

    Args:
        scores: Of pristine pictures, larger is more suspicious; finite.
        units: The camera of each.
        false_alarms: The chance allowed, 0..1.

    Returns:
        Call a score *above* it changed. Infinite with fewer than ``1 / false_alarms - 1`` units: nothing can be
        promised then.

    Raises:
        ValueError: The two differ in length or are empty.

    >>> conformal_threshold([0.1, 0.2, 0.3], ["a", "b", "c"], 0.25)
    0.3
    >>> conformal_threshold([0.1, 0.2, 0.3], ["a", "b", "c"], 0.5)
    0.2
    >>> conformal_threshold([0.1, 0.2, 0.3], ["a", "b", "c"], 0.05)
    inf
    """
    if len(scores) != len(units) or not len(scores):
        raise ValueError(f"one unit a score, not {len(units)} and {len(scores)}")
    values = np.asarray(scores, np.float64)
    names, place, counts = np.unique(np.asarray(units), return_inverse=True, return_counts=True)
    weights = 1 / counts[place] / (len(names) + 1)
    order = np.argsort(values, kind="stable")
    # The mass up to and including each score; rounding must not lose the last one.
    reached = np.cumsum(weights[order]) >= 1 - false_alarms - 1e-9
    return float(values[order][reached][0]) if reached.any() else float("inf")
