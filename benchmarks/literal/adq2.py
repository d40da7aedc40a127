"""Bianchi and Piva, IEEE TIFS 7 (2012) 1003-1017, the aligned case, block by block."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from signals import Evidence
from signals.luma_blocks import luma_blocks

PLACES = [(row, column) for row in range(5) for column in range(5 - row)]


def literal(evidence: Evidence) -> NDArray[np.float64]:
    blocks = luma_blocks(evidence)
    height, width = blocks.coefficients.shape[:2]
    brightness = evidence.pixels @ np.array([0.299, 0.587, 0.114]) - 128
    decoded = block_transforms(brightness, height, width)
    shifted_size = [-(-(size - 1) // 8) for size in brightness.shape]
    shifted = block_transforms(brightness[1:, 1:], *shifted_size)
    total = np.zeros((height, width))
    for row, column in PLACES:
        second = int(blocks.table[row, column])
        values = [[int(blocks.coefficients[y, x, row, column]) for x in range(width)] for y in range(height)]
        errors = [decoded[y, x, row, column] - values[y][x] * second for y in range(height) for x in range(width)]
        bias = statistics.median(errors)
        deviation = max(1.4826 * statistics.median(abs(error - bias) for error in errors), 1e-3)
        shifted_values = [round(value / second) for value in shifted[:, :, row, column].ravel()]
        file_values = [value for line in values for value in line]
        reach = min(1024 // second, max(abs(value) for value in file_values + shifted_values))
        found, once = count(file_values, reach), count(shifted_values, reach)
        ratio = best_mixture(found, once, second, bias, deviation)
        if ratio is None:
            continue
        for y in range(height):
            for x in range(width):
                if values[y][x] != 0 and abs(values[y][x]) <= reach:
                    total[y, x] -= math.log(max(ratio[values[y][x] + reach], 0.01))
    padded = np.pad(total, 2, mode="edge")
    return np.array([[np.median(padded[y : y + 5, x : x + 5]) for x in range(width)] for y in range(height)])


def block_transforms(brightness: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    below, right = height * 8 - brightness.shape[0], width * 8 - brightness.shape[1]
    whole = np.pad(brightness, ((0, below), (0, right)), mode="edge")
    result = np.zeros((height, width, 8, 8))
    for y in range(height):
        for x in range(width):
            result[y, x] = dctn(whole[y * 8 : y * 8 + 8, x * 8 : x * 8 + 8], norm="ortho")
    return result


def count(values: list[int], reach: int) -> NDArray[np.float64]:
    histogram = np.zeros(2 * reach + 1)
    for value in values:
        if abs(value) <= reach:
            histogram[value + reach] += 1
    return histogram


def best_mixture(
    found: NDArray[np.float64], once: NDArray[np.float64], second: int, bias: float, deviation: float
) -> NDArray[np.float64] | None:
    reach = len(found) // 2
    counted = [place for place in range(2 * reach + 1) if place != reach and found[place] + once[place] > 0]
    least = sum((found[place] - once[place]) ** 2 / (found[place] + once[place]) for place in counted)
    best = None
    for first in range(1, 41):
        if second % first == 0:
            continue
        twice = double_ratio(reach, first, second, bias, deviation)
        share = fitted_share(found, once, twice, counted, lambda place: 1 / (found[place] + once[place]))
        error = 0.0
        for place in counted:
            expected = (share * twice[place] + 1 - share) * once[place]
            error += (found[place] - expected) ** 2 / (found[place] + once[place])
        if share > 0.25 and error < least:
            least = error
            share = max(fitted_share(found, once, twice, counted, lambda place: 1.0), 0.1)
            best = share * twice + (1 - share)
    return best


def fitted_share(
    found: NDArray[np.float64],
    once: NDArray[np.float64],
    twice: NDArray[np.float64],
    counted: list[int],
    weight: Callable[[int], float],
) -> float:
    above = sum(weight(place) * (twice[place] - 1) * once[place] * (found[place] - once[place]) for place in counted)
    below = sum(weight(place) * ((twice[place] - 1) * once[place]) ** 2 for place in counted)
    return min(above / max(below, 1e-12), 1.0)


def double_ratio(reach: int, first: int, second: int, bias: float, deviation: float) -> NDArray[np.float64]:
    result = np.zeros(2 * reach + 1)
    for value in range(-reach, reach + 1):
        low, high = second * (value - 0.5) - bias, second * (value + 0.5) - bias
        for multiple in range(math.floor(low / first) - 3, math.ceil(high / first) + 4):
            upper = math.erf((high - multiple * first) / (deviation * math.sqrt(2)))
            lower = math.erf((low - multiple * first) / (deviation * math.sqrt(2)))
            result[value + reach] += (upper - lower) / 2
    return result * first / second
