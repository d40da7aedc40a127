"""Zeng, Zhan, Kang and Lin 2017, with the estimator of Pyatykh, Hesser and Zheng 2013; plainly, cell by cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """Noise level of each 32x32 cell, repeated on cells of 16x16: ``[1, ceil(H/16), ceil(W/16)]``, 0 if unknown."""
    luma = np.floor(evidence.pixels.astype(float) @ [0.299, 0.587, 0.114] + 0.5)
    coarse, fine = _levels(luma, 64), _levels(luma, 32)
    height, width = fine.shape
    mixed = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            large, small = coarse[row // 2, column // 2], fine[row, column]
            level = 0.8 * large + 0.2 * small
            if np.isnan(level):
                level = large if np.isnan(small) else small
            mixed[row, column] = 0 if np.isnan(level) else level
    result = np.zeros((-(-evidence.height // 16), -(-evidence.width // 16)))
    for row in range(result.shape[0]):
        for column in range(result.shape[1]):
            result[row, column] = mixed[row // 2, column // 2]
    return result[None]


def _levels(luma: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    height, width = luma.shape
    rows = []
    for top in range(0, height, size):
        rows.append([])
        for left in range(0, width, size):
            y, x = min(top, height - size), min(left, width - size)
            rows[-1].append(_level(luma[y : y + size, x : x + size]))
    return np.array(rows)


def _level(cell: NDArray[np.float64]) -> float:
    patches = []
    for y in range(cell.shape[0] - 5):
        for x in range(cell.shape[1] - 5):
            patch = cell[y : y + 5, x : x + 5].flatten()
            if np.sum((patch == 0) | (patch == 255)) <= 3:
                patches.append(patch)
    if round(0.1 * (len(patches) - 1)) <= 25:
        return float("nan")
    # Multiplied by 625 the variances are whole numbers, and ties are ties.
    spreads = [25 * np.sum(patch**2) - np.sum(patch) ** 2 for patch in patches]
    order = sorted(range(len(patches)), key=lambda index: (spreads[index], index))
    ordered = np.array([patches[index] for index in order])
    last = len(patches) - 1
    bound = 3.1 / 625 * spreads[order[min(max(round(0.0005 * last) + 1, spreads.count(0)), last)]]
    variance, previous = bound, 0.0
    for _ in range(10):
        if abs(variance - previous) < 1e-5:
            break
        previous = variance
        for step in range(19):
            count = round((1 - 0.05 * step) * last)
            eigenvalues = np.linalg.eigvalsh(np.cov(ordered[:count].T, bias=True))
            variance = eigenvalues[0]
            if variance < 1e-5:
                break
            if eigenvalues[6] - eigenvalues[0] < 49 * previous / np.sqrt(count) and variance < bound:
                break
    return float(np.sqrt(max(variance, 0)))
