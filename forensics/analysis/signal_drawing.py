"""One picture of any signal, on a scale that is the same for every picture, beside what untouched photos give."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analysis.drawing import Pixels, hatch
from signals import Signal, SignalMap
from signals.drawing_plane import drawing_plane, untouched_plane
from signals.orientation import upright

CAPTION = (
    "The scale from dark blue to yellow is the same for every picture. The strip at the right shows how reference "
    "photos, which nobody edited, fill it: each color takes as much of the strip as it takes of those photos. An odd "
    "area is not a verdict. Striped grey: no true value there."
)
LONGEST = 900
_WHITE = 255


def draw_signal(signal: Signal, found: SignalMap, width: int, height: int, orientation: int = 1) -> Pixels:
    """Draws a usable map in the proportions of its picture, upright, with the strip of untouched photos.

    Args:
        signal: The signal that was read.
        found: Its map.
        width: Width of the stored picture in pixels.
        height: Height of the stored picture in pixels.
        orientation: EXIF orientation 1..8 of the picture.

    Returns:
        uint8 RGB ``[h, w, 3]``; the picture's part is at most 900 pixels long. A signal without a reference of
        untouched photos has no strip.
    """
    rows, row_outside = _cells(height, found, found.valid.shape[0], max(height, width))
    columns, column_outside = _cells(width, found, found.valid.shape[1], max(height, width))
    colored = _color(drawing_plane(signal, found))
    unknown = ~found.valid[rows][:, columns] | row_outside[:, None] | column_outside
    drawn = upright(hatch(colored[rows][:, columns], unknown), orientation)
    untouched = untouched_plane(signal, drawn.shape[0])
    if untouched is None:
        return drawn
    strip = max(4, drawn.shape[1] // 24)
    gap = np.full((drawn.shape[0], max(2, strip // 3), 3), _WHITE, dtype=np.uint8)
    # The rarest at the top, as on an axis.
    return np.concatenate([drawn, gap, _color(np.repeat(untouched[::-1, None], strip, axis=1))], axis=1)


def _color(plane: NDArray[np.float32]) -> Pixels:
    """0..1 to the Cividis scale, which is read alike with any color vision."""
    levels = np.rint(plane * 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_CIVIDIS), cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _cells(pixels: int, found: SignalMap, count: int, longest: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """For each drawn line the nearest cell under it, and whether it lies before the first cell."""
    lines = max(1, round(pixels * min(1.0, LONGEST / longest)))
    positions = (np.arange(lines) + 0.5) * (pixels / lines)
    cells = np.floor((positions - found.spec.offset) / found.spec.stride).astype(np.intp)
    return cells.clip(0, count - 1), cells < 0
