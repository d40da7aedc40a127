"""Filling a hole with pieces of what lies around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Planes = NDArray[np.float32]
Cells = NDArray[np.intp]

_FINE_SIDE = 112
_COARSE_SIDE = 28
_MOST_SOURCES = 1500
_ROUNDS = 2


def fill_by_patches(pixels: Pixels, mask: Mask, patch: int, seed: int) -> Pixels:
    """Fills a hole so that every patch of it looks like some patch outside.

    Coarse to fine, search and vote in turn (Wexler et al., TPAMI 2007): for every patch that touches the hole the most
    similar one among patches sampled outside (and, from the second level on, those its neighbors found: the propagation
    of PatchMatch, Barnes et al., SIGGRAPH 2009), then every pixel becomes the mean of what the patches over it say.
    The search ends on a grid of at most 112 cells a side; pixels are then copied whole, by the shifts found there.

    Args:
        pixels: uint8 RGB ``[H, W, 3]``; what lies in the hole is not read.
        mask: bool ``[H, W]``, the hole.
        patch: Side of a patch in cells, odd.
        seed: Of the sampling.

    Returns:
        uint8 RGB ``[H, W, 3]``. A hole that leaves no whole patch outside is filled by diffusion (Telea).
    """
    if not mask.any():
        return pixels.copy()
    box = _box_round(mask)
    hole, piece = mask[box], pixels[box]
    scale = max(1, -(-max(hole.shape) // _FINE_SIDE))
    grid = _Grid.of(piece, hole, scale)
    shifts = _find_shifts(grid, patch, np.random.default_rng(seed))
    filled = pixels.copy()
    if shifts is None:
        filled[box] = diffuse(piece, hole)
    else:
        filled[box] = _copy(piece, hole, shifts, scale)
    return filled


def diffuse(pixels: Pixels, mask: Mask) -> Pixels:
    """Smooth guess (Telea 2004) that does not depend on what was in the hole."""
    blank = np.where(mask[..., None], np.uint8(0), pixels)
    return np.asarray(cv2.inpaint(blank, mask.astype(np.uint8), 3, cv2.INPAINT_TELEA), dtype=np.uint8)


def _box_round(mask: Mask) -> tuple[slice, slice]:
    """The hole and half as much again on each side, 32 pixels at least."""
    box = []
    for axis in (1, 0):
        inside = np.flatnonzero(mask.any(axis=axis))
        margin = max(32, (int(inside[-1]) - int(inside[0])) // 2)
        box.append(slice(max(0, int(inside[0]) - margin), int(inside[-1]) + 1 + margin))
    return box[0], box[1]


@dataclass(frozen=True, eq=False)
class _Grid:
    """A picture of cells: colors float32 ``[h, w, 3]``, and which cells hold any pixel of the hole.

    Colors are whole numbers everywhere in the search: distances of patches up to 9 x 9 x 3 stay below 2**24, so that
    float32 is exact and the outcome does not hang on the order of a sum, that is on the number of threads.
    """

    colors: Planes
    hole: Mask

    @classmethod
    def of(cls, pixels: Pixels, mask: Mask, scale: int) -> _Grid:
        rows, columns = (-(-side // scale) for side in mask.shape)
        padding = ((0, rows * scale - mask.shape[0]), (0, columns * scale - mask.shape[1]))
        cells = np.pad(mask, padding, constant_values=True).reshape(rows, scale, columns, scale)
        hole = np.asarray(cells.any(axis=(1, 3)))
        padded = np.pad(pixels, (*padding, (0, 0))).reshape(rows, scale, columns, scale, 3)
        colors = np.round(padded.mean(axis=(1, 3), dtype=np.float32))
        return cls(np.where(hole[..., None], np.float32(0), colors), hole)

    def halved(self) -> _Grid:
        return _Grid.of(self.colors.astype(np.uint8), self.hole, 2)


def _find_shifts(grid: _Grid, patch: int, random: np.random.Generator) -> NDArray[np.int64] | None:
    """Shift (rows, columns) from every cell round the hole to the cell it is copied from, int ``[h, w, 2]``."""
    levels = [grid]
    while max(levels[-1].hole.shape) > 2 * _COARSE_SIDE:
        levels.append(levels[-1].halved())
    colors: Planes | None = None
    found: NDArray[np.int64] | None = None
    for level in reversed(levels):
        if not len(_whole_patches(level.hole, patch)[0]):
            continue
        if colors is None or found is None:
            start = diffuse(level.colors.astype(np.uint8), level.hole).astype(np.float32)
            shifts = None
        else:
            start, shifts = _enlarge(colors, level), _enlarge_shifts(found, level)
        guess = np.where(level.hole[..., None], start, level.colors)
        colors, found = _improve(level, guess, shifts, patch, random)
    # a finest level without whole patches has no shifts of its own
    return found if found is not None and found.shape[:2] == grid.hole.shape else None


def _enlarge(colors: Planes, level: _Grid) -> Planes:
    height, width = level.hole.shape
    size = (2 * colors.shape[1], 2 * colors.shape[0])
    large = cv2.resize(colors, size, interpolation=cv2.INTER_LINEAR)[:height, :width]
    return np.rint(large).astype(np.float32)


def _enlarge_shifts(shifts: NDArray[np.int64], level: _Grid) -> NDArray[np.int64]:
    height, width = level.hole.shape
    return np.repeat(np.repeat(2 * shifts, 2, axis=0), 2, axis=1)[:height, :width]


def _whole_patches(hole: Mask, patch: int) -> tuple[Cells, Cells]:
    """Centers of the patches that lie in the frame and touch no hole."""
    near = cv2.dilate(hole.astype(np.uint8), np.ones((patch, patch), np.uint8), borderValue=1) > 0
    rows, columns = np.nonzero(~near)
    return rows, columns


def _improve(
    level: _Grid, colors: Planes, shifts: NDArray[np.int64] | None, patch: int, random: np.random.Generator
) -> tuple[Planes, NDArray[np.int64]]:
    """Search and vote, twice."""
    half = patch // 2
    free = np.zeros(level.hole.shape, dtype=bool)
    free[_whole_patches(level.hole, patch)] = True
    # a patch is looked for round every cell whose patch touches the hole
    wanted = cv2.dilate(level.hole.astype(np.uint8), np.ones((patch, patch), np.uint8)) > 0
    target = np.stack(np.nonzero(wanted), axis=1)
    sources = np.stack(np.nonzero(free), axis=1)
    sources = sources[np.sort(random.permutation(len(sources))[:_MOST_SOURCES])]
    field = np.zeros((*level.hole.shape, 2), dtype=np.int64) if shifts is None else shifts.copy()
    for _ in range(_ROUNDS):
        padded = np.pad(colors, ((half, half), (half, half), (0, 0)), mode="edge")
        patches = np.lib.stride_tricks.sliding_window_view(padded, (patch, patch), axis=(0, 1)).reshape(*free.shape, -1)
        wish = patches[target[:, 0], target[:, 1]]
        best, cost = _nearest(wish, patches[sources[:, 0], sources[:, 1]])
        found = sources[best]
        # first what was known before, then what the neighbors have just found
        for _ in range(2):
            for known in _neighbors_say(field, target):
                found, cost = _keep_better(found, cost, target + known, wish, patches, free)
            field[target[:, 0], target[:, 1]] = found - target
        colors = _vote(colors, level.hole, wanted, field, half)
    return colors, field


def _nearest(wish: Planes, offered: Planes) -> tuple[Cells, Planes]:
    """Row of ``offered`` nearest to each row of ``wish``, and the squared distance."""
    best = np.empty(len(wish), dtype=np.intp)
    norms = (offered**2).sum(axis=1)
    for start in range(0, len(wish), 1024):
        part = slice(start, start + 1024)
        best[part] = (norms - 2 * (wish[part] @ offered.T)).argmin(axis=1)
    return best, ((wish - offered[best]) ** 2).sum(axis=1)


def _neighbors_say(field: NDArray[np.int64], target: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Shifts at each target and at its four neighbors."""
    last = np.array(field.shape[:2]) - 1
    for step in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)):
        beside = np.clip(target + step, 0, last)
        yield field[beside[:, 0], beside[:, 1]]


def _keep_better(
    found: NDArray[np.int64],
    cost: Planes,
    offered: NDArray[np.int64],
    wish: Planes,
    patches: Planes,
    free: Mask,
) -> tuple[NDArray[np.int64], Planes]:
    """Takes the sources that are offered where they are free, new and more similar."""
    new = ((offered >= 0) & (offered < free.shape) & (offered != found).any(axis=1, keepdims=True)).all(axis=1)
    rows = np.flatnonzero(new)
    rows = rows[free[offered[rows, 0], offered[rows, 1]]]
    distance = ((wish[rows] - patches[offered[rows, 0], offered[rows, 1]]) ** 2).sum(axis=1)
    better = distance < cost[rows]
    cost, found = cost.copy(), found.copy()
    cost[rows[better]] = distance[better]
    found[rows[better]] = offered[rows[better]]
    return found, cost


def _vote(colors: Planes, hole: Mask, wanted: Mask, field: NDArray[np.int64], half: int) -> Planes:
    """Mean of what all patches over a cell of the hole say about it."""
    cells = np.stack(np.nonzero(hole), axis=1)
    total, count = np.zeros((len(cells), 3), dtype=np.float32), np.zeros((len(cells), 1), dtype=np.float32)
    last = np.array(hole.shape) - 1
    for down in range(-half, half + 1):
        for across in range(-half, half + 1):
            center = cells + np.array([down, across])
            known = ((center >= 0) & (center <= last)).all(axis=1)
            known[known] = wanted[center[known, 0], center[known, 1]]
            source = cells[known] + field[center[known, 0], center[known, 1]]
            total[known] += colors[source[:, 0], source[:, 1]]
            count[known] += 1
    voted = colors.copy()
    voted[cells[:, 0], cells[:, 1]] = np.round(total / np.maximum(count, 1))
    return voted


def _copy(pixels: Pixels, mask: Mask, shifts: NDArray[np.int64], scale: int) -> Pixels:
    """Copies pixels by the shifts of the four nearest cells and mixes them, so that no cell shows."""
    rows, columns = np.nonzero(mask)
    last = np.array(shifts.shape[:2]) - 1
    y, x = (rows + 0.5) / scale - 0.5, (columns + 0.5) / scale - 0.5
    mixed = np.zeros((len(rows), 3), dtype=np.float32)
    for row, by_row in _around(y):
        for column, by_column in _around(x):
            shift = scale * shifts[np.clip(row, 0, last[0]), np.clip(column, 0, last[1])]
            # a neighbor's patch lies whole outside the hole, and this pixel is in it
            mixed += (by_row * by_column)[:, None] * pixels[rows + shift[:, 0], columns + shift[:, 1]]
    filled = pixels.copy()
    filled[rows, columns] = np.round(mixed).astype(np.uint8)
    return filled


def _around(place: NDArray[np.float64]) -> Iterator[tuple[Cells, Planes]]:
    """The cells before and after, and their weights."""
    before = np.floor(place).astype(np.intp)
    after = (place - before).astype(np.float32)
    yield before, 1 - after
    yield before + 1, after
