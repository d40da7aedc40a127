"""One picture of any signal: what varies most in it, cell by cell."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analysis.drawing import Pixels, hatch
from signals import SignalMap

CAPTION = (
    "Drawn is the one direction in which the signal varies most across this picture (first principal component). "
    "Light and dark have no fixed meaning, and an odd area is not a verdict. Striped grey: no true value there."
)
LONGEST = 900
_SAMPLE_CELLS = 50_000


def draw_signal(signal: SignalMap, width: int, height: int) -> Pixels:
    """Draws a usable signal in the proportions of its picture, stored orientation.

    Args:
        signal: The map to draw.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.

    Returns:
        uint8 RGB ``[h, w, 3]``, at most 900 pixels long.
    """
    rows, row_outside = _cells(height, signal, signal.valid.shape[0], max(height, width))
    columns, column_outside = _cells(width, signal, signal.valid.shape[1], max(height, width))
    level = _scaled(_strongest_direction(signal.values, signal.valid), signal.valid)
    colored = cv2.cvtColor(cv2.applyColorMap(level, cv2.COLORMAP_CIVIDIS), cv2.COLOR_BGR2RGB).astype(np.uint8)
    unknown = ~signal.valid[rows][:, columns] | row_outside[:, None] | column_outside
    return hatch(colored[rows][:, columns], unknown)


def _cells(pixels: int, signal: SignalMap, count: int, longest: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """For each drawn line the nearest cell under it, and whether it lies before the first cell."""
    lines = max(1, round(pixels * min(1.0, LONGEST / longest)))
    positions = (np.arange(lines) + 0.5) * (pixels / lines)
    cells = np.floor((positions - signal.spec.offset) / signal.spec.stride).astype(np.intp)
    return cells.clip(0, count - 1), cells < 0


def _strongest_direction(values: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """``[C, h, w]`` projected on the first principal component of its valid cells: ``[h, w]``."""
    if len(values) == 1:
        return np.asarray(values[0], dtype=np.float32)
    cells = values[:, valid]
    step = max(1, cells.shape[1] // _SAMPLE_CELLS)
    sample = np.nan_to_num(cells[:, ::step].astype(np.float64))
    if sample.shape[1] < 2:
        return np.zeros(valid.shape, dtype=np.float32)
    _, vectors = np.linalg.eigh(np.cov(sample))
    direction = vectors[:, -1]
    # An eigenvector has no sign of its own; this choice makes the drawing the same every time.
    direction = direction * np.sign(direction[np.abs(direction).argmax()])
    projected = np.zeros(valid.shape, dtype=np.float32)
    projected[valid] = direction.astype(np.float32) @ cells.astype(np.float32)
    return projected


def _scaled(level: NDArray[np.float32], valid: NDArray[np.bool_]) -> Pixels:
    """The 2nd to 98th percentile of the valid cells stretched over 0..255."""
    known = level[valid & np.isfinite(level)]
    if not known.size:
        return np.zeros(level.shape, dtype=np.uint8)
    low, high = np.percentile(known, (2, 98))
    span = max(float(high - low), 1e-12)
    stretched: Pixels = np.rint(np.nan_to_num((level - low) / span).clip(0, 1) * 255).astype(np.uint8)
    return stretched
