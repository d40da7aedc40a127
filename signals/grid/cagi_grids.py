"""Where the JPEG grid does not fit, weighed by what the picture shows there.

Iakovidou, Zampoglou, Papadopoulos and Kompatsiaris, "Content-aware detection of JPEG grid inconsistencies for
intuitive image forensics", Journal of Visual Communication and Image Representation 54, 2018.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from signals.grid.cagi_content import block_means, tile_edges

BLOCK = 8
Cells = NDArray[np.float64]

_BINS = 40
_PAIRS = 16
# Luma in studio range, in 1/255000 of a grey level; its offset cancels in differences. Whole numbers, because in grey
# areas differences take few values, and these lie on the edges of histogram bins.
_LUMA = (65481, 128553, 24966)
_UNIT = 255_000
# The point four pixels before the corner of a block, of the grid that the stored blocks lie in.
_STORED = (3, 3)
_SMALL_PICTURE = 480 * 640
_DARK, _BRIGHT, _NO_CONTENT, _NEVER = 15, 245, 4, 1.999999


@dataclass(frozen=True, eq=False)
class GridScores:
    """How well each candidate grid shows in each cell; candidates from the worst to the best of the picture.

    Attributes:
        cells: ``[16, h, w]``: excess of cross differences at block corners over those at block centers, 0..1.
        origins: ``[16, 2]``: row and column 0..7 of the block centers of each candidate.
        strengths: ``[16]``: half the distance 0..2 between the histograms of centers and corners.
    """

    cells: Cells
    origins: NDArray[np.intp]
    strengths: NDArray[np.float64]

    def stored(self) -> int | None:
        """The candidate that is the grid of the stored picture; None if it is not among them."""
        found = np.flatnonzero((self.origins == _STORED).all(axis=1))
        return int(found[0]) if found.size else None


def cell_blocks(height: int, width: int) -> int:
    """Blocks along the side of a cell: 2 in small pictures, 3 in others."""
    return 2 if height * width < _SMALL_PICTURE else 3


def cagi_maps(pixels: NDArray[np.uint8]) -> tuple[Cells, Cells]:
    """CAGI and inverse CAGI, as published.

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB, large enough for one cell.

    Returns:
        Two float64 ``[h, w]`` in 0..1, one value a cell of ``cell_blocks(H, W)`` blocks, without the incomplete cells
        and the last block at the right and the bottom. In the first, high means that the picture's best grid is weak
        here. In the second, low means that the stored grid is strong here, in a picture that otherwise shows little
        of it. Both are stretched to the picture's own range on the way.
    """
    scores = grid_scores(pixels)
    content = _content(pixels, scores.cells.shape[1:])
    return _judge(scores, content)


def grid_scores(pixels: NDArray[np.uint8]) -> GridScores:
    """How well each of sixteen grids fits, cell by cell: one of each four grids that share lines is a candidate."""
    cross = _cross_differences(pixels)
    side = cell_blocks(*pixels.shape[:2])
    blocks = pixels.shape[0] // BLOCK - 1, pixels.shape[1] // BLOCK - 1
    strength = np.zeros((BLOCK, BLOCK))
    plausible = np.zeros((BLOCK, BLOCK), dtype=np.bool_)
    for row in range(BLOCK):
        for column in range(BLOCK):
            inner, outer = (_histogram(_at(cross, row + far, column + far, blocks)) for far in (0, BLOCK // 2))
            distance = np.abs(inner - outer).sum()
            strength[row, column] = 0 if distance > _NEVER else distance
            plausible[row, column] = inner[:2].sum() > outer[:2].sum()
    origins, strengths = _candidates(strength, plausible)
    rows, columns = blocks[0] // side, blocks[1] // side
    cells = np.empty((_PAIRS, rows, columns))
    for number, (row, column) in enumerate(origins):
        center, corner = (_at(cross, row + far, column + far, blocks) for far in (0, BLOCK // 2))
        cells[number] = _cell_means(np.maximum(corner - center, 0), side) / (_UNIT * 255)
    return GridScores(cells, origins, strengths)


def clipped_cells(pixels: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Whether cells are over- or underexposed: bool ``[h, w]`` of that shape, from uint8 ``[H, W, 3]`` RGB."""
    side = cell_blocks(*pixels.shape[:2]) * BLOCK
    whole = pixels[: shape[0] * side, : shape[1] * side]
    level = cv2.max(cv2.max(whole[..., 0], whole[..., 1]), whole[..., 2])
    means = _cell_means(np.asarray(level), side)
    return np.asarray((means >= _BRIGHT) | (means < _DARK))


def _cross_differences(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """abs(a - b - c + d) of each 2x2 square of pixels: int32 ``[H - 1, W - 1]`` in the units of luma."""
    luma = np.zeros(pixels.shape[:2], dtype=np.int32)
    for channel, weight in enumerate(_LUMA):
        luma += pixels[..., channel] * np.int32(weight)
    across = luma[:, :-1] - luma[:, 1:]
    return np.abs(across[:-1] - across[1:])


def _at(cross: NDArray[np.int32], row: int, column: int, blocks: tuple[int, int]) -> NDArray[np.int32]:
    """The cross differences at one place of every block."""
    return cross[row::BLOCK, column::BLOCK][: blocks[0], : blocks[1]]


def _histogram(values: NDArray[np.int32]) -> NDArray[np.float64]:
    """Shares of 40 equal bins over the range of the values, each closed above."""
    low, high = int(values.min()), int(values.max())
    # The last digits are those of rounding: what is on an edge stays below it.
    bins = np.ceil((values - low) * (_BINS / max(1, high - low)) - 1e-9).astype(np.intp) - 1
    return np.bincount(bins.clip(0, _BINS - 1).ravel(), minlength=_BINS) / values.size


def _candidates(
    strength: NDArray[np.float64], plausible: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Origins and strengths of the sixteen candidates, from the worst to the best.

    A grid, its shift by four rows and columns, and the two shifts by four in one direction share their lines: of the
    four, the diagonal that differs more is kept, and of its two ends the plausible one.
    """
    votes = (plausible.sum(axis=1)[:, None] + plausible.sum(axis=0)[None, :]) / 16
    origins, strengths, contrasts = [], [], []
    for column in range(4):
        for row in range(4):
            near, far = strength[[row, row + 4], [column, column + 4]], strength[[row, row + 4], [column + 4, column]]
            start = column if near.sum() > far.sum() else column + 4
            ends = [(row, start), (row + 4, (start + 4) % BLOCK)]
            center, corner = ends if plausible[row, start] else ends[::-1]
            origins.append(center)
            strengths.append(strength[row, column] / 2)
            contrasts.append(votes[center] - votes[corner])
    order = np.argsort(contrasts, kind="stable")
    return np.array(origins, dtype=np.intp)[order], np.array(strengths)[order]


@dataclass(frozen=True, eq=False)
class _Content:
    """What the cells show: bool ``[h, w]`` each."""

    clipped: NDArray[np.bool_]
    contour: NDArray[np.bool_]
    empty: NDArray[np.bool_]


def _content(pixels: NDArray[np.uint8], shape: tuple[int, ...]) -> _Content:
    side = cell_blocks(*pixels.shape[:2])
    size = pixels.shape[0], pixels.shape[1]
    blocks = size[0] // BLOCK - 1, size[1] // BLOCK - 1
    edges, strong = tile_edges(pixels)
    contours = block_means(strong, size, blocks) > 0.5
    return _Content(
        clipped=clipped_cells(pixels, shape),
        contour=_cell_means(contours, side) >= 0.5,
        empty=_cell_means(block_means(edges, size, blocks), side) <= _NO_CONTENT,
    )


def _cell_means(values: NDArray[Any], side: int) -> Cells:
    """Means of squares of ``side``, incomplete ones left out."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    whole = values[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return np.asarray(whole.mean(axis=(1, 3), dtype=np.float64))


def _judge(scores: GridScores, content: _Content) -> tuple[Cells, Cells]:
    """The two maps, from grids and content."""
    stored = scores.stored()
    best = len(scores.cells) - 1
    fallback = len(scores.cells) - 1 - int(scores.strengths[::-1].argmax())
    reference = fallback if stored is None else stored
    mean = scores.cells.mean(axis=0)
    weak, weak_stored = _stretched(mean - scores.cells[best]), _stretched(mean - scores.cells[reference])
    shows = _stretched(_smoothed(scores.cells[reference]))
    trusted = reference == best and scores.strengths.mean() <= 0.4
    silent = (_homogeneous(scores.cells) & trusted) | content.clipped

    border = np.ones(mean.shape, dtype=np.bool_)
    border[1:-1, 1:-1] = False
    altered = np.where(silent | (trusted & (weak < weak.mean())), 0, weak) * np.where(border, shows, 1 - shows)
    in_grid = np.where(silent | (trusted & (weak_stored < weak_stored.mean())), 1, weak_stored) * (1 - shows)

    unread = content.clipped | (content.empty & silent)
    used = ~(content.clipped | content.contour | content.empty)
    if not used.any():
        used = content.empty & ~silent
    if not used.any():
        used = np.ones(mean.shape, dtype=np.bool_)
    level, level_in_grid = _smoothed(altered)[used].mean(), _smoothed(in_grid)[used].mean()
    altered = np.where(unread, level, np.maximum(altered, level))
    in_grid = np.where(unread, level_in_grid, np.minimum(in_grid, level_in_grid))
    return _smoothed(altered, "reflect"), _smoothed(in_grid, "reflect")


def _homogeneous(cells: Cells) -> NDArray[np.bool_]:
    """Cells around which hardly any grid shows."""
    faint = (cells < 0.2 * cells.mean(axis=(1, 2), keepdims=True)).sum(axis=0, dtype=np.float64)
    around, spread = _smoothed(faint), faint.std()
    mean = around.mean()
    rare = spread > 1.5 * mean
    return np.asarray(around >= mean + (spread if rare else spread / 2))


def _smoothed(cells: Cells, mode: str = "constant") -> Cells:
    """Means of 5x5 cells; 0 beyond the picture, or its mirror image."""
    return np.asarray(uniform_filter(cells, 5, mode=mode))


def _stretched(cells: Cells) -> Cells:
    """From 0 to 1 over the picture; 0 where all are equal."""
    above = cells - cells.min()
    top = above.max()
    return np.asarray(above / top if top > 0 else above)
