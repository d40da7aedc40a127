"""A picture as the peers read it: a float map, marked strictly above 0.5, and a truth that authentic ones have too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.metrics import MapArray
from forensics.evaluation.picture import Picture


def as_floats(values: MapArray) -> NDArray[np.float32]:
    """A map as float32 in 0..1; uint8 stands for value / 255, so that 128 and above is marked either way.

    >>> as_floats(np.array([0, 128, 255], np.uint8)) > 0.5
    array([False,  True,  True])
    """
    return np.asarray(values / np.float32(255) if values.dtype == np.uint8 else values, np.float32)


def map_of(picture: Picture) -> NDArray[np.float32]:
    """The map as floats ``[H, W]``; all zero where there is none."""
    if picture.values is None:
        return np.zeros((picture.height, picture.width), np.float32)
    return as_floats(picture.values)


def truth_of(picture: Picture) -> NDArray[np.bool_]:
    """What was changed ``[H, W]``; nothing in authentic pictures."""
    return np.zeros((picture.height, picture.width), bool) if picture.truth is None else picture.truth


def decoded(picture: Picture, pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Those pixels of ``[H, W]`` that were decoded, flat."""
    return pixels.ravel() if picture.valid is None else pixels[picture.valid]
