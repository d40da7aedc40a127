"""Where the JPEG grid that the picture shows elsewhere is weak, in view of what can be read there.

Iakovidou, Zampoglou, Papadopoulos and Kompatsiaris, "Content-aware detection of JPEG grid inconsistencies for
intuitive image forensics", Journal of Visual Communication and Image Representation 54, 2018. The maps as published
are :func:`signals.grid.cagi_grids.cagi_maps`; both are stretched to the range of each picture, so an untouched
picture has as high a maximum as a forged one. The score here takes their evidence, the candidate grids of each cell,
on a scale that is the same in every picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.grid.cagi_grids import BLOCK, GridScores, cell_blocks, clipped_cells, grid_scores
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

_MIN_SIZE = 64
# Two grey levels: a grid fainter than that tells little.
_FAINT = 2 / 255


class Cagi(Score):
    """How much less the best grid of the picture stands out in a cell than in the picture as a whole.

    The raw statistic is that of :func:`grid_weakness`, in -2..2. Cells of 16x16 pixels (24x24 in pictures of 640x480
    pixels and more) are repeated onto the signal's stride; clipped ones are not valid.
    """

    spec = score_spec("cagi", "1", BLOCK, parameters={"smoothing": 5, "faint": 2})
    reads = (
        "Reads how well the corners of 8x8 JPEG blocks show against the other places they could be at, which "
        "changes where something without a grid or with a displaced one was inserted."
    )
    blind_when = (
        "Sees nothing when the picture was never a JPEG or only a light one, in small or clipped areas, and when the "
        "whole picture was resized or cropped and saved again."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """The weakness of the grid; unusable below 64x64 pixels and for a flat or clipped picture."""
        pixels = evidence.pixels[: evidence.decoded_rows]
        height, width = pixels.shape[:2]
        if min(height, width) < _MIN_SIZE:
            raise Unusable(f"The picture is smaller than {_MIN_SIZE} x {_MIN_SIZE} pixels.")
        scores = grid_scores(pixels)
        side = cell_blocks(height, width)
        readable = ~clipped_cells(pixels, scores.cells.shape[1:])
        if not scores.cells[:, readable].any():
            raise Unusable("The picture is flat or clipped everywhere; no block can be seen.")
        values = np.zeros(self.spec.grid(evidence.height, evidence.width), dtype=np.float32)
        valid = np.zeros(values.shape, dtype=np.bool_)
        rows, columns = (size * side for size in readable.shape)
        values[:rows, :columns] = grid_weakness(scores, readable).repeat(side, axis=0).repeat(side, axis=1)
        valid[:rows, :columns] = readable.repeat(side, axis=0).repeat(side, axis=1)
        return Statistic(values, valid & decoded_cells(self.spec, evidence))


def grid_weakness(scores: GridScores, readable: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far the best grid falls short around each cell of what it is in the picture.

    Args:
        scores: Of :func:`signals.grid.cagi_grids.grid_scores`.
        readable: bool ``[h, w]``; other cells are left out of all means.

    Returns:
        float32 ``[h, w]`` in -2..2: the contrast (best - mean) / (best + mean) of the best grid with the mean of the
        candidates, averaged over the picture, less its average over 5x5 cells. 0 where nothing is readable.
    """
    best, mean = scores.cells[-1], scores.cells.mean(axis=0)
    contrast = np.where(readable, (best - mean) / (best + mean + _FAINT), 0)
    weight = _box(readable.astype(np.float64))
    around = _box(contrast) / np.maximum(weight, 1e-9)
    whole = contrast.sum() / max(1, np.count_nonzero(readable))
    # The least weight there can be is one cell of 25.
    return np.where(weight > 0.02, whole - around, 0).astype(np.float32)


def _box(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of 5x5 cells; mirrored at the border."""
    return np.asarray(cv2.blur(np.pad(cells, 2, mode="symmetric"), (5, 5))[2:-2, 2:-2])
