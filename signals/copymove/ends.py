"""Which of two equal areas was pasted: the one with a seam round it, or the one that was resampled."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.copymove.matches import Match
from signals.copymove.refinement import Box, warp
from signals.copymove.residuals import CELL, FINE, innovation
from signals.copymove.transform import apply, inverse

End = Literal["first", "second"]

_UNSURE = 0.25
_RESAMPLED = 0.25
_LARGEST_CROP = 2048
_BEYOND = 16


def pasted_end(luma: NDArray[np.uint8], match: Match) -> tuple[End | None, float]:
    """The end that was pasted and how clearly that shows.

    Args:
        luma: uint8 ``[H, W]``, the whole picture.
        match: A copy.

    Returns:
        ``first``, ``second`` or None where neither trace tells, and 0..1.
    """
    statistic = seam(luma, match) + resampling(luma, match)
    certainty = float(min(1.0, abs(statistic)))
    if certainty < _UNSURE:
        return None, certainty
    return ("first" if statistic > 0 else "second"), certainty


def seam(luma: NDArray[np.uint8], match: Match) -> float:
    """Which end has a seam round the copied area.

    Two readings of the slopes across the outline are added. Slopes at the outline over slopes a little away from it
    say how far the outline is an edge, in either end. And, as both ends are equal inside and differ outside, their
    difference rises in a step at the outline: the end whose own slopes make that step is the pasted one.

    Returns:
        Positive if the first end has the seam, negative if the second has; about 1 is clear, 0 cannot be told.
    """
    box, area = _crop(match, luma.shape)
    if min(area.shape, default=0) < 4 or not area.any():
        return 0.0
    here = luma[box.top : box.bottom, box.left : box.right].astype(np.float32)
    there = warp(luma, match.map, box)
    outline = _outline(np.abs(here - there), area)
    distance = cv2.distanceTransform(outline, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - outline, cv2.DIST_L2, 5)
    reached = _within(luma.shape, match, box) > 0
    at, away = (np.abs(distance) < 2.5) & reached, (np.abs(distance) > 4) & (np.abs(distance) < 14) & reached
    if not at.any() or not away.any():
        return 0.0
    normal = _gradient(np.asarray(distance, dtype=np.float32))
    slopes = [_across(end, normal) for end in (here, there)]
    contrasts = [
        np.log((float(np.abs(one)[at].mean()) + 0.3) / (float(np.abs(one)[away].mean()) + 0.3)) for one in slopes
    ]
    weight = np.exp(-((distance / 2) ** 2)) * reached
    step = (slopes[0] - slopes[1]) * weight
    power = float((step * step).sum())
    share = float(((slopes[0] + slopes[1]) * weight * step).sum()) / power if power > 1e-6 else 0.0
    return float(np.clip(contrasts[0] - contrasts[1] + 0.5 * share, -1.5, 1.5))


def _outline(difference: NDArray[np.float32], area: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The copied area to the pixel: near its cells, where the ends differ no more than well inside of it."""
    cells = cv2.resize(area.astype(np.uint8), difference.shape[::-1], interpolation=cv2.INTER_NEAREST)
    local = cv2.blur(difference, (5, 5))
    inner = cv2.erode(cells, np.ones((9, 9), np.uint8)) > 0
    inner = inner if inner.any() else cells > 0
    most = 1.3 * float(np.percentile(local[inner], 90)) + 0.5
    near = cv2.dilate(cells, np.ones((17, 17), np.uint8)) > 0
    pixels = ((local < most) & near).astype(np.uint8)
    opened = cv2.morphologyEx(pixels, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    return np.asarray(cv2.dilate(closed, np.ones((3, 3), np.uint8)), dtype=np.uint8)


def _gradient(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    x = np.asarray(cv2.Sobel(values, cv2.CV_32F, 1, 0, scale=1 / 8), dtype=np.float32)
    return x, np.asarray(cv2.Sobel(values, cv2.CV_32F, 0, 1, scale=1 / 8), dtype=np.float32)


def _across(end: NDArray[np.float32], normal: tuple[NDArray[np.float32], NDArray[np.float32]]) -> NDArray[np.float32]:
    """Slope of a slightly smoothed end in the direction of the normal."""
    x, y = _gradient(np.asarray(cv2.GaussianBlur(end, (0, 0), 0.7), dtype=np.float32))
    return np.asarray(x * normal[0] + y * normal[1], dtype=np.float32)


def resampling(luma: NDArray[np.uint8], match: Match) -> float:
    """Which end lacks the finest grain that resampling takes away.

    Returns:
        Positive if the first end lacks it, negative if the second does; 0 for a copy moved by whole pixels.
    """
    linear = match.map[:, :2]
    if np.abs(linear - np.rint(linear)).max() < 1e-9:
        return 0.0
    box, area = _crop(match, luma.shape)
    here = luma[box.top : box.bottom, box.left : box.right].astype(np.float32)
    grain = innovation(FINE.of(here), 1)
    corners = np.array([(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)], dtype=np.float64)
    reached = apply(match.map, corners)
    low = np.clip(np.floor(reached.min(axis=0)), 0, None).astype(int)
    high = np.ceil(reached.max(axis=0)).astype(int)
    other = luma[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    if min(other.shape, default=0) < 8 or not area.any():
        return 0.0
    other_grain = innovation(FINE.of(other), 1)
    back = inverse(match.map)
    y, x = np.mgrid[: other_grain.shape[0], : other_grain.shape[1]]
    places = apply(back, np.stack([x.ravel(), y.ravel()], axis=1) * CELL + low + CELL / 2.0)
    column = np.clip((places[:, 0] - box.left) // CELL, 0, area.shape[1] - 1).astype(np.intp)
    row = np.clip((places[:, 1] - box.top) // CELL, 0, area.shape[0] - 1).astype(np.intp)
    inside = area[row, column].reshape(other_grain.shape)
    if not inside.any():
        return 0.0
    strength, other_strength = float(np.median(grain[area])), float(np.median(other_grain[inside]))
    ratio = np.log((strength + 0.05) / (other_strength + 0.05))
    return float(np.clip(-_RESAMPLED * ratio, -1, 1))


def _crop(match: Match, shape: tuple[int, ...]) -> tuple[Box, NDArray[np.bool_]]:
    """The box a little wider than the copied area, of bounded size, and the area in it."""
    area = match.copied
    rows, columns = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
    most = _LARGEST_CROP // CELL

    def span(places: NDArray[np.intp], count: int) -> tuple[int, int]:
        start = max(0, int(places[0]) - _BEYOND // CELL) // 2 * 2
        return start, min(count, int(places[-1]) + 1 + _BEYOND // CELL, start + most) // 2 * 2

    (top, bottom), (left, right) = span(rows, area.shape[0]), span(columns, area.shape[1])
    box = match.box
    part = Box(box.top + top * CELL, box.left + left * CELL, box.top + bottom * CELL, box.left + right * CELL)
    return part, area[top:bottom, left:right]


def _within(shape: tuple[int, ...], match: Match, box: Box) -> NDArray[np.float32]:
    """1 where the other end of a pixel of a box lies inside the picture."""
    ones = np.ones((box.bottom - box.top, box.right - box.left), dtype=np.float32)
    x = np.arange(box.left, box.right)
    y = np.arange(box.top, box.bottom)
    for axis, limit in ((0, shape[1]), (1, shape[0])):
        place = match.map[axis, 0] * x + (match.map[axis, 1] * y + match.map[axis, 2])[:, None]
        ones *= (place >= 3) & (place <= limit - 4)
    return ones
