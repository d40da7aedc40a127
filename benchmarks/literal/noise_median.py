"""Median residual: distance of every pixel from the median of its 3x3 neighborhood, averaged over 8x8; plainly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """Mean residual of each cell: ``[1, ceil(H/8), ceil(W/8)]``."""
    pixels = evidence.pixels.astype(int)
    height, width = pixels.shape[:2]
    residual = np.zeros((height, width, 3))
    for y in range(height):
        for x in range(width):
            for color in range(3):
                around = [
                    pixels[min(max(y + down, 0), height - 1), min(max(x + right, 0), width - 1), color]
                    for down in (-1, 0, 1)
                    for right in (-1, 0, 1)
                ]
                residual[y, x, color] = abs(pixels[y, x, color] - sorted(around)[4])
    rows = []
    for y in range(0, height, 8):
        rows.append([residual[y : y + 8, x : x + 8].mean() for x in range(0, width, 8)])
    return np.array([rows])
