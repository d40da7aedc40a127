"""How far a supposed copy reaches: a candidate grown to all that agrees in content, its map aligned on the way."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.copymove.candidates import Candidate
from signals.copymove.refinement import Box, align, content_agreement, exact_map
from signals.copymove.residuals import CELL
from signals.copymove.transform import Map, is_plausible, is_whole

# Least correlation of the content of two places that look alike.
AGREES = 0.6
_FEWEST_CELLS = 6
_SMALLEST_RADIUS = 24.0
_MOST_ALIGNED = 512
_EDGE = 6 * CELL


def grow(luma: NDArray[np.uint8], candidate: Candidate) -> tuple[Map, Box] | None:
    """The aligned map of a candidate and the box round all that looks alike under it; None if too little does.

    Args:
        luma: uint8 ``[H, W]``.
        candidate: Where to begin.
    """
    map_, (x, y) = candidate.map, candidate.center
    radius = max(_SMALLEST_RADIUS, candidate.radius)
    wider = 2 * radius + 32
    # Keypoints that lie all over the picture are no one area.
    if wider >= max(luma.shape):
        return None
    for reach in (radius, wider):
        box = Box.around(x - reach, y - reach, x + reach, y + reach, luma.shape)
        area = _alike(luma, map_, box, candidate)
        better = None if area is None else _improved(luma, map_, box, area)
        if better is None:
            return None
        map_ = better
    area = _alike(luma, map_, Box.around(0, 0, luma.shape[1], luma.shape[0], luma.shape), candidate)
    return None if area is None else (map_, _box_round(area, luma.shape))


def aligned(luma: NDArray[np.uint8], map_: Map, box: Box, area: NDArray[np.bool_]) -> Map | None:
    """A map aligned where an area of a box agrees, by whole pixels if it nearly is; None if it gets absurd."""
    part, share = _busiest(box, area)
    found = align(luma, map_, part, share.astype(np.float32))
    exact = exact_map(found, part)
    found = found if exact is None else exact
    return found if is_plausible(found) else None


def _alike(luma: NDArray[np.uint8], map_: Map, box: Box, candidate: Candidate) -> NDArray[np.bool_] | None:
    """bool ``[h, w]``: connected cells of a box that look alike and reach near a candidate; None if too few."""
    if box.is_slim:
        return None
    x, y = candidate.center
    radius = max(_SMALLEST_RADIUS, candidate.radius)
    area = _connected(content_agreement(luma, map_, box) > AGREES, x - box.left, y - box.top, radius)
    return area if np.count_nonzero(area) >= _FEWEST_CELLS else None


def _improved(luma: NDArray[np.uint8], map_: Map, box: Box, area: NDArray[np.bool_]) -> Map | None:
    """The map aligned; one by whole pixels stays unless as much agrees under that, which may be led astray."""
    found = aligned(luma, map_, box, area)
    if not is_whole(map_):
        return found
    part, _ = _busiest(box, area)
    if found is None or _agreement(luma, found, part) < _agreement(luma, map_, part):
        return map_
    return found


def _agreement(luma: NDArray[np.uint8], map_: Map, box: Box) -> float:
    """How much of a box agrees in content under a map."""
    return float(np.maximum(content_agreement(luma, map_, box) - np.float32(AGREES), 0).sum())


def _connected(agrees: NDArray[np.bool_], x: float, y: float, radius: float) -> NDArray[np.bool_]:
    """The connected areas of a mask that reach within ``radius`` of a place."""
    opened = cv2.morphologyEx(agrees.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    _, labels = cv2.connectedComponents(opened)
    row, column, reach = int(y) // CELL, int(x) // CELL, int(radius) // CELL + 1
    near = labels[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    chosen = np.unique(near)
    return np.isin(labels, chosen[chosen > 0])


def _box_round(area: NDArray[np.bool_], shape: tuple[int, ...]) -> Box:
    """The box round an area on the cells of the whole picture, with some margin."""
    rows, columns = np.flatnonzero(area.any(axis=1)) * CELL, np.flatnonzero(area.any(axis=0)) * CELL
    return Box.around(columns[0] - _EDGE, rows[0] - _EDGE, columns[-1] + _EDGE, rows[-1] + _EDGE, shape)


def _busiest(box: Box, area: NDArray[np.bool_]) -> tuple[Box, NDArray[np.bool_]]:
    """The part of a box, of bounded size, that holds most of an area, and the area in it."""
    cells = _MOST_ALIGNED // CELL
    if max(area.shape) <= cells:
        return box, area
    window = (min(cells, area.shape[1]), min(cells, area.shape[0]))
    held = cv2.boxFilter(area.astype(np.float32), -1, window, normalize=False, anchor=(0, 0))
    held = held[: area.shape[0] - window[1] + 1, : area.shape[1] - window[0] + 1]
    row, column = np.unravel_index(int(held.argmax()), held.shape)
    top, left = int(row) // 2 * 2, int(column) // 2 * 2
    bottom, right = top + window[1], left + window[0]
    part = Box(box.top + top * CELL, box.left + left * CELL, box.top + bottom * CELL, box.left + right * CELL)
    return part, area[top:bottom, left:right]
