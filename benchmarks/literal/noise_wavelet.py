"""Mahdian and Saic 2009: diagonal db8 band, median absolute deviation of 8x8 coefficients; plainly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence

# Daubechies, "Ten Lectures on Wavelets", Table 6.1, N = 8.
SCALING = (
    0.05441584224308161, 0.3128715909144659, 0.6756307362980128, 0.5853546836548691,
    -0.015829105256023893, -0.2840155429624281, 0.00047248457399797254, 0.128747426620186,
    -0.01736930100202211, -0.04408825393106472, 0.013981027917015516, 0.008746094047015655,
    -0.00487035299301066, -0.0003917403729959771, 0.0006754494059985568, -0.00011747678400228192,
)  # fmt: skip


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """Noise level of each cell of 16x16 pixels: ``[1, ceil(H/16), ceil(W/16)]``."""
    luma = np.floor(evidence.pixels.astype(float) @ [0.299, 0.587, 0.114] + 0.5)
    height, width = luma.shape
    wavelet = [(-1) ** place * tap for place, tap in enumerate(SCALING)]

    def coefficient(row: int, column: int) -> float:
        total = 0.0
        for down, first in enumerate(wavelet):
            for right, second in enumerate(wavelet):
                y, x = _mirrored(2 * row + 1 - down, height), _mirrored(2 * column + 1 - right, width)
                total += first * second * luma[y, x]
        return total

    levels = np.zeros((-(-height // 16), -(-width // 16)))
    for row in range(levels.shape[0]):
        for column in range(levels.shape[1]):
            band = [abs(coefficient(8 * row + i, 8 * column + j)) for i in range(8) for j in range(8)]
            levels[row, column] = np.median(band) / 0.6745
    return levels[None]


def _mirrored(place: int, size: int) -> int:
    """... 1 0 | 0 1 .. size - 1 | size - 1, size - 2 ..."""
    place %= 2 * size
    return place if place < size else 2 * size - 1 - place
