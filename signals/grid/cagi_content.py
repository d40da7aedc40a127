"""How much edge there is in each part of a picture, for CAGI: straight edges in 60 x 60 tiles.

Iakovidou, Zampoglou, Papadopoulos and Kompatsiaris, "Content-aware detection of JPEG grid inconsistencies for
intuitive image forensics", Journal of Visual Communication and Image Representation 54, 2018: the content-aware step.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

TILES = 60
_TILE = 10
_SIDE = TILES * _TILE
_WEIGHTS = np.array([0.2125, 0.7154, 0.0721])
# Straight edges: how much a line rises over the ten columns of a tile, and where it begins.
_FLAT = np.zeros(_TILE, dtype=int)
_GENTLE = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
_HALF = np.arange(_TILE) // 2
_STEEP = np.arange(_TILE)
_ODD, _LOW, _EVEN = (1, 3, 5, 7, 9), (-1, 1, 3, 5, 7), (1, 3, 5, 7)


def tile_edges(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The strongest straight edge of each of 60 x 60 tiles, and whether it stands out.

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB, of which one pixel in each of 600 x 600 places is read.

    Returns:
        float64 ``[60, 60]``: difference of the means on the two sides, in percent of the range of levels; and bool
        ``[60, 60]``: whether that is above the thresholds of its surroundings.
    """
    tiles = _sampled_levels(pixels).reshape(TILES, _TILE, TILES, _TILE).swapaxes(1, 2).reshape(-1, _TILE * _TILE)
    sides = _templates().reshape(-1, _TILE * _TILE)
    counts = sides.sum(axis=1)
    inside = tiles @ sides.T
    outside = tiles.sum(axis=1, keepdims=True) - inside
    contrast = np.abs(inside / counts - outside / (_TILE * _TILE - counts)) * 100 / 255
    responses = contrast.max(axis=1).reshape(TILES, TILES)
    return responses, (responses >= _thresholds(responses)) & (responses > 0)


def block_means(tiles: NDArray[Any], shape: tuple[int, int], blocks: tuple[int, int]) -> NDArray[np.float64]:
    """Means over 8x8 blocks of pixels of tiles spread over a picture by nearest neighbor.

    Args:
        tiles: ``[60, 60]``.
        shape: Height and width of the picture.
        blocks: How many rows and columns of blocks to return.
    """
    rows, columns = (_shares(size, count) for size, count in zip(shape, blocks, strict=True))
    return np.asarray(rows @ tiles @ columns.T)


def _shares(size: int, blocks: int) -> NDArray[np.float64]:
    """``[blocks, 60]``: which part of each block of 8 pixels lies in each tile."""
    tile = _nearest(_SIDE, size)[: blocks * 8] // _TILE
    shares = np.zeros((blocks, TILES))
    np.add.at(shares, (np.arange(blocks * 8) // 8, tile), 1 / 8)
    return shares


def _nearest(source: int, target: int) -> NDArray[np.intp]:
    """The pixel of ``source`` at the center of each of ``target`` pixels."""
    return np.asarray(np.floor((np.arange(target) + 0.5) * source / target), dtype=np.intp).clip(0, source - 1)


def _sampled_levels(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Whole grey levels at 600 x 600 places."""
    rows, columns = (_nearest(size, _SIDE) for size in pixels.shape[:2])
    # A grey pixel keeps its level although the weights' sum is not exactly 1.
    return np.asarray(np.floor(pixels[np.ix_(rows, columns)] @ _WEIGHTS + 1e-9), dtype=np.float64)


def _thresholds(responses: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a response must reach: ``[60, 60]``; at least the mean of its sixth, or of a third-by-half around it."""
    small = responses.reshape(6, 10, 6, 10).mean(axis=(1, 3))
    # Two rows of three large areas, each of 3 x 2 small ones.
    large = small.reshape(2, 3, 3, 2).mean(axis=(1, 3))
    whole = large.mean()
    raised = np.where((large < whole) & (whole < 10), whole, large)
    raised = np.where((large > whole) & (whole < 5), 5, raised)
    around = np.kron(raised, np.ones((3, 2)))
    small = np.where(small < around, np.where(around < 5, around + 1, around), small)
    return np.asarray(np.kron(small, np.ones((10, 10))), dtype=np.float64)


@cache
def _templates() -> NDArray[np.float64]:
    """``[58, 10, 10]`` of 0 and 1: one side of 58 straight edges in twelve directions."""
    level, slanted = [(_FLAT, _ODD)], [(_GENTLE, _EVEN), (_HALF, _LOW)]
    rising = [(_STEEP, (-4, -2, 0, 2, 4, 5))]
    falling = [(_STEEP, (-4, -3, -1, 1, 3, 5))]
    lying = [_below(line + start) for line, starts in level + slanted + rising for start in starts]
    lying += [_below(line[::-1] + start) for line, starts in slanted + falling for start in starts]
    standing = [_below(line + start).T for line, starts in level + slanted for start in starts]
    standing += [_below(line[::-1] + start).T for line, starts in slanted for start in starts]
    return np.stack(lying + standing)


def _below(heights: NDArray[np.intp]) -> NDArray[np.float64]:
    """``[10, 10]``: 1 in the lowest ``heights`` rows of each column."""
    return np.asarray(np.arange(_TILE)[::-1, None] < heights[None, :], dtype=np.float64)
