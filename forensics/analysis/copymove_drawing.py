"""The copies of a picture: both ends outlined, with an arrow from the area copied to where it was pasted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analysis.drawing import MARK, OBJECT_COLORS, SMALLEST_CASED, Pixels
from signals.copymove.find import Copies, Copy

CAPTION = (
    "Both areas of each pair are outlined in one color. An arrow points from the area that looks copied to the one "
    "that looks pasted; a line without a head joins two areas of which it cannot be told which would be the copy."
)
Color = tuple[int, int, int]

ONE_OF_THESE = "one of these"
_MOST_DRAWN = 12
_TINT = 0.45


def draw_copies(pixels: Pixels, copies: Copies) -> Pixels:
    """Draws the copies over the picture in grey.

    Args:
        pixels: uint8 RGB ``[H, W, 3]`` of any size, in stored orientation as the copies are.
        copies: What :func:`signals.copymove.find.find_copies` found in the picture.

    Returns:
        uint8 RGB ``[H, W, 3]``. The pasted end is tinted orange; at most 12 copies are drawn, the clearest ones.
    """
    height, width = pixels.shape[:2]
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    canvas: Pixels = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    drawn = copies.copies[:_MOST_DRAWN]
    scale = np.array([width / copies.width, height / copies.height])
    ends = [tuple(_mask(cells, copies, width, height) for cells in (copy.first, copy.second)) for copy in drawn]
    for copy, (first, second) in zip(drawn, ends, strict=True):
        for name, mask in (("first", first), ("second", second)):
            if copy.pasted in (name, None):
                inside = mask > 0
                canvas[inside] = ((1 - _TINT) * canvas[inside] + _TINT * np.array(MARK)).astype(np.uint8)
    for index, (copy, both) in enumerate(zip(drawn, ends, strict=True)):
        color = OBJECT_COLORS[index % len(OBJECT_COLORS)]
        for mask in both:
            contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            _cased(canvas, partial(_paint_contours, canvas, contours), color)
        _join(canvas, copy, scale, color)
    return canvas


def _mask(cells: NDArray[np.bool_], copies: Copies, width: int, height: int) -> Pixels:
    """Cells as pixels ``[height, width]``, 0 or 1."""
    size = cells.shape[1] * 4, cells.shape[0] * 4
    full = cv2.resize(cells.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)[: copies.height, : copies.width]
    return np.asarray(cv2.resize(full, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def _join(canvas: Pixels, copy: Copy, scale: NDArray[np.float64], color: Color) -> None:
    """The arrow between the middles of both ends, or the line with its words."""
    start, end = _middle(copy.first) * scale, _middle(copy.second) * scale
    if copy.pasted == "first":
        start, end = end, start
    points = [(round(float(x)), round(float(y))) for x, y in (start, end)]
    length = max(1.0, float(np.hypot(*(end - start))))
    if copy.pasted is not None:
        tip = min(0.4, max(0.08, 14 / length))

        def arrow(paint: Color, thick: int) -> None:
            cv2.arrowedLine(canvas, points[0], points[1], paint, thick, cv2.LINE_AA, 0, tip)

        _cased(canvas, arrow, color)
        return

    def line(paint: Color, thick: int) -> None:
        cv2.line(canvas, points[0], points[1], paint, thick, cv2.LINE_AA)

    _cased(canvas, line, color)
    size = max(0.4, max(canvas.shape[:2]) / 1600)
    (wide, high), _ = cv2.getTextSize(ONE_OF_THESE, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x = min(max(0, (points[0][0] + points[1][0] - wide) // 2), max(0, canvas.shape[1] - wide))
    y = min(max(high, (points[0][1] + points[1][1]) // 2 - high), canvas.shape[0] - 1)

    def words(paint: Color, thick: int) -> None:
        cv2.putText(canvas, ONE_OF_THESE, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, paint, thick, cv2.LINE_AA)

    _cased(canvas, words, (255, 255, 255))


def _middle(cells: NDArray[np.bool_]) -> NDArray[np.float64]:
    """x and y of the middle of some cells, in pixels."""
    rows, columns = np.nonzero(cells)
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5]) * 4


def _paint_contours(canvas: Pixels, contours: Sequence[NDArray[Any]], paint: Color, thick: int) -> None:
    cv2.drawContours(canvas, contours, -1, paint, thick)


def _cased(canvas: Pixels, paint: Callable[[Color, int], object], color: Color) -> None:
    """Paints a line in black, wider, and then in its color, so that it shows on any ground."""
    thickness = max(1, round(max(canvas.shape[:2]) / 700))
    if max(canvas.shape[:2]) >= SMALLEST_CASED:
        paint((0, 0, 0), thickness + 2)
    paint(color, thickness)
