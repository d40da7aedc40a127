"""What a camera does to the picture once it has three colors a pixel: less noise, sharper edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.camera.denoising import Denoising, Tones


@dataclass(frozen=True)
class Sharpening:
    """Unsharp masking of lightness that spares what is no larger than a threshold.

    Attributes:
        amount: Share of what the blur took away that is added, 0 and up.
        radius: Standard deviation of the blur in pixels, above 0.
        threshold: Differences this small are left alone, larger ones reduced by it, in 0..1 of the full range.
    """

    amount: float
    radius: float
    threshold: float

    def apply(self, tones: Tones) -> Tones:
        """Sharpens float32 ``[H, W]`` tones in 0..1; results may lie outside."""
        detail = tones - cv2.GaussianBlur(tones, (0, 0), self.radius)
        spared = np.clip(detail, -np.float32(self.threshold), np.float32(self.threshold))
        return np.asarray(tones + np.float32(self.amount) * (detail - spared), dtype=np.float32)


@dataclass(frozen=True)
class Development:
    """Denoising and sharpening in lightness and color apart, as cameras do before they compress.

    Attributes:
        denoising: Of lightness.
        color_medians: Times that the two color channels are replaced by their medians of 3x3, 0 and up, which takes
            away the false colors of demosaicing.
        color_blur: Standard deviation of the blur of the two color channels in pixels; 0 for none.
        sharpening: Of lightness; None for none.
    """

    denoising: Denoising
    color_medians: int
    color_blur: float
    sharpening: Sharpening | None

    def apply(self, tones: NDArray[np.float32], noise: float) -> NDArray[np.float32]:
        """Develops float32 RGB ``[H, W, 3]`` in 0..1.

        Args:
            tones: The picture.
            noise: Standard deviation of its noise at middle grey, in the same unit.

        Returns:
            The same shape; values may lie outside 0..1.
        """
        channels = np.asarray(cv2.cvtColor(tones, cv2.COLOR_RGB2YCrCb), dtype=np.float32)
        lightness, red, blue = (np.ascontiguousarray(channels[..., index]) for index in range(3))
        lightness = self.denoising.apply(lightness, noise)
        if self.sharpening is not None:
            lightness = self.sharpening.apply(lightness)
        merged = cv2.merge([lightness, self._smoothed(red), self._smoothed(blue)])
        return np.asarray(cv2.cvtColor(merged, cv2.COLOR_YCrCb2RGB), dtype=np.float32)

    def _smoothed(self, color: Tones) -> Tones:
        for _ in range(self.color_medians):
            color = np.asarray(cv2.medianBlur(color, 3), dtype=np.float32)
        if self.color_blur > 0:
            color = np.asarray(cv2.GaussianBlur(color, (0, 0), self.color_blur), dtype=np.float32)
        return color
