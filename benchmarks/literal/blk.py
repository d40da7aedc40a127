"""Li, Yuan and Yu, "Passive detection of doctored JPEG image via block artifact grid extraction", 2009, 3 and 4."""

from __future__ import annotations

from statistics import median

import numpy as np
from numpy.typing import NDArray

from signals import Evidence


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """Line by line, pixel by pixel: grid strength, then each block's inner against its outer lines."""
    luma = evidence.pixels.astype(np.float64) @ [299, 587, 114]
    grid = (_horizontal_lines(luma) + _horizontal_lines(luma.T).T) / 1000
    height, width = luma.shape
    result = np.zeros((-(-height // 8), -(-width // 8)))
    for row in range(height // 8):
        for column in range(width // 8):
            block = grid[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
            columns = [sum(block[y, x] for y in range(1, 7)) for x in range(8)]
            rows = [sum(block[y, x] for x in range(1, 7)) for y in range(8)]
            off_columns = max(columns[1:7]) - min(columns[0], columns[7])
            off_rows = max(rows[1:7]) - min(rows[0], rows[7])
            result[row, column] = off_columns + off_rows
    return result


def _horizontal_lines(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width = luma.shape
    difference = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            above, below = luma[max(y - 1, 0), x], luma[min(y + 1, height - 1), x]
            value = abs(2 * luma[y, x] - above - below)
            difference[y, x] = value if value <= 50_000 else 0
    summed = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            summed[y, x] = sum(difference[y, _mirror(x + k, width)] for k in range(-16, 17))
    raised = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            raised[y, x] = summed[y, x] - median(summed[_mirror(y + k, height), x] for k in range(-16, 17))
    lines = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            lines[y, x] = median(raised[_mirror(y + k, height), x] for k in (-16, -8, 0, 8, 16))
    return lines


def _mirror(place: int, size: int) -> int:
    """The border repeats backwards, its own pixel included."""
    place %= 2 * size
    return place if place < size else 2 * size - 1 - place
