"""Kirchner, MM&Sec 2008, by windows as Mahdian and Saic, TIFS 2008, written plainly: a Fourier sum for each window."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence

CELL, WINDOW = 16, 64
FREQUENCIES = [f for f in range(5, 33) if f % 8 not in (7, 0, 1)]


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """Strongest relative power ``[ceil(H/16), ceil(W/16)]`` of a picture that is textured everywhere."""
    luma = evidence.pixels @ np.array([0.299, 0.587, 0.114])
    rows, columns = evidence.height // CELL - 3, evidence.width // CELL - 3
    relative = np.zeros((rows, columns, len(FREQUENCIES)))
    for plane, turned in ((luma, False), (luma.T, True)):
        errors = predictable(plane)
        power = np.zeros(relative.shape)
        for i in range(rows):
            for j in range(columns):
                top, left = (CELL * j, CELL * i) if turned else (CELL * i, CELL * j)
                line = errors[top : top + WINDOW, left : left + WINDOW].sum(axis=0)
                power[i, j] = periodogram(line)
        relative += power / np.median(power, axis=(0, 1)) / 2
    result = np.zeros((math.ceil(evidence.height / CELL), math.ceil(evidence.width / CELL)))
    for i, j in np.ndindex(*result.shape):
        around = [
            relative[min(max(i - dy, 0), rows - 1), min(max(j - dx, 0), columns - 1)]
            for dy in range(4)
            for dx in range(4)
        ]
        result[i, j] = max(sum(around) / 16)
    return result


def predictable(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """The p-map of second differences along rows, less those of the row below; mirrored at the border."""
    height, width = plane.shape

    def mirrored(place: int, size: int) -> int:
        return -place if place < 0 else 2 * size - 2 - place if place >= size else place

    squares = np.zeros(plane.shape)
    for y in range(height):
        for x in range(width):
            left, right, below = mirrored(x - 1, width), mirrored(x + 1, width), mirrored(y + 1, height)
            here = (plane[y, left] + plane[y, right]) / 2 - plane[y, x]
            squares[y, x] = (here - (plane[below, left] + plane[below, right]) / 2 + plane[below, x]) ** 2
    result = np.zeros(plane.shape)
    for y in range(height):
        for x in range(width):
            lines = [mirrored(y + dy, height) for dy in range(-8, 9)]
            places = [mirrored(x + dx, width) for dx in range(-8, 9)]
            result[y, x] = math.exp(-squares[y, x] / (squares[np.ix_(lines, places)].mean() + 0.1))
    return result


def periodogram(line: NDArray[np.float64]) -> list[float]:
    """Power at the frequencies, of the line without its mean and slope, under a Hann taper."""
    place = np.arange(WINDOW)
    level = line - np.polyval(np.polyfit(place, line, 1), place)
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * (place + 1) / (WINDOW + 1))
    return [abs((level * taper * np.exp(-2j * np.pi * f * place / WINDOW)).sum()) ** 2 for f in FREQUENCIES]
