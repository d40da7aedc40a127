"""Luma and its 8x8 block DCT, for pictures that bring no coefficients of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# ITU-R BT.601, as JFIF uses it.
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def luma(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luma, not rounded: float32 ``[H, W]`` in 0..255 of uint8 ``[H, W, 3]`` RGB."""
    return np.asarray(pixels @ _LUMA, dtype=np.float32)


def block_dct(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Orthonormal DCT-II of luma - 128, block by block (T.81, A.3.3).

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB.

    Returns:
        float32 ``[ceil(H/8), ceil(W/8), 8, 8]``, row frequency before column frequency; incomplete blocks are
        filled by repeating the last row and column.
    """
    height, width = pixels.shape[:2]
    rows, columns = -(-height // 8), -(-width // 8)
    basis = _basis()
    result = np.empty((rows, columns, 8, 8), dtype=np.float32)
    # By strips of 32 block rows, so that memory does not grow with the picture.
    for top in range(0, rows, 32):
        strip = luma(pixels[top * 8 : (top + 32) * 8]) - 128
        strip = np.pad(strip, ((0, -strip.shape[0] % 8), (0, -width % 8)), mode="edge")
        blocks = strip.reshape(-1, 8, columns, 8).swapaxes(1, 2)
        result[top : top + 32] = basis @ blocks @ basis.T
    return result


def _basis() -> NDArray[np.float32]:
    """``[8, 8]``: row u is the cosine of frequency u."""
    frequency, place = np.mgrid[:8, :8]
    basis = np.cos((2 * place + 1) * frequency * np.pi / 16) / 2
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, dtype=np.float32)
