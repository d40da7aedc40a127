"""Areas with less noise than the rest of the picture allows for.

After Gardella, Muse, Morel and Colom, "Noisesniffer: a fully automatic image forgery detector based on noise
analysis", IWBF 2021: if noise depends on brightness alone, the quietest patches lie among the smooth ones by chance;
where they gather, the number of false alarms says how unlikely that is. Here the regions tested are squares.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.noise.noise_wavelet import rounded_luma
from signals.noise.quiet_patches import SIDE, STEP, patches, select
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

_CELL, _MIN_SIZE = 16, 32
# Sides of the squares that are tested, in cells.
SQUARES = (2, 4, 8, 16)
# Overlapping patches count as the number of separate ones that cover as many pixels.
_INDEPENDENT = STEP * STEP / (SIDE * SIDE)


class NoiseLow(Score):
    """-log10 of the number of false alarms of the best of the squares of 32 to 256 pixels that hold the cell.

    High means suspiciously little noise for smooth areas of this brightness. 0 where no square stands out. Areas
    without any patch that is neither flat nor clipped are not valid.
    """

    spec = score_spec("noise_low", "1", _CELL, parameters={"squares": [side * _CELL for side in SQUARES]})
    reads = (
        "Reads where smooth areas carry less noise than equally bright smooth areas elsewhere, as after blurring, "
        "downsizing, painting over or pasting from a cleaner picture."
    )
    blind_when = (
        "Misses parts with more noise than the rest, marks blurred backgrounds of untouched photos too, and sees "
        "little when compression has removed the noise of the whole picture."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """-log10 of the number of false alarms, at least 0."""
        if min(evidence.height, evidence.width) < _MIN_SIZE:
            raise Unusable(f"The picture is smaller than {_MIN_SIZE} x {_MIN_SIZE} pixels.")
        # Rows that a cut file does not hold must not enter the shares.
        luma = rounded_luma(evidence.pixels[: evidence.decoded_rows])
        if len(luma) < _MIN_SIZE:
            raise Unusable("Too little of the picture is there.")
        grid = self.spec.grid(evidence.height, evidence.width)
        found = patches(luma)
        if not found.usable.any():
            raise Unusable("The picture is flat or clipped everywhere; it has no noise to read.")
        smooth, quiet = select(found)
        values = false_alarms(_cell_counts(smooth, grid), _cell_counts(quiet, grid))
        return Statistic(values, decoded_cells(self.spec, evidence) & (_cell_counts(found.usable, grid) > 0))


def false_alarms(smooth: NDArray[np.int64], quiet: NDArray[np.int64]) -> NDArray[np.float32]:
    """-log10 of the number of false alarms of the best square around each cell.

    Every square is tested: of n independent smooth patches k are quiet, each with the probability p that it has in
    the whole picture. The tail of the binomial law is at most exp(-n D(k/n || p)) (Hoeffding 1963), D being the
    relative entropy; that bound times the number of squares is the number of false alarms.

    Args:
        smooth: int64 ``[h, w]``: smooth patches in each cell.
        quiet: int64 ``[h, w]``: how many of these are quiet.

    Returns:
        float32 ``[h, w]``, 0 where no square has fewer than one false alarm.
    """
    share = quiet.sum() / max(int(smooth.sum()), 1)
    sides = [side for side in SQUARES if side <= min(smooth.shape)]
    tests = sum((smooth.shape[0] - side + 1) * (smooth.shape[1] - side + 1) for side in sides)
    best = np.zeros(smooth.shape, dtype=np.float32)
    if not 0 < share < 1:
        return best
    for side in sides:
        counts = _square_sums(smooth, side)
        surprise = _relative_entropy(_square_sums(quiet, side) / np.maximum(counts, 1), share)
        evidence = counts * (_INDEPENDENT * surprise / np.log(10)) - np.log10(tests)
        np.maximum(best, _spread_over_squares(evidence.astype(np.float32), side, smooth.shape), out=best)
    return best


def _relative_entropy(shares: NDArray[np.float64], expected: float) -> NDArray[np.float64]:
    """D(share || expected) in nats; 0 for shares that are not above the expected one."""
    above = np.where(shares > expected, shares, expected)
    others = 1 - above
    gone = np.where(others > 0, others, 1.0)
    return np.asarray(above * np.log(above / expected) + others * np.log(gone / (1 - expected)))


def _square_sums(cells: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    """Sum over every square of cells: ``[h - side + 1, w - side + 1]``."""
    table = np.pad(cells.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    return np.asarray(table[side:, side:] - table[:-side, side:] - table[side:, :-side] + table[:-side, :-side])


def _spread_over_squares(values: NDArray[np.float32], side: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Largest value, at least 0, of the squares that hold each cell: ``shape``."""
    full = np.zeros(shape, dtype=np.float32)
    full[: values.shape[0], : values.shape[1]] = values
    kernel = np.ones((side, side), dtype=np.uint8)
    spread = cv2.dilate(full, kernel, anchor=(side - 1, side - 1), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.maximum(np.asarray(spread, dtype=np.float32), 0)


def _cell_counts(chosen: NDArray[np.bool_], grid: tuple[int, int]) -> NDArray[np.int64]:
    """How many chosen patches have their center in each cell: int64 ``[h, w]``."""
    counts = np.zeros(grid, dtype=np.int64)
    rows, columns = ((np.arange(size) * STEP + SIDE // 2) // _CELL for size in chosen.shape)
    by_row = np.add.reduceat(chosen.astype(np.int64), np.unique(rows, return_index=True)[1], axis=0)
    sums = np.add.reduceat(by_row, np.unique(columns, return_index=True)[1], axis=1)
    counts[: sums.shape[0], : sums.shape[1]] = sums
    return counts
