"""The content-free prior: how well somebody scores who never looks at the picture.

Changed regions tend to lie near the middle, so a map must beat the middle before it has shown anything. The
prior is two maps: for what is taken at a threshold a centered disc, for what is taken over all thresholds the
closeness to the center.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Radii as fractions of the short side; one of them is fixed for a whole set, the one with the best mean F1 on
# the very pictures that are scored, so that the prior is favored.
DISC_RADII = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


def centered_disc(height: int, width: int, radius: float) -> NDArray[np.uint8]:
    """A map that marks a disc in the middle.

    Args:
        height: H in pixels.
        width: W in pixels.
        radius: Fraction of the short side.

    Returns:
        uint8 ``[H, W]``, 255 where the pixel's middle lies within the disc, else 0.
    """
    y, x = _offsets(height), _offsets(width)
    inside = y[:, None] ** 2 + x**2 <= (radius * min(height, width)) ** 2
    return np.where(inside, np.uint8(255), np.uint8(0))


def closeness(height: int, width: int) -> NDArray[np.float32]:
    """How near each pixel is to the middle, each axis measured in halves of its own side.

    The squared distance is kept: AUC depends on the order alone.

    Returns:
        float32 ``[H, W]`` in -2..0, 0 at the middle.
    """
    y, x = _offsets(height) / np.float32(height / 2), _offsets(width) / np.float32(width / 2)
    return np.asarray(-(y[:, None] ** 2 + x**2))


def _offsets(size: int) -> NDArray[np.float32]:
    """Distance of every pixel's middle to the picture's, along one axis."""
    return np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2)
