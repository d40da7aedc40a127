"""Farid 2009, equations 1 and 3: difference of each block from itself at each JPEG quality; plainly, in luma."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from signals.evidence import Evidence

QUALITIES = (50, 55, 60, 65, 70, 75, 78, 80, 82, 85, 88, 90, 92, 94, 96, 98)
# T.81, Table K.1.
TABLE = """16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"""


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """log2(1 + 16 mean squared differences): ``[16, ceil(H/8), ceil(W/8)]``."""
    luma = evidence.pixels.astype(float) @ [0.299, 0.587, 0.114]
    luma = np.pad(luma, ((0, -evidence.height % 8), (0, -evidence.width % 8)), mode="edge")
    height, width = luma.shape
    values = np.zeros((len(QUALITIES), height // 8, width // 8))
    for index, quality in enumerate(QUALITIES):
        steps = np.array([int((int(step) * (200 - 2 * quality) + 50) / 100) or 1 for step in TABLE.split()])
        steps = steps.reshape(8, 8)
        for row in range(height // 8):
            for column in range(width // 8):
                block = luma[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] - 128
                coefficients = dctn(block, norm="ortho")
                saved = steps * np.round(coefficients / steps)
                values[index, row, column] = np.log2(1 + 16 * np.sum((coefficients - saved) ** 2) / 64)
    return values
