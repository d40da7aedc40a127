"""Risk against coverage: how wrong the answers are that are given, if only the most confident ones are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Sums of losses are rounded: a mean that equals the risk asked for must not miss it by the last bit.
_TOLERANCE = 1e-9

Numbers = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True)
class RiskCoverage:
    """The mean loss of the most confident answers, for every number of them.

    Answers of equal confidence cannot be told apart: each stands for the mean of its ties, which is what any order
    of them gives on average.

    Attributes:
        coverage: float64 ``[n]``, 1/n .. 1: the share of pictures that is answered.
        risk: float64 ``[n]``: their mean loss.
        reachable: bool ``[n]``: whether a threshold of the confidence gives just this coverage.
        oracle_risk: float64 ``[n]``: the risk if confidence knew the losses.
    """

    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    reachable: NDArray[np.bool_]
    oracle_risk: NDArray[np.float64]

    @classmethod
    def of(cls, confidences: Numbers, losses: Numbers) -> RiskCoverage:
        """The curve of a set.

        Args:
            confidences: One number a picture, larger is surer; finite.
            losses: What each answer costs, such as 0 or 1, or 1 - F1.

        Raises:
            ValueError: The two differ in length, are empty or not finite.
        """
        confidence, loss = np.asarray(confidences, np.float64), np.asarray(losses, np.float64)
        if confidence.shape != loss.shape or confidence.ndim != 1 or not confidence.size:
            raise ValueError(f"one confidence and one loss a picture, not {confidence.shape} and {loss.shape}")
        if not (np.isfinite(confidence).all() and np.isfinite(loss).all()):
            raise ValueError("confidences and losses must be finite")
        order = np.argsort(-confidence, kind="stable")
        _, group, sizes = np.unique(-confidence[order], return_inverse=True, return_counts=True)
        shared = np.bincount(group, loss[order]) / sizes
        count = np.arange(1, len(loss) + 1)
        ends = np.zeros(len(loss), dtype=bool)
        ends[np.cumsum(sizes) - 1] = True
        return cls(count / len(loss), np.cumsum(shared[group]) / count, ends, np.cumsum(np.sort(loss)) / count)

    @property
    def aurc(self) -> float:
        """Area under the curve: the mean of the risk over all coverages; lower is better.

        >>> RiskCoverage.of([0.9, 0.8, 0.1], [0, 0, 1]).aurc
        0.1111111111111111
        """
        return float(self.risk.mean())

    @property
    def excess_aurc(self) -> float:
        """That area less the smallest one these losses allow; 0 is the best (Geifman et al. 2019).

        >>> RiskCoverage.of([0.9, 0.8, 0.1], [0, 0, 1]).excess_aurc
        0.0
        """
        return float((self.risk - self.oracle_risk).mean())

    def risk_at(self, coverage: float) -> float:
        """Risk when at least this share (0..1) of the pictures is answered, and no more than needed."""
        return float(self.risk[min(len(self.risk) - 1, int(np.searchsorted(self.coverage, coverage - 1e-12)))])

    def coverage_at(self, risk: float) -> float:
        """Largest coverage that a threshold can give with a risk of at most this (to 1e-9); 0 if none can.

        It is chosen on the very pictures it is measured on: for a promise about others see
        :mod:`forensics.calibration.conformal`.
        """
        fits = self.coverage[self.reachable & (self.risk <= risk + _TOLERANCE)]
        return float(fits.max()) if fits.size else 0.0
