"""Error level against fine detail and against the rest of the picture, after Krawetz 2007; plainly."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.literal.noise_median import literal as median_residuals
from signals.evidence import Evidence


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """Doublings of the error level of 5x5 cells over the median of the picture: ``[ceil(H/8), ceil(W/8)]``."""
    change = (_change(evidence.pixels, 80) + _change(evidence.pixels, 90)) / 2
    detail = median_residuals(evidence)[0]
    height, width = detail.shape
    errors = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            errors[row, column] = change[8 * row : 8 * row + 8, 8 * column : 8 * column + 8].mean()
    level = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            window = [
                (_mirrored(row + down, height), _mirrored(column + right, width))
                for down in range(-2, 3)
                for right in range(-2, 3)
            ]
            error = np.mean([errors[place] for place in window])
            fine = np.mean([detail[place] for place in window])
            level[row, column] = np.log2(error + 0.1) - 0.3 * np.log2(fine + 1)
    return np.asarray(level - np.median(level))


def _change(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.float64]:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", quality=quality, subsampling="4:2:0")
    return np.abs(pixels.astype(float) - np.asarray(Image.open(buffer)).astype(float))


def _mirrored(place: int, size: int) -> int:
    """... 1 0 | 0 1 .. size - 1 | size - 1, size - 2 ..."""
    place %= 2 * size
    return place if place < size else 2 * size - 1 - place
