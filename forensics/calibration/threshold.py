"""The score from which a picture is called changed, so that few pristine ones are, whatever their size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# A threshold lies this far above the last score that it must not reach.
_ABOVE = 1e-3
# Parts of the share that was asked for, tried until units left out of the fit keep to the share too.
_PARTS = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)


@dataclass(frozen=True)
class ScoreThreshold:
    """A threshold of the score's logit that is linear in log2 of the megapixels.

    Beyond the sizes it was fitted on it never falls below its value at the nearer end of them: what was not measured
    must not make an answer bolder.

    Attributes:
        intercept: At one megapixel.
        slope: For each doubling of the megapixels.
        smallest: Megapixels of the smallest picture of the fit.
        largest: Of the largest.
        tolerated: Share of the pictures of the fit that may reach it, 0..1.
    """

    intercept: float
    slope: float
    smallest: float
    largest: float
    tolerated: float

    @classmethod
    def fit(cls, logits: ArrayLike, megapixels: ArrayLike, units: Sequence[str], false_alarms: float) -> ScoreThreshold:
        """Fits it to pristine pictures.

        A quantile regression gives the slope, the lowest threshold that a share of the pictures reaches the intercept
        (conformalized quantile regression, Romano et al., NeurIPS 2019). Few units are fitted too closely: the share
        that is tolerated in the fit is lowered until units that are left out are flagged as seldom as asked.

        Args:
            logits: Of the scores of pristine pictures.
            megapixels: Of each.
            units: What each belongs to, its camera, two or more. Every unit weighs the same: all versions of one photo
                count as one.
            false_alarms: Largest share of new pictures that shall be flagged, 0..1.
        """
        pictures = _Pictures(np.asarray(logits, np.float64), np.asarray(megapixels, np.float64), np.asarray(units))
        slopes = _left_out_slopes(pictures, false_alarms)
        weights, tolerated = unit_weights(pictures.units), 0.0
        for part in _PARTS:
            tolerated = part * false_alarms
            flagged = _left_out_flags(pictures, slopes, tolerated)
            if np.average(flagged, weights=weights) <= false_alarms:
                break
        return _at_slope(pictures, _slope(pictures, false_alarms), tolerated)

    def logit(self, megapixels: ArrayLike) -> Array:
        """The threshold for pictures of these sizes."""
        sizes = np.asarray(megapixels, np.float64)
        line = self.intercept + self.slope * np.log2(sizes)
        nearest = self.intercept + self.slope * np.log2(np.clip(sizes, self.smallest, self.largest))
        return np.asarray(np.maximum(line, nearest))

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)


def left_out_flags(
    logits: ArrayLike, megapixels: ArrayLike, units: Sequence[str], false_alarms: float, tolerated: float
) -> NDArray[np.bool_]:
    """Whether each pristine picture is flagged by the threshold that all other units give.

    Args:
        logits: As for :meth:`ScoreThreshold.fit`.
        megapixels: Likewise.
        units: Likewise.
        false_alarms: Likewise.
        tolerated: Share of the pictures of each fit that may reach its threshold.
    """
    pictures = _Pictures(np.asarray(logits, np.float64), np.asarray(megapixels, np.float64), np.asarray(units))
    return _left_out_flags(pictures, _left_out_slopes(pictures, false_alarms), tolerated)


def lowest_threshold(values: ArrayLike, weights: ArrayLike, tolerated: float) -> float:
    """The lowest number that values of at most a share of the weight reach.

    Args:
        values: Of pristine pictures, larger is more suspicious.
        weights: Of each.
        tolerated: Share of the total weight, 0..1.

    Returns:
        A hair above the highest value that must not reach it.

    >>> round(lowest_threshold([3.0, 1.0, 2.0, 4.0], [1, 1, 1, 1], 0.25), 6)
    3.001
    """
    found, mass = np.asarray(values, np.float64), np.asarray(weights, np.float64)
    order = np.argsort(found, kind="stable")
    # Of equal values either all reach a threshold or none.
    upto = np.cumsum(mass[order])[np.searchsorted(found[order], found[order], side="right") - 1]
    allowed = mass.sum() - upto <= tolerated * mass.sum() + 1e-9 * mass.sum()
    return float(found[order][allowed][0]) + _ABOVE


def unit_weights(units: ArrayLike) -> Array:
    """One over the number of pictures of the same unit, ``[n]``: all units weigh the same."""
    _, place, counts = np.unique(np.asarray(units, dtype=str), return_inverse=True, return_counts=True)
    return np.asarray(1 / counts[place])


@dataclass(frozen=True, eq=False)
class _Pictures:
    logits: Array
    megapixels: Array
    units: NDArray[np.str_]

    def of(self, rows: NDArray[np.bool_]) -> _Pictures:
        return _Pictures(self.logits[rows], self.megapixels[rows], self.units[rows])


def _slope(pictures: _Pictures, false_alarms: float) -> float:
    from sklearn.linear_model import QuantileRegressor

    doublings = np.log2(pictures.megapixels)
    if np.ptp(doublings) == 0:
        return 0.0
    line = QuantileRegressor(quantile=1 - false_alarms, alpha=0.0)
    weights = unit_weights(pictures.units)
    return float(line.fit(doublings[:, None], pictures.logits, sample_weight=weights).coef_[0])


def _at_slope(pictures: _Pictures, slope: float, tolerated: float) -> ScoreThreshold:
    level = pictures.logits - slope * np.log2(pictures.megapixels)
    intercept = lowest_threshold(level, unit_weights(pictures.units), tolerated)
    sizes = pictures.megapixels
    return ScoreThreshold(intercept, slope, float(sizes.min()), float(sizes.max()), tolerated)


def _left_out_slopes(pictures: _Pictures, false_alarms: float) -> dict[str, float]:
    units = np.unique(pictures.units)
    return {str(unit): _slope(pictures.of(pictures.units != unit), false_alarms) for unit in units}


def _left_out_flags(pictures: _Pictures, slopes: dict[str, float], tolerated: float) -> NDArray[np.bool_]:
    flagged = np.zeros(len(pictures.logits), dtype=bool)
    for unit, slope in slopes.items():
        own = pictures.units == unit
        threshold = _at_slope(pictures.of(~own), slope, tolerated)
        flagged[own] = pictures.logits[own] >= threshold.logit(pictures.megapixels[own])
    return flagged
