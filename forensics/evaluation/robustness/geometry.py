"""Perturbations whose geometry follows from the size of the picture; fixed resizing and cropping are the forge's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.chains.geometry import Resize, resize
from forensics.data.forge.chains.screenshot import Screenshot, draw_display_screenshot

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RoundTrip:
    """Bicubic resampling with antialiasing, and back to the first size: the mask stays.

    Attributes:
        scale: Side in between over first side.
    """

    scale: float
    name: Literal["round_trip"] = "round_trip"

    def apply(self, pixels: Pixels) -> Pixels:
        """Resamples uint8 RGB ``[H, W, 3]`` twice."""
        height, width = pixels.shape[:2]
        return resize(Resize(self.scale, "bicubic").apply(pixels), (height, width), "bicubic")


@dataclass(frozen=True)
class LongestSide:
    """Reduction to a longest side, as platforms do it; a smaller picture stays as it is.

    Attributes:
        limit: Longest side in pixels.
    """

    limit: int
    name: Literal["longest_side"] = "longest_side"

    def apply(self, pixels: Pixels) -> Pixels:
        """Resamples uint8 RGB ``[H, W, 3]`` where it is larger."""
        return self._reduction(pixels.shape).apply(pixels)

    def apply_mask(self, mask: Mask) -> Mask:
        """Resamples bool ``[H, W]`` likewise."""
        return self._reduction(mask.shape).apply_mask(mask)

    def _reduction(self, shape: tuple[int, ...]) -> Resize:
        return Resize(min(1.0, self.limit / max(shape[:2])), "lanczos")


@dataclass(frozen=True)
class Display:
    """A screenshot of the whole picture on a common display, scaled until it fits; see the forge's ``Screenshot``.

    Attributes:
        seed: Of the display, its looks and how it scales.
    """

    seed: int = 0
    name: Literal["screenshot"] = "screenshot"

    def apply(self, pixels: Pixels) -> Pixels:
        """Shows uint8 RGB ``[H, W, 3]`` inside its frame."""
        return self._screenshot(pixels.shape).apply(pixels)

    def apply_mask(self, mask: Mask) -> Mask:
        """Moves bool ``[H, W]`` likewise; the frame is not marked."""
        return self._screenshot(mask.shape).apply_mask(mask)

    def _screenshot(self, shape: tuple[int, ...]) -> Screenshot:
        return draw_display_screenshot(np.random.default_rng(self.seed), (shape[0], shape[1]))
