"""What auxiliary heads learn to tell of a history, and how flips and cuts change it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.training.history.history import History

UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Targets:
    """Facts of R histories.

    Attributes:
        phase: int64 ``[R, 2]``: row and column, 0..7, at which the newest earlier grid of blocks begins; -1 if none.
        quality: float32 ``[R]``: quality of that grid's saving in 0..1; -1 if none.
        scale: float32 ``[R]``: binary logarithm of the change of size.
    """

    phase: NDArray[np.int64]
    quality: NDArray[np.float32]
    scale: NDArray[np.float32]

    @classmethod
    def of(cls, histories: tuple[History, ...]) -> Targets:
        """The targets of patches as they were rendered."""
        phases, qualities = [], []
        for history in histories:
            # a change of size takes the grid of blocks away
            first = history.first_save if history.resampling is None else None
            save = history.second_save or first
            phases.append((UNKNOWN, UNKNOWN) if save is None else tuple(-shift % 8 for shift in history.shift))
            qualities.append(UNKNOWN if save is None else save.quality / 100)
        scales = np.log2([history.scale for history in histories])
        return cls(np.array(phases, np.int64), np.array(qualities, np.float32), scales.astype(np.float32))

    def cut(self, top: int, left: int) -> Targets:
        """After so many rows and columns were cut away at the beginning."""
        return self._with(self.phase - np.array([top, left]))

    def turned(self, turn: int) -> Targets:
        """After :func:`forensics.training.history.factorial.turned`, for sides that are multiples of 8."""
        rows, columns = self.phase.T
        phase = np.stack([-rows if turn & 1 else rows, -columns if turn & 2 else columns], axis=1)
        return self._with(phase[:, ::-1] if turn & 4 else phase)

    def _with(self, phase: NDArray[np.int64]) -> Targets:
        known = self.quality >= 0
        return Targets(np.where(known[:, None], phase % 8, UNKNOWN), self.quality, self.scale)
