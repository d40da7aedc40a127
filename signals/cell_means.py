"""Means of pixels over square cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cell_means(values: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Mean over the pixels and channels of each cell; a cell at the border holds the pixels that are there.

    Args:
        values: uint8 ``[H, W, C]``.
        size: Width of a cell in pixels, at most 256 / C.

    Returns:
        float32 ``[ceil(H / size), ceil(W / size)]`` in 0..255.
    """
    height, width, channels = values.shape
    rows, columns = -(-height // size), -(-width // size)
    inner = height // size * size
    sums = np.zeros((rows, columns * size * channels), dtype=np.uint32)
    lines = values.reshape(height, width * channels)
    sums[: inner // size, : width * channels] = (
        lines[:inner].reshape(-1, size, width * channels).sum(1, dtype=np.uint16)
    )
    if inner < height:
        sums[-1, : width * channels] = lines[inner:].sum(axis=0, dtype=np.uint32)
    totals = sums.reshape(rows, columns, size * channels).sum(axis=2, dtype=np.uint32)
    heights = np.full(rows, size)
    widths = np.full(columns, size)
    heights[-1], widths[-1] = height - (rows - 1) * size, width - (columns - 1) * size
    return np.asarray(totals / (np.outer(heights, widths) * channels), dtype=np.float32)
