"""Whether two areas are copies: an a-contrario decision on how little their noise differs.

The null hypothesis is that the two areas are different shots, of anything, also of one thing: then their band differs
by the noise of both at least. The differences of cells are divided by the least they may be; the number of cells that
fall below fixed ratios, in square windows of fixed sizes, has a binomial tail; that times the number of windows,
levels and maps that are looked at is the expected number of false alarms in a picture
(Desolneux, Moisan and Morel, "From Gestalt Theory to Image Analysis", 2008, chapter 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from signals.copymove.refinement import Comparison
from signals.copymove.residuals import Cells

# Ratios, and the share of cells assumed to fall below them where nothing is copied: set by hand, not fitted.
LEVELS = (0.5, 0.35, 0.25, 0.12)
CHANCES = (0.1, 0.04, 0.01, 0.003)
WINDOWS = (3, 5, 9, 17, 33)
_LEAST_ENERGY = 0.1
# So many maps are tested in a picture at most.
_MAPS = 100
_MOST_DECADES = 250.0


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the noise of two areas says.

    Attributes:
        decades: -log10 of the expected number of false alarms of the best window at each cell of 8x8 pixels.
        ratio: float32 ``[h, w]`` on cells of 4x4: difference over the least that two shots would show.
    """

    decades: NDArray[np.float32]
    ratio: Cells

    @property
    def is_promising(self) -> bool:
        """Whether any window holds more agreeing cells than untouched photos show on average."""
        return bool(self.decades.size) and self.best > float(self.decades.min())

    @property
    def best(self) -> float:
        """The decades of the best window."""
        return float(self.decades.max(initial=-np.inf))


def least_difference(comparison: Comparison, floors: Cells, compression: Cells) -> Cells:
    """The mean squared difference that two shots of the same thing show at least.

    Args:
        comparison: Both ends.
        floors: Variance of noise at the cells, the lesser of both ends.
        compression: What a copy may differ by as it was compressed after the copying; it is not held against it, as
            long as the picture differs from itself by more.
    """
    allowed = np.maximum(2 * floors, compression)
    return np.asarray(np.minimum(2 * comparison.energy, allowed), dtype=np.float32)


def decide(
    comparison: Comparison, floors: Cells, compression: Cells, pixels: int, told: NDArray[np.bool_] | None = None
) -> Verdict:
    """Counts false alarms.

    Args:
        comparison: Both ends of a map.
        floors: As :func:`least_difference`.
        compression: As :func:`least_difference`.
        pixels: Size of the picture.
        told: Cells that may count; all if None.
    """
    least = least_difference(comparison, floors, compression)
    counts = comparison.inside & (comparison.energy > _LEAST_ENERGY)
    if told is not None:
        counts &= told
    ratio = np.where(comparison.inside, comparison.difference / np.maximum(least, 1e-3), np.float32(np.inf))
    weight = _pooled(counts.astype(np.float32))
    difference = _pooled(np.where(counts, comparison.difference, 0))
    bound = _pooled(np.where(counts, least, 0))
    valid = weight > 0.7
    pooled = difference / np.maximum(bound, 1e-3)
    tests = np.log10(_MAPS * max(pixels / 64, 1) * len(LEVELS) * len(WINDOWS))
    decades = np.full(valid.shape, -tests, dtype=np.float32)
    count = valid.astype(np.float32)
    for level, chance in zip(LEVELS, CHANCES, strict=True):
        below = (valid & (pooled < level)).astype(np.float32)
        for window in WINDOWS:
            if window > 3 and window > 2 * max(valid.shape):
                break
            of = _sum(count, window)
            hits = _sum(below, window)
            rare = hits > of * chance + 2
            if not rare.any():
                continue
            tail = bdtrc(hits[rare] - 1, of[rare].astype(np.int64), chance)
            found = -np.log10(np.maximum(tail, 10.0**-_MOST_DECADES)) - tests
            decades[rare] = np.maximum(decades[rare], found)
    return Verdict(decades, ratio.astype(np.float32))


def _pooled(cells: Cells) -> Cells:
    """Means of 2x2 cells."""
    height, width = cells.shape[0] // 2, cells.shape[1] // 2
    whole = cells[: 2 * height, : 2 * width].astype(np.float32)
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _sum(cells: Cells, window: int) -> NDArray[np.float64]:
    """Sum over the window around each cell, whole numbers."""
    total = cv2.boxFilter(cells, cv2.CV_64F, (window, window), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(np.rint(total), dtype=np.float64)
