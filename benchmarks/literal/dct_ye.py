"""Ye, Sun and Chang, IEEE ICME 2007, pages 12-15, sections 2 and 3: steps from power spectra, misfit of each block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals import Evidence
from signals.luma_blocks import luma_blocks

ZIG_ZAG = [
    (0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0), (4, 0), (3, 1), (2, 2), (1, 3), (0, 4),
    (0, 5), (1, 4), (2, 3), (3, 2), (4, 1), (5, 0), (6, 0), (5, 1), (4, 2), (3, 3), (2, 4), (1, 5), (0, 6),
    (0, 7), (1, 6), (2, 5), (3, 4),
]  # fmt: skip


def literal(evidence: Evidence) -> NDArray[np.float64]:
    blocks = luma_blocks(evidence)
    height, width = blocks.coefficients.shape[:2]
    result = np.zeros((height, width))
    for row, column in ZIG_ZAG:
        step_of_file = int(blocks.table[row, column])
        values = [
            [int(blocks.coefficients[y, x, row, column]) * step_of_file for x in range(width)] for y in range(height)
        ]
        histogram = [0] * 513
        for line in values:
            for value in line:
                if -256 <= value <= 256:
                    histogram[value + 256] += 1
        step = estimate_step(histogram)
        if step == 0:
            continue
        for y in range(height):
            for x in range(width):
                result[y, x] += abs(values[y][x] - step * round(values[y][x] / step))
    return result


def estimate_step(histogram: list[int]) -> int:
    power = [abs(value - 1) for value in np.fft.fft(histogram)]
    smooth = filtered(power, 3)
    place = 0
    while place + 1 < len(smooth) and smooth[place] <= smooth[place + 1]:
        place += 1
    place += 1
    while place + 1 < len(smooth) and smooth[place] >= smooth[place + 1]:
        place += 1
    if (place + 1) * 2 >= len(power) * 0.8:
        return 0
    middle = power[place : len(power) - place - 1]
    curvature = [middle[i] - 2 * middle[i + 1] + middle[i + 2] for i in range(len(middle) - 2)]
    curvature = filtered(curvature, 5)
    lowest = min(curvature)
    dips = [value if value <= lowest / 5 else 0.0 for value in curvature]
    # Equal neighbors, but for rounding, are one value.
    scale = max(max(abs(value) for value in dips), 1e-12)
    different = [round(dips[0] / scale, 9)]
    for value in dips[1:]:
        if round(value / scale, 9) != different[-1]:
            different.append(round(value / scale, 9))
    walled = [float("inf"), *different, float("inf")]
    minima = (
        sum(walled[i - 1] > walled[i] < walled[i + 1] for i in range(1, len(walled) - 1)) if len(different) > 1 else 0
    )
    return minima + 1 if minima else 0


def filtered(values: list[float], deviation: float) -> list[float]:
    weights = [np.exp(-(offset**2) / (2 * deviation**2)) for offset in range(-25, 26)]
    total = sum(weights)
    result = []
    for place in range(len(values)):
        mean = 0.0
        for offset in range(-25, 26):
            if 0 <= place + offset < len(values):
                mean += values[place + offset] * weights[offset + 25] / total
        result.append(mean)
    return result
