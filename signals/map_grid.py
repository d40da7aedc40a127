"""Maps of any size brought onto a signal's grid."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.signal import SignalSpec


def on_grid(map_: NDArray[np.float32], spec: SignalSpec, height: int, width: int) -> NDArray[np.float32]:
    """The means of a map over the cells of a signal.

    Args:
        map_: float32 ``[h', w']`` of any size that covers the whole picture. One of the size of the grid is taken
            as it is.
        spec: The signal; its stride gives the cells.
        height: Rows of pixels of the picture.
        width: Columns of pixels of the picture.

    Returns:
        float32 ``[h, w]`` on the signal's grid, within the range of ``map_``. A cell that reaches past the border is
        the mean over the pixels that are there.
    """
    if map_.shape == spec.grid(height, width):
        return map_
    full = resized(map_, height, width)
    rows, columns = np.arange(0, height, spec.stride), np.arange(0, width, spec.stride)
    sums = np.add.reduceat(np.add.reduceat(full, rows, axis=0), columns, axis=1)
    counts = np.diff(rows, append=height)[:, None] * np.diff(columns, append=width)
    return np.asarray(sums / counts, dtype=np.float32).clip(map_.min(), map_.max())


def resized(image: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """float32 ``[h, w]`` or ``[h, w, C]`` at another size: means along a side that shrinks, else bilinear."""
    image = _resized_rows(image, height)
    return _resized_rows(image.swapaxes(0, 1), width).swapaxes(0, 1)


def _resized_rows(image: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    rows, columns = image.shape[:2]
    if rows == count:
        return image
    # Of both sides at once, OpenCV takes means only where both shrink.
    method = cv2.INTER_AREA if count < rows else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(image), (columns, count), interpolation=method), np.float32)
