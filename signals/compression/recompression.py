"""A picture saved once more as a JPEG, in memory: what error level analysis and JPEG ghosts compare it with."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Whole coding units of 16 x 16 pixels; a tile and its margins stay below the 65,535 pixels of a JPEG.
_ROWS, _COLUMNS = 512, 32_768
# Chroma at half resolution is interpolated from the next coding unit.
_MARGIN = 16


def recompressed(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """The pixels after saving as a baseline JPEG and decoding.

    The tables are those of the Independent JPEG Group (T.81, Annex K, scaled), chroma is halved in both directions,
    and the grid begins at pixel (0, 0). The work goes by tiles, with the result of one JPEG of the whole.

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB.
        quality: 1..100.

    Returns:
        uint8 ``[H, W, 3]`` RGB.
    """
    result = np.empty_like(pixels)
    height, width = pixels.shape[:2]
    for top in range(0, height, _ROWS):
        for left in range(0, width, _COLUMNS):
            first_row, first_column = max(0, top - _MARGIN), max(0, left - _MARGIN)
            tile = pixels[first_row : top + _ROWS + _MARGIN, first_column : left + _COLUMNS + _MARGIN]
            inner = _through_jpeg(tile, quality)[top - first_row :, left - first_column :]
            result[top : top + _ROWS, left : left + _COLUMNS] = inner[:_ROWS, :_COLUMNS]
    return result


def _through_jpeg(tile: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(tile, cv2.COLOR_RGB2BGR), options)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return np.asarray(cv2.cvtColor(np.asarray(decoded), cv2.COLOR_BGR2RGB), dtype=np.uint8)
