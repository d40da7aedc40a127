"""Nikoukhah et al., "ZERO", IPOL 2021: the vote of each pixel for the grid origin with the most DCT zeros."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from signals import Evidence


def literal(evidence: Evidence) -> NDArray[np.uint8]:
    """The most frequent vote of each 8x8 cell, 64 for none, as one channel."""
    cast = pixel_votes(evidence.pixels)
    height, width = cast.shape
    result = np.zeros((1, -(-height // 8), -(-width // 8)), dtype=np.uint8)
    for row in range(result.shape[1]):
        for column in range(result.shape[2]):
            votes = Counter(cast[8 * row : 8 * row + 8, 8 * column : 8 * column + 8].ravel().tolist())
            result[0, row, column] = min(votes, key=lambda vote: (-votes[vote], vote))
    return result


def pixel_votes(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 ``[H, W]``: 0..63, or 64 for none."""
    gray = np.rint(pixels @ np.array([0.299, 0.587, 0.114]))
    height, width = gray.shape
    cast = np.full((height, width), 64)
    most = np.full((height, width), -1)
    for top in range(height - 7):
        for left in range(width - 7):
            block = gray[top : top + 8, left : left + 8]
            zeros = np.abs(dctn(block, norm="ortho")) < 0.5 - 1e-4
            count = int(zeros.sum()) - int(zeros[0, 0])
            constant = (block == block[:, :1]).all() or (block == block[:1]).all()
            origin = 64 if constant else top % 8 * 8 + left % 8
            for y in range(top, top + 8):
                for x in range(left, left + 8):
                    if count == most[y, x]:
                        cast[y, x] = 64
                    elif count > most[y, x]:
                        cast[y, x], most[y, x] = origin, count
    cast[:7] = cast[:, :7] = cast[height - 7 :] = cast[:, width - 7 :] = 64
    return cast.astype(np.uint8)
