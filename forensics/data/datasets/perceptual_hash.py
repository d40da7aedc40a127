"""A perceptual hash: pictures that look alike differ in few of its bits.

The signs of low frequencies of the cosine transform against their median, as in C. Zauner, "Implementation and
Benchmarking of Perceptual Image Hash Functions" (2010), with 255 bits instead of 64.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

BITS = 255
"""Bits of a hash."""

NEAR = 56
"""Pictures whose hashes differ in at most so many bits are called near-duplicates.

Measured (docs/data-sets.md): re-saved, reduced and brightened copies differ in at most 24 bits, with 2 % cut off in at
most 56; among 121,000 pairs of different photos none differed in fewer than 90.
"""

_GRID = 64
_KEPT = 16
# Below this standard deviation of the reduced picture, in gray levels, the bits are noise.
_PLAIN = 2.0


def perceptual_hash(pixels: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Hashes a picture; blind to scale, aspect, brightness and compression, not to turning, mirroring and cropping.

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB.

    Returns:
        bool ``[255]``; None if the picture is too plain for a hash to mean anything.
    """
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (_GRID, _GRID), interpolation=cv2.INTER_AREA).astype(np.float64)
    if small.std() < _PLAIN:
        return None
    # The first coefficient is the mean, which says nothing of the content.
    low = dctn(small, norm="ortho")[:_KEPT, :_KEPT].ravel()[1:]
    return np.asarray(low > np.median(low), dtype=np.bool_)
