"""Changes of a whole picture's size after the edit: the mask moves along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from forensics.data.forge.draw import integer
from signals.errors import WrongUsage

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Size = tuple[int, int]
Kernel = Literal["area", "linear", "bicubic", "lanczos"]

_BLOCK = 8


@dataclass(frozen=True)
class Resize:
    """The whole picture resampled, both sides by one scale and rounded to whole pixels.

    Attributes:
        scale: Above 0; below 1 reduces.
        kernel: As in :func:`resize`.
    """

    scale: float
    kernel: Kernel = "area"
    name: Literal["resize"] = "resize"

    def apply(self, pixels: Pixels) -> Pixels:
        """Resamples uint8 RGB ``[H, W, 3]``."""
        return resize(pixels, scaled(pixels.shape[:2], self.scale), self.kernel)

    def apply_mask(self, mask: Mask) -> Mask:
        """Marks the pixels of which more than half were marked, bool ``[H, W]``."""
        return resize_mask(mask, scaled(mask.shape, self.scale))

    def canvas(self, size: Size) -> Size:
        """Size that becomes ``size``."""
        return unscaled(size, self.scale)


@dataclass(frozen=True)
class Crop:
    """Rows and columns cut away, in pixels of the picture as it comes; multiples of 8 keep the JPEG grid.

    Attributes:
        top: Rows above, 0 or more.
        left: Columns at the left.
        bottom: Rows below.
        right: Columns at the right.
    """

    top: int
    left: int
    bottom: int = 0
    right: int = 0
    name: Literal["crop"] = "crop"

    def apply(self, pixels: Pixels) -> Pixels:
        """Cuts uint8 RGB ``[H, W, 3]``."""
        return np.ascontiguousarray(pixels[self._window(pixels.shape[:2])])

    def apply_mask(self, mask: Mask) -> Mask:
        """Cuts bool ``[H, W]``."""
        return np.ascontiguousarray(mask[self._window(mask.shape)])

    def canvas(self, size: Size) -> Size:
        """Size that becomes ``size``."""
        return size[0] + self.top + self.bottom, size[1] + self.left + self.right

    def _window(self, size: tuple[int, ...]) -> tuple[slice, slice]:
        height, width = size
        if self.top + self.bottom >= height or self.left + self.right >= width:
            raise WrongUsage(f"nothing is left of {height} x {width} pixels after {self}; crop less")
        return slice(self.top, height - self.bottom), slice(self.left, width - self.right)


def draw_crop_off_grid(random: np.random.Generator) -> Crop:
    """A cut of at most 7 rows and columns to any of the 63 places off the 8 x 8 grid."""
    return Crop(*divmod(integer(random, 1, _BLOCK * _BLOCK - 1), _BLOCK))


def resize(pixels: Pixels, size: Size, kernel: Kernel) -> Pixels:
    """Resamples uint8 RGB ``[H, W, 3]``.

    Args:
        size: Height and width wanted.
        kernel: ``area`` and ``linear`` without further smoothing (OpenCV); ``bicubic`` and ``lanczos`` with
            kernels that widen when reducing (Pillow).
    """
    if pixels.shape[:2] == size:
        return pixels
    height, width = size
    if kernel in ("area", "linear"):
        flag = cv2.INTER_AREA if kernel == "area" else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=flag), dtype=np.uint8)
    method = Image.Resampling.BICUBIC if kernel == "bicubic" else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(pixels).resize((width, height), method), dtype=np.uint8)


def resize_mask(mask: Mask, size: Size) -> Mask:
    """Resamples bool ``[H, W]``; a pixel is marked where more than half of it was."""
    if mask.shape == size:
        return mask
    kernel = cv2.INTER_AREA if size[0] < mask.shape[0] else cv2.INTER_LINEAR
    share = cv2.resize(mask.astype(np.float32), (size[1], size[0]), interpolation=kernel)
    return np.asarray(share > 0.5)


def scaled(size: tuple[int, ...], scale: float) -> Size:
    """Both sides times the scale, rounded, at least 1."""
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def unscaled(size: Size, scale: float) -> Size:
    """The size that :func:`scaled` turns into ``size``; there always is one for scales up to 1.

    Raises:
        WrongUsage: An enlargement skips this size.
    """
    before = round(size[0] / scale), round(size[1] / scale)
    if scaled(before, scale) != size:
        raise WrongUsage(f"no picture becomes {size[0]} x {size[1]} at scale {scale}; use a scale up to 1")
    return before
