"""A region cut out of a picture, and laid on another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Alpha = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Patch:
    """A region with some of what lies around it.

    Attributes:
        pixels: uint8 RGB ``[h, w, 3]``.
        alpha: float32 ``[h, w]`` in 0..1.
        y: Row of its upper left corner in the picture it was cut from.
        x: Column of that corner.
    """

    pixels: Pixels
    alpha: Alpha
    y: int
    x: int


def cut(pixels: Pixels, alpha: Alpha, margin: int = 12) -> Patch:
    """Cuts the box round a region that is not empty, with a margin for soft edges."""
    top, bottom, left, right = extent(alpha)
    top, left = max(0, top - margin), max(0, left - margin)
    box = (slice(top, bottom + margin), slice(left, right + margin))
    return Patch(pixels[box], alpha[box], top, left)


def extent(alpha: Alpha) -> tuple[int, int, int, int]:
    """First row, end of the rows, first column and end of the columns of a region that is not empty."""
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def lay(host: Pixels, pixels: Pixels, alpha: Alpha, y: int, x: int) -> tuple[Pixels, Alpha]:
    """Lays a patch on a copy of the host with its corner at row y, column x; what sticks out is lost.

    Returns:
        The host with the whole box of the patch on it, ``[H, W, 3]``, and the region's alpha ``[H, W]``.
    """
    layer, region = host.copy(), np.zeros(host.shape[:2], dtype=np.float32)
    inside, box = _overlap(host.shape[:2], alpha.shape, y, x)
    layer[box], region[box] = pixels[inside], alpha[inside]
    return layer, region


def lay_alpha(size: tuple[int, ...], alpha: Alpha, y: int, x: int) -> Alpha:
    """Where a patch would lie on a host of the size: float32 ``[H, W]``."""
    region = np.zeros(size, dtype=np.float32)
    inside, box = _overlap(size, alpha.shape, y, x)
    region[box] = alpha[inside]
    return region


def _overlap(
    host: tuple[int, ...], patch: tuple[int, ...], y: int, x: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The part of the patch that lies on the host, in the patch's and in the host's own rows and columns."""
    top, left = min(max(0, y), host[0]), min(max(0, x), host[1])
    bottom, right = max(top, min(host[0], y + patch[0])), max(left, min(host[1], x + patch[1]))
    return (slice(top - y, bottom - y), slice(left - x, right - x)), (slice(top, bottom), slice(left, right))
