"""Signals whose maps say, cell by cell, how rarely untouched photos look like this."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.rarity import pristine_anchors, rarity
from signals.signal import SignalMap, SignalSpec, Unusable


@dataclass(frozen=True, eq=False)
class Statistic:
    """What a method computes, in the units of its paper.

    Attributes:
        values: float ``[h, w]`` on the signal's grid; high means altered.
        valid: bool ``[h, w]``; values elsewhere are ignored and may be anything.
    """

    values: NDArray[Any]
    valid: NDArray[np.bool_]


class Score(ABC):
    """A signal of kind ``score``: a method's raw statistic on the common scale of :func:`signals.rarity.rarity`."""

    spec: ClassVar[SignalSpec]
    reads: ClassVar[str]
    blind_when: ClassVar[str]

    @abstractmethod
    def measure(self, evidence: Evidence) -> Statistic:
        """The raw statistic.

        Raises:
            Unusable: The picture holds nothing for this method to read.
        """

    def extract(self, evidence: Evidence) -> SignalMap:
        """The statistic as a score in 0..1; see :func:`signals.rarity.rarity` for its meaning."""
        try:
            statistic = self.measure(evidence)
        except Unusable as reason:
            return SignalMap.unusable(self.spec, str(reason))
        valid = statistic.valid & np.isfinite(statistic.values)
        scores = rarity(np.asarray(statistic.values, dtype=np.float32), pristine_anchors(self.spec.name))
        return SignalMap(self.spec, np.where(valid, scores, np.float32(0))[None], valid)


def score_spec(
    name: str, version: str, stride: int, *, offset: int = 0, parameters: Mapping[str, Any] | None = None
) -> SignalSpec:
    """The specification of a score: one float32 channel in 0..1."""
    return SignalSpec(
        name, version, dict(parameters or {}), stride=stride, offset=offset, kind="score", range=(0.0, 1.0)
    )
