"""Where the grid of JPEG blocks is missing or displaced.

Li, Yuan and Yu, "Passive detection of doctored JPEG image via block artifact grid extraction", Signal Processing 89
(9), 2009: first the grid is extracted, then the blocks that do not lie in it are marked.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.grid.running_median import running_median
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

# Luma in thousandths of a grey level: whole numbers below 2**24, so float32 is exact.
_LUMA = np.array([[299, 587, 114]], dtype=np.float32)
# Second differences above this are edges of the scene, not of blocks.
_EDGE = 50 * 1000
_BLOCK = 8
# Pixels along a block edge that are summed, and across it that make the local level.
_LENGTH = 33
_HALF = _LENGTH // 2
_STRIP = 512
# Rows on either side that a row depends on: periods of the grid, the local level, the second difference.
_REACH = 2 * _BLOCK + _HALF + 1


class Blk(Score):
    """How far the strongest line of the block grid is from the border of its 8x8 block (Li et al. 2009).

    The raw statistic is in grey levels summed over 33 pixels; it is below 0 for a block that lies in the grid. Only
    whole blocks are valid.
    """

    spec = score_spec("blk", "1", _BLOCK, parameters={"length": _LENGTH, "edge": 50})
    reads = (
        "Reads the faint 8x8 grid that JPEG compression leaves in the pixels, which is missing or displaced "
        "where something was pasted or moved."
    )
    blind_when = (
        "Sees nothing when the picture was never a JPEG, was compressed so lightly that the grid is not visible, or "
        "was cropped or resized, which moves the grid everywhere."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """The statistic of Li et al., one value a block; unusable below 33x33 pixels."""
        pixels = evidence.pixels[: evidence.decoded_rows]
        if min(pixels.shape[:2]) < _LENGTH:
            raise Unusable(f"The picture is smaller than {_LENGTH} x {_LENGTH} pixels.")
        grid = block_grid(pixels)
        if not grid.any():
            raise Unusable("The picture is flat: no edge of a block can be seen.")
        values = np.zeros(self.spec.grid(evidence.height, evidence.width), dtype=np.float32)
        valid = np.zeros(values.shape, dtype=np.bool_)
        whole = blocks_off_grid(grid)
        values[: whole.shape[0], : whole.shape[1]] = whole
        valid[: whole.shape[0], : whole.shape[1]] = True
        return Statistic(values, valid & decoded_cells(self.spec, evidence))


def block_grid(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much each pixel looks like part of the grid of 8x8 blocks.

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB, at least 33 x 33.

    Returns:
        float32 ``[H, W]`` in grey levels: summed second difference above the local level, horizontal lines plus
        vertical lines. Large on the last and first rows and columns of blocks, about 0 or less elsewhere.
    """
    return _all_lines(pixels) + _all_lines(pixels.swapaxes(0, 1)).T


def blocks_off_grid(grid: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """How much more of the grid runs inside each block than along its border.

    Args:
        grid: ``[H, W]`` of :func:`block_grid`.

    Returns:
        float32 ``[H // 8, W // 8]``: the strongest inner column less the weakest outer column, plus the same of rows.
        Corners belong to lines of both directions and are left out.
    """
    rows, columns = grid.shape[0] // _BLOCK, grid.shape[1] // _BLOCK
    blocks = grid[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    along_columns = blocks[:, 1:7].sum(axis=1)
    along_rows = blocks[..., 1:7].sum(axis=3).transpose(0, 2, 1)
    return np.asarray(_off_grid(along_columns) + _off_grid(along_rows), dtype=np.float32)


def _off_grid(lines: NDArray[Any]) -> NDArray[Any]:
    """``[..., 8]`` sums of the lines of a block: the largest inner one less the smaller outer one."""
    return np.asarray(lines[..., 1:7].max(axis=-1) - lines[..., ::7].min(axis=-1))


def _all_lines(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The strength of horizontal grid lines at each pixel: float32 ``[H, W]`` in grey levels."""
    lines = np.empty(pixels.shape[:2], dtype=np.float32)
    # By strips, so that memory does not grow with the picture.
    for top in range(0, len(pixels), _STRIP):
        first = max(0, top - _REACH)
        strip = np.ascontiguousarray(pixels[first : top + _STRIP + _REACH])
        luma = np.asarray(cv2.transform(strip.astype(np.float32), _LUMA), dtype=np.float32).reshape(strip.shape[:2])
        lines[top : top + _STRIP] = _lines(luma)[top - first :][:_STRIP]
    return lines / np.float32(1000)


def _lines(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """As :func:`_all_lines` of one strip, in the units of luma."""
    difference = np.pad(luma, ((1, 1), (0, 0)), mode="edge")
    difference = np.abs(2 * luma - difference[:-2] - difference[2:])
    difference[difference > _EDGE] = 0
    # A grid line is long; what is short averages out.
    summed = cv2.boxFilter(difference, -1, (_LENGTH, 1), normalize=False, borderType=cv2.BORDER_REFLECT)
    around = np.pad(summed, ((_HALF, _HALF), (0, 0)), mode="symmetric")
    raised = np.asarray(summed, dtype=np.float32) - running_median(around, _LENGTH)
    # And it comes back every eight pixels.
    around = np.pad(raised, ((2 * _BLOCK, 2 * _BLOCK), (0, 0)), mode="symmetric")
    return _median_of_five([around[shift : shift + len(luma)] for shift in range(0, 33, _BLOCK)])


def _median_of_five(values: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The median of five arrays, element by element: neither extreme of four, against the fifth."""
    first, second, third, fourth, fifth = values
    high = np.minimum(np.maximum(first, second), np.maximum(third, fourth))
    low = np.maximum(np.minimum(first, second), np.minimum(third, fourth))
    return np.maximum(np.minimum(low, high), np.minimum(np.maximum(low, high), fifth))
