"""Dirik and Memon, "Image tamper detection based on demosaicing artifacts", ICIP 2009, pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence

LAYOUTS = ("GR/BG", "GB/RG", "BG/GR", "RG/GB")
BLOCK, SMOOTH = 16, 5.0


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """Misfit of each 16x16 block ``[ceil(H/16), ceil(W/16)]``, less its median; for pictures without flat blocks."""
    pixels = evidence.pixels.astype(int)
    rows, columns = math.ceil(evidence.height / BLOCK), math.ceil(evidence.width / BLOCK)
    errors = np.zeros((4, rows, columns, 3))
    for number, layout in enumerate(LAYOUTS):
        for y in range(evidence.height):
            for x in range(evidence.width):
                for color in range(3):
                    error = interpolated(pixels, layout, y, x, color) - pixels[y, x, color]
                    errors[number, y // BLOCK, x // BLOCK, color] += error**2
    deviation = np.zeros((rows, columns, 3))
    for i in range(rows):
        for j in range(columns):
            block = pixels[BLOCK * i : BLOCK * (i + 1), BLOCK * j : BLOCK * (j + 1)]
            errors[:, i, j] /= block.shape[0] * block.shape[1]
            deviation[i, j] = [np.std(block[..., color], ddof=1) for color in range(3)]
    means = [errors[number][deviation > SMOOTH].mean() for number in range(4)]
    best = means.index(min(means))
    misfit = errors[best].sum(axis=2) / (errors.sum(axis=(0, 3)) / 4)
    return misfit - np.median(misfit)


def measured(layout: str, y: int, x: int) -> int:
    """The color, 0 to 2, that the sensor measures at a pixel."""
    return "RGB".index(layout.split("/")[y % 2][x % 2])


def interpolated(pixels: NDArray[np.int_], layout: str, y: int, x: int, color: int) -> int:
    """The mean, halves rounded up, of the neighbors at which the color is measured; mirrored at the border."""
    if measured(layout, y, x) == color:
        return int(pixels[y, x, color])
    height, width = pixels.shape[:2]
    neighbors = []
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            if measured(layout, y + dy, x + dx) == color and (color != 1 or abs(dy) + abs(dx) == 1):
                row, column = abs(y + dy), abs(x + dx)
                row = 2 * height - 2 - row if row >= height else row
                column = 2 * width - 2 - column if column >= width else column
                neighbors.append(pixels[row, column, color])
    return math.floor(sum(neighbors) / len(neighbors) + 0.5)
