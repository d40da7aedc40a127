"""Steps as two published code bases carry them out, where that differs from what the level says to most readers.

Only the presets named after those code bases use them, and only with ``--as-coded``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter

from forensics.evaluation.robustness.filters import Pixels, standard_noise, to_bytes


@dataclass(frozen=True)
class NoiseOfVariance:
    """Gaussian noise whose level is a variance (IMDL-BenCo, ``robustness_wrapper.py``: the level is ``var_limit``).

    Attributes:
        variance: In squared gray levels of 255; 3..23 is a standard deviation of 1.7..4.8.
        seed: Of the field.
    """

    variance: float
    seed: int = 0
    name: Literal["noise_of_variance"] = "noise_of_variance"

    def apply(self, pixels: Pixels) -> Pixels:
        """Adds noise to uint8 RGB ``[H, W, 3]``."""
        return to_bytes(pixels + np.float32(self.variance**0.5) * standard_noise(pixels.shape, self.seed))


@dataclass(frozen=True)
class RectifiedNoise:
    """Gaussian noise without its negative half (OMG-Fuser, ``create_perturbated_dataset.py``).

    Half of the values stay as they are; the picture gets brighter by ``sigma / sqrt(2 pi)``, less what rounding down
    takes away.

    Attributes:
        sigma: Standard deviation before the negative half is set to zero, in gray levels of 255.
        seed: Of the field.
    """

    sigma: float
    seed: int = 0
    name: Literal["rectified_noise"] = "rectified_noise"

    def apply(self, pixels: Pixels) -> Pixels:
        """Adds noise to uint8 RGB ``[H, W, 3]``; rounds down."""
        noise = np.maximum(np.float32(self.sigma) * standard_noise(pixels.shape, self.seed), 0)
        return np.asarray(np.minimum(pixels + noise, 255), np.uint8)


@dataclass(frozen=True)
class BlurAcrossChannels:
    """Gaussian blur over rows, columns and color channels (OMG-Fuser, ``create_perturbated_dataset.py``).

    Attributes:
        kernel: Side in pixels, odd; sigma is an eighth of ``kernel - 1``.
    """

    kernel: int
    name: Literal["blur_across_channels"] = "blur_across_channels"

    def apply(self, pixels: Pixels) -> Pixels:
        """Blurs uint8 RGB ``[H, W, 3]``, colors included; rounds down."""
        sigma = (self.kernel - 1) // 2 / 4
        return np.asarray(gaussian_filter(pixels.astype(np.float32), sigma)).astype(np.uint8)
