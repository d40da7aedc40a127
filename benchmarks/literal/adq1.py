"""Lin, He, Tang and Tang, Pattern Recognition 42 (2009) 2492-2501: log-odds of each block."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from signals import Evidence
from signals.luma_blocks import luma_blocks

ZIG_ZAG = [
    (0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0),
    (4, 0), (3, 1), (2, 2), (1, 3), (0, 4),
]  # fmt: skip


def literal(evidence: Evidence) -> NDArray[np.float64]:
    coefficients = luma_blocks(evidence).coefficients
    height, width = coefficients.shape[:2]
    altered = np.ones((height, width))
    unaltered = np.ones((height, width))
    for row, column in ZIG_ZAG:
        plane = [[int(coefficients[y, x, row, column]) for x in range(width)] for y in range(height)]
        lowest = min(min(line) for line in plane) - 1
        highest = max(max(line) for line in plane) + 1
        histogram = [0] * (highest - lowest + 1)
        for line in plane:
            for value in line:
                histogram[value - lowest] += 1
        period = find_period(histogram)
        if period == 1:
            continue
        top = histogram.index(max(histogram))
        for y in range(height):
            for x in range(width):
                place = plane[y][x] - lowest
                in_period = sum(histogram[member] for member in period_of(place, top, period, len(histogram)))
                if_unaltered = histogram[place] / in_period
                if_altered = 1 / period
                altered[y, x] *= if_altered / (if_altered + if_unaltered)
                unaltered[y, x] *= if_unaltered / (if_altered + if_unaltered)
    return np.log(altered) - np.log(unaltered)


def find_period(histogram: list[int]) -> int:
    spectrum = [abs(value) for value in np.fft.fft(histogram)]
    valley = 0
    while valley < len(spectrum) - 2 and spectrum[valley] >= spectrum[valley + 1]:
        valley += 1
    lines = spectrum[valley : len(spectrum) // 2]
    if not lines or max(lines) < spectrum[0] / 5 or min(lines) / max(lines) > 0.9:
        return 1
    return round(len(histogram) / (valley + lines.index(max(lines))))


def period_of(place: int, top: int, period: int, size: int) -> list[int]:
    start = place - int(math.fmod(place - top, period))
    if start >= top:
        members = [start + step for step in range(period)]
        return [member - period if member >= size else member for member in members]
    members = [start - step for step in range(period)]
    return [member + period if member < 0 else member for member in members]
