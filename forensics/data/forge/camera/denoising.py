"""Ways to take noise out of lightness; each is told how strong the noise is at middle grey.

All take and return float32 ``[H, W]`` tones in 0..1, and the standard deviation of the noise in the same unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

Tones = NDArray[np.float32]
# A filter that is told of no noise at all divides by zero.
_LEAST_NOISE = 1e-4


@dataclass(frozen=True)
class NoDenoising:
    """Leaves noise where it is."""

    name: Literal["none"] = "none"

    def apply(self, tones: Tones, noise: float) -> Tones:
        """The tones themselves."""
        return tones


@dataclass(frozen=True)
class Gaussian:
    """Blurs everything alike.

    Attributes:
        sigma: Standard deviation of the blur in pixels, above 0.
    """

    sigma: float
    name: Literal["gaussian"] = "gaussian"

    def apply(self, tones: Tones, noise: float) -> Tones:
        """Blurred, whatever the noise."""
        return np.asarray(cv2.GaussianBlur(tones, (0, 0), self.sigma))


@dataclass(frozen=True)
class Median:
    """Moves each pixel towards the median of 3x3.

    Attributes:
        share: How far, 0..1.
    """

    share: float
    name: Literal["median"] = "median"

    def apply(self, tones: Tones, noise: float) -> Tones:
        """Between the tones and their medians, whatever the noise."""
        return np.asarray(tones + np.float32(self.share) * (cv2.medianBlur(tones, 3) - tones))


@dataclass(frozen=True)
class Bilateral:
    """Means of near pixels of like tone; Tomasi and Manduchi, ICCV 1998.

    Attributes:
        strength: Standard deviation of the weights over tones, in standard deviations of the noise, above 0.
        reach: That over distances, in pixels, above 0.
    """

    strength: float
    reach: float
    name: Literal["bilateral"] = "bilateral"

    def apply(self, tones: Tones, noise: float) -> Tones:
        """Filtered over 5x5 pixels."""
        return np.asarray(cv2.bilateralFilter(tones, 5, max(self.strength * noise, _LEAST_NOISE), self.reach))


@dataclass(frozen=True)
class LocalVariance:
    """Means of small windows where tones vary no more than by noise; Lee, PAMI 1980.

    Attributes:
        strength: The noise assumed, in standard deviations of the real one, above 0.
        radius: Half of the side of the windows, in whole pixels, 1 and up.
    """

    strength: float
    radius: int
    name: Literal["local_variance"] = "local_variance"

    def apply(self, tones: Tones, noise: float) -> Tones:
        """Between the tones and the means around them, by the share of noise in their variance."""
        window = (2 * self.radius + 1,) * 2
        mean = cv2.blur(tones, window)
        variance = np.maximum(cv2.blur(tones * tones, window) - mean * mean, _LEAST_NOISE**2)
        assumed = np.float32((self.strength * noise) ** 2)
        return np.asarray(mean + np.maximum(1 - assumed / variance, 0) * (tones - mean), dtype=np.float32)


@dataclass(frozen=True)
class NonLocalMeans:
    """Means of pixels whose surroundings of 3x3 look alike; Buades, Coll and Morel, CVPR 2005 (OpenCV's, 8 bits).

    Attributes:
        strength: Decay of the weights, in standard deviations of the noise, above 0.
    """

    strength: float
    name: Literal["non_local_means"] = "non_local_means"

    def apply(self, tones: Tones, noise: float) -> Tones:
        """Filtered over 9x9 pixels; what it takes away is taken from the tones, which keep their finer steps."""
        levels = np.round(np.clip(tones, 0, 1) * 255).astype(np.uint8)
        cleaned = cv2.fastNlMeansDenoising(levels, None, max(255 * self.strength * noise, 0.5), 3, 9)
        return np.asarray(tones + (cleaned.astype(np.float32) - levels) / np.float32(255), dtype=np.float32)


Denoising = Annotated[
    NoDenoising | Gaussian | Median | Bilateral | LocalVariance | NonLocalMeans, Field(discriminator="name")
]
