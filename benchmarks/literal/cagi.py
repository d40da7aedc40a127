"""Iakovidou et al., "Content-aware detection of JPEG grid inconsistencies", 2018: candidate grids of each cell.

Their contrast replaces the per-picture stretching of the paper, as :class:`signals.grid.cagi.Cagi` says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals import Evidence


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """Block by block: cross differences, sixteen candidate grids, contrast of the best, its lack around each cell."""
    pixels = evidence.pixels.astype(np.int64)
    height, width = pixels.shape[:2]
    luma = pixels @ np.array([65481, 128553, 24966])  # in 1/255000 of a grey level, exactly
    rows, columns = height // 8 - 1, width // 8 - 1
    strength, plausible, excess = np.zeros((8, 8)), np.zeros((8, 8)), np.zeros((8, 8, rows, columns))
    for p in range(8):
        for q in range(8):
            inner, outer = [], []
            for i in range(rows):
                for j in range(columns):
                    inner.append(_cross(luma, 8 * i + p, 8 * j + q))
                    outer.append(_cross(luma, 8 * i + p + 4, 8 * j + q + 4))
                    excess[p, q, i, j] = max(0, outer[-1] - inner[-1]) / (255_000 * 255)
            inner_shares, outer_shares = _shares(inner), _shares(outer)
            distance = sum(abs(a - b) for a, b in zip(inner_shares, outer_shares, strict=True))
            strength[p, q] = 0 if distance > 1.999999 else distance
            plausible[p, q] = sum(inner_shares[:2]) > sum(outer_shares[:2])

    def certainty(p: int, q: int) -> float:
        return float(plausible[p].sum() + plausible[:, q].sum()) / 16

    candidates = []
    for q in range(4):
        for p in range(4):
            diagonal = strength[p, q] + strength[p + 4, q + 4] - strength[p + 4, q] - strength[p, q + 4]
            first, second = ((p, q), (p + 4, q + 4)) if diagonal > 0 else ((p, q + 4), (p + 4, q))
            center, corner = (first, second) if plausible[first] else (second, first)
            candidates.append((certainty(*center) - certainty(*corner), len(candidates), center))
    ordered = [center for *_, center in sorted(candidates)]

    side = 2 if height * width < 480 * 640 else 3
    cells = np.zeros((rows // side, columns // side))
    readable = np.zeros(cells.shape, dtype=bool)
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            square = np.s_[side * i : side * i + side, side * j : side * j + side]
            means = [excess[center][square].mean() for center in ordered]
            mean = sum(means) / 16
            cells[i, j] = (means[-1] - mean) / (means[-1] + mean + 2 / 255)
            area = pixels[8 * side * i : 8 * side * (i + 1), 8 * side * j : 8 * side * (j + 1)]
            readable[i, j] = 15 <= area.max(axis=2).mean() < 245

    result = np.zeros((-(-height // 8), -(-width // 8)))
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            places = [
                (_mirror(i + di, cells.shape[0]), _mirror(j + dj, cells.shape[1]))
                for di in range(-2, 3)
                for dj in range(-2, 3)
            ]
            around = [cells[place] for place in places if readable[place]]
            lack = cells[readable].mean() - np.mean(around) if around else 0
            result[side * i : side * i + side, side * j : side * j + side] = lack
    return result


def _cross(luma: NDArray[np.int64], y: int, x: int) -> int:
    return abs(int(luma[y, x] - luma[y, x + 1] - luma[y + 1, x] + luma[y + 1, x + 1]))


def _shares(values: list[int]) -> list[float]:
    """Shares of 40 equal bins, each closed above."""
    low, high = min(values), max(values)
    counts = [0] * 40
    for value in values:
        place = -(-(value - low) * 40 // (high - low)) if high > low else 0
        counts[max(0, place - 1)] += 1
    return [count / len(values) for count in counts]


def _mirror(place: int, size: int) -> int:
    place %= 2 * size
    return place if place < size else 2 * size - 1 - place
