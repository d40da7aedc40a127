"""How rare a statistic is on untouched photos: the common scale of all score maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.errors import ForensicsError
from signals.untouched import untouched_values

# A score of 1 means: one cell in 10 ** 4 of untouched photos.
DECADES = 4
_STEPS = 33
SCORES: NDArray[np.float64] = np.linspace(0, 1, _STEPS)


def anchors(statistics: NDArray[np.float32]) -> NDArray[np.float64]:
    """The values that 10 ** (-4 s) of the given cells reach, for s = 0, 1/32, .. 1.

    Args:
        statistics: Raw values of valid cells of untouched photos, any shape.
    """
    return np.asarray(np.quantile(statistics, 1 - 10.0 ** (-DECADES * SCORES)), dtype=np.float64)


def rarity(statistic: NDArray[np.float32], reference: NDArray[np.float64]) -> NDArray[np.float32]:
    """Raw values to scores.

    Args:
        statistic: Raw values of any shape; high means altered. What is not finite scores 0.
        reference: What :func:`anchors` gives for untouched photos.

    Returns:
        float32 of the same shape in 0..1: s means that ``10 ** (-4 s)`` of the cells of untouched photos reach the
        value. So .25 is one in 10, .5 one in 100, .75 one in 1000, 1 one in 10,000 or fewer.
    """
    # Of equal anchors the first holds: so many cells or more reach that value.
    values, first = np.unique(reference, return_index=True)
    scores = np.interp(statistic, values, SCORES[first], left=0.0)
    # Only what lies above every reference may score more than the last anchor that differs from the others.
    scores = np.where(np.asarray(statistic) > values[-1], 1.0, scores)
    return np.where(np.isfinite(statistic), scores, 0.0).astype(np.float32)


def pristine_anchors(name: str) -> NDArray[np.float64]:
    """The anchors that ship for a built-in score, measured on untouched photos by ``benchmarks/pristine.py``.

    Raises:
        ForensicsError: There are none for that signal.
    """
    reference = untouched_values(name)
    if reference is None:
        message = f"{name}: no reference of untouched photos ships for this score; the installation is not whole"
        raise ForensicsError(f"{message}; reinstall tracefuse.")
    return reference


def untouched_scores(reference: NDArray[np.float64], count: int) -> NDArray[np.float32]:
    """Scores of ``count`` evenly spaced quantiles of untouched photos, ascending: float32 ``[count]``."""
    tails = 1 - (np.arange(count) + 0.5) / count
    return rarity(np.interp(-np.log10(tails) / DECADES, SCORES, reference).astype(np.float32), reference)
