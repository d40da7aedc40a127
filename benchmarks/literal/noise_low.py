"""Gardella, Muse, Morel and Colom 2021, sections 2 and 3, with squares as the regions; plainly."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence

# Orthogonal polynomials of degree 0, 1 and 2 on five points, with their squared norms.
POLYNOMIALS = ([1, 1, 1, 1, 1], [-2, -1, 0, 1, 2], [2, -1, -2, -1, 2])
NORMS = (5, 10, 14)


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """-log10 of the number of false alarms: ``[ceil(H/16), ceil(W/16)]``."""
    luma = np.floor(evidence.pixels.astype(float) @ [0.299, 0.587, 0.114] + 0.5).astype(int)
    patches = _patches(luma)
    height, width = -(-evidence.height // 16), -(-evidence.width // 16)
    smooth, quiet = np.zeros((height, width)), np.zeros((height, width))
    number = min(64, max(1, len(patches) // 4000))
    sums = sorted(patch[0] for patch in patches)
    classes = [[] for _ in range(number)]
    for patch in patches:
        classes[int(np.searchsorted(sums, patch[0])) * number // len(patches)].append(patch)
    for members in filter(None, classes):
        limit = sorted(low for _, low, _, _ in members)[math.ceil(0.3 * len(members)) - 1]
        chosen = [patch for patch in members if patch[1] <= limit]
        quietest = sorted(high for _, _, high, _ in chosen)[math.ceil(0.5 * len(chosen)) - 1]
        for _, _, high, cell in chosen:
            smooth[cell] += 1
            quiet[cell] += high <= quietest
    share = quiet.sum() / smooth.sum()
    squares = [
        (row, column, side)
        for side in (2, 4, 8, 16)
        for row in range(height - side + 1)
        for column in range(width - side + 1)
    ]
    best = np.zeros((height, width))
    for row, column, side in squares:
        window = slice(row, row + side), slice(column, column + side)
        count, hits = smooth[window].sum(), quiet[window].sum()
        if count == 0 or hits / count <= share:
            continue
        inside = hits / count
        entropy = inside * math.log(inside / share)
        if inside < 1:
            entropy += (1 - inside) * math.log((1 - inside) / (1 - share))
        tail = -4 / 25 * count * entropy / math.log(10)
        best[window] = np.maximum(best[window], -(tail + math.log10(len(squares))))
    return best


def _patches(luma: NDArray[np.int64]) -> list[tuple[int, int, int, tuple[int, int]]]:
    """Sum, 700 times the low and the high energy, and cell of every patch that is neither flat nor clipped."""
    found = []
    for y in range(0, luma.shape[0] - 4, 2):
        for x in range(0, luma.shape[1] - 4, 2):
            patch = luma[y : y + 5, x : x + 5]
            energy = 700 * int((patch**2).sum()) - 28 * int(patch.sum()) ** 2
            if patch.min() == 0 or patch.max() == 255 or energy == 0:
                continue
            low = 0
            for down, across in ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0)):
                product = np.outer(POLYNOMIALS[down], POLYNOMIALS[across])
                low += 700 * int((patch * product).sum()) ** 2 // (NORMS[down] * NORMS[across])
            found.append((int(patch.sum()), low, energy - low, ((y + 2) // 16, (x + 2) // 16)))
    return found
