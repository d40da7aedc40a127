"""What a sensor makes of the light at its pixels: noise and steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forensics.data.forge.camera.mosaic import Samples


@dataclass(frozen=True)
class Sensor:
    """Poisson-Gaussian noise (Foi, Trimeche, Katkovnik and Egiazarian, TIP 2008) and quantization.

    Attributes:
        gain: Light that one electron stands for, as a share of the full scale: the variance of a sample grows by this
            much per unit of light. 2e-5 is a large sensor at its base sensitivity, 1e-3 a phone in the dark.
        read_noise: Standard deviation of what reading out adds, in electrons.
        bits: Depth of the raw samples, 8..16.
    """

    gain: float
    read_noise: float
    bits: int

    def measure(self, light: Samples, seed: int) -> Samples:
        """Samples of the light, with noise.

        Args:
            light: ``[H, W]``, 0 without light, 1 at full scale.
            seed: Decides the noise.

        Returns:
            float32 ``[H, W]`` in 0..1, in steps of the depth.
        """
        random = np.random.default_rng(seed)
        electrons = random.poisson(np.maximum(light, 0) / self.gain).astype(np.float32)
        electrons += np.float32(self.read_noise) * random.standard_normal(light.shape, dtype=np.float32)
        highest = np.float32(2**self.bits - 1)
        levels = np.round(electrons * np.float32(self.gain) * highest)
        return np.asarray(np.clip(levels, 0, highest) / highest, dtype=np.float32)

    def deviation(self, light: float) -> float:
        """Standard deviation of a sample of the given light, 0..1, before its quantization."""
        return float(np.sqrt(self.gain * light + (self.gain * self.read_noise) ** 2))
