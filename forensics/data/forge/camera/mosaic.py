"""The color filters in front of a sensor: each pixel measures one color."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Colors = NDArray[np.float32]
Pattern = Literal["RGGB", "GRBG", "GBRG", "BGGR"]

# Row and column of the first red sample in the four phases of Bayer's array (US patent 3,971,065); the first blue
# one is diagonal to it, and the two others are green.
FIRST_RED: Mapping[Pattern, tuple[int, int]] = MappingProxyType(
    {"RGGB": (0, 0), "GRBG": (0, 1), "GBRG": (1, 0), "BGGR": (1, 1)}
)


def measure_colors(colors: Colors, pattern: Pattern) -> Samples:
    """Keeps of each pixel the one color that its filter lets through.

    Args:
        colors: float32 ``[H, W, 3]``, red, green, blue.
        pattern: Filters of the first two rows and columns.

    Returns:
        float32 ``[H, W]``.
    """
    y, x = FIRST_RED[pattern]
    samples = colors[..., 1].copy()
    samples[y::2, x::2] = colors[y::2, x::2, 0]
    samples[1 - y :: 2, 1 - x :: 2] = colors[1 - y :: 2, 1 - x :: 2, 2]
    return samples
