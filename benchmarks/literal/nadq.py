"""Bianchi and Piva, IEEE TIFS 7 (2012) 1003-1017, the non-aligned case, block by block."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from signals import Evidence

VALUES = np.arange(-1024, 1025)
SPREADS = (0.5, 0.8, 1.2, 1.8, 2.7, 4.0)
SHARES = (0.03, 0.06, 0.1, 0.15, 0.22, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97)


@dataclass(frozen=True, eq=False)
class Mixture:
    spread: float
    share: float
    logarithm: NDArray[np.float64]


Mixtures = dict[int, list[Mixture]]


def literal(evidence: Evidence) -> NDArray[np.float64]:
    brightness = evidence.pixels @ np.array([0.299, 0.587, 0.114]) - 128
    mixtures = {step: list(all_mixtures(step)) for step in range(3, 31)}
    row, column, step, mixture, share = find_grid(brightness, mixtures)
    ratios = block_ratios(brightness, row, column, step, mixture, mixtures)
    if share >= 0.3:
        ratios = -ratios
    height, width = -(-brightness.shape[0] // 8), -(-brightness.shape[1] // 8)
    cells = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            for block_y, weight_y in ((y - 1, row), (y, 8 - row)):
                for block_x, weight_x in ((x - 1, column), (x, 8 - column)):
                    inside_y = min(max(block_y, 0), ratios.shape[0] - 1)
                    inside_x = min(max(block_x, 0), ratios.shape[1] - 1)
                    cells[y, x] += ratios[inside_y, inside_x] * weight_y * weight_x / 64
    padded = np.pad(cells, 2, mode="edge")
    return np.array([[np.median(padded[y : y + 5, x : x + 5]) for x in range(width)] for y in range(height)])


def find_grid(brightness: NDArray[np.float64], mixtures: Mixtures) -> tuple[int, int, int, Mixture, float]:
    height, width = brightness.shape
    counts = np.zeros((4, 4, 8, 8, VALUES.size))
    for top in range(height - 7):
        for left in range(width - 7):
            block = brightness[top : top + 8, left : left + 8]
            if block.var() >= 1:
                quarter = top * 4 // height, left * 4 // width
                counts[(*quarter, top % 8, left % 8, round(block.sum() / 8) + 1024)] += 1
    whole = counts.sum(axis=(0, 1))
    views = [whole, *(counts[y : y + 2, x : x + 2].sum(axis=(0, 1)) for y in range(3) for x in range(3))]
    most, best = 0.0, None
    for step in mixtures:
        for view in views:
            logarithms = np.array([mixture.logarithm for mixture in mixtures[step]])
            likelihoods = np.moveaxis(view @ logarithms.T, 2, 0)
            gains = np.maximum(likelihoods.max(axis=0), 0)
            usual = np.median(gains.ravel()[1:])
            for row in range(8):
                for column in range(8):
                    around = [
                        gains[(row + y) % 8, (column + x) % 8]
                        for y in (-1, 0, 1)
                        for x in (-1, 0, 1)
                        if (y, x) != (0, 0)
                    ]
                    images = {
                        (a * sign_a % 8, b * sign_b % 8)
                        for a, b in ((row, column), (column, row))
                        for sign_a in (1, -1)
                        for sign_b in (1, -1)
                    } - {(row, column)}
                    gain = gains[row, column]
                    beyond = gain - max(usual, *(gains[image] for image in images), 0)
                    if (row, column) != (0, 0) and gain > max(around) and beyond > most:
                        most = beyond
                        best = row, column, step, mixtures[step][likelihoods[:, row, column].argmax()]
    assert best is not None
    row, column, step, chosen = best
    same_spread = [mixture for mixture in mixtures[step] if mixture.spread == chosen.spread]
    likeliest = max(same_spread, key=lambda mixture: float(whole[row, column] @ mixture.logarithm))
    return row, column, step, chosen, likeliest.share


def block_ratios(
    brightness: NDArray[np.float64], row: int, column: int, step: int, of_means: Mixture, mixtures: Mixtures
) -> NDArray[np.float64]:
    height, width = (brightness.shape[0] - row) // 8, (brightness.shape[1] - column) // 8
    blocks = {}
    for y in range(height):
        for x in range(width):
            pixels = brightness[row + 8 * y : row + 8 * y + 8, column + 8 * x : column + 8 * x + 8]
            if pixels.var() >= 1:
                blocks[y, x] = dctn(pixels, norm="ortho")
    result = np.zeros((height, width))
    for place, block in blocks.items():
        result[place] += of_means.logarithm[round(block[0, 0]) + 1024]
    if row == 0 or column == 0:
        return result
    for frequency in ((0, 1), (1, 0), (2, 0), (1, 1), (0, 2)):
        counts = np.zeros(VALUES.size)
        for block in blocks.values():
            counts[round(block[frequency]) + 1024] += 1
        most, chosen = 8.0, None
        for candidate in mixtures:
            speaks = 2 * abs(VALUES) >= candidate
            for mixture in mixtures[candidate]:
                gain = (counts * speaks) @ mixture.logarithm
                if gain >= most:
                    most, chosen = gain, mixture.logarithm * speaks
        if chosen is not None:
            for place, block in blocks.items():
                result[place] += chosen[round(block[frequency]) + 1024]
    return result


def all_mixtures(step: int) -> Iterator[Mixture]:
    for spread in SPREADS:
        if spread > 0.45 * step:
            continue
        period = np.zeros(step)
        for value in range(step):
            for multiple in range(-3, 5):
                upper = math.erf((value + 0.5 - multiple * step) / (spread * math.sqrt(2)))
                lower = math.erf((value - 0.5 - multiple * step) / (spread * math.sqrt(2)))
                period[value] += step * (upper - lower) / 2
        ratio = period[VALUES % step]
        for share in SHARES:
            yield Mixture(spread, share, np.log(share * ratio + (1 - share)))
