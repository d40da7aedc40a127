"""Zhou et al., "Learning rich features for image manipulation detection", CVPR 2018, pixel by pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence

SQUARE_3 = [[-1, 2, -1], [2, -4, 2], [-1, 2, -1]]
SQUARE_5 = [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]
ROW = [[1, -2, 1]]
FILTERS = [(SQUARE_3, 4), (SQUARE_5, 12), (ROW, 2)]


def literal(evidence: Evidence) -> NDArray[np.int8]:
    """Quarters of a grey level ``[3, H, W]``, 0 along the border."""
    pixels = evidence.pixels.astype(float)
    result = np.zeros((3, evidence.height, evidence.width), dtype=np.int8)
    for number, (weights, divisor) in enumerate(FILTERS):
        for y in range(2, evidence.height - 2):
            for x in range(2, evidence.width - 2):
                response = sum(filtered(pixels[..., color], y, x, weights) for color in range(3)) / 3 / divisor
                result[number, y, x] = max(-127, min(127, round(4 * response)))
    return result


def filtered(plane: NDArray[np.float64], y: int, x: int, weights: list[list[int]]) -> float:
    top, left = y - len(weights) // 2, x - len(weights[0]) // 2
    return float(
        sum(
            weight * plane[top + row, left + column]
            for row, line in enumerate(weights)
            for column, weight in enumerate(line)
        )
    )
