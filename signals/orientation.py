"""Turns arrays from stored orientation to the way people see the picture."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def upright(array: NDArray[Scalar], orientation: int) -> NDArray[Scalar]:
    """Applies an EXIF orientation.

    Args:
        array: ``[H, W, ...]`` in stored orientation.
        orientation: EXIF tag 0x0112, 1 to 8 (Exif 2.32, table 6).

    Returns:
        The same values turned upright, contiguous; height and width are exchanged for 5 to 8.

    Raises:
        ValueError: If the orientation is not 1 to 8.
    """
    return np.ascontiguousarray(_turned(array, orientation))


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Width and height of the picture once it is upright."""
    return (height, width) if orientation >= 5 else (width, height)


def _turned(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    match orientation:
        case 1:
            return array
        case 2:
            return array[:, ::-1]
        case 3:
            return array[::-1, ::-1]
        case 4:
            return array[::-1]
        case 5:
            return array.swapaxes(0, 1)
        case 6:
            return array.swapaxes(0, 1)[:, ::-1]
        case 7:
            return array[::-1, ::-1].swapaxes(0, 1)
        case 8:
            return array.swapaxes(0, 1)[::-1]
        case _:
            raise ValueError(f"orientation must be 1 to 8, not {orientation}")
