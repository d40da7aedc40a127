"""From linear light to the tones of a picture, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEPS = 65535


@dataclass(frozen=True)
class ToneCurve:
    """A power law with a straight start, then more contrast in the middle; 0 stays 0 and 1 stays 1.

    Attributes:
        gamma: Exponent of the power law, 1 and up; screens expect about 2.2.
        toe: Light below which the power law turns into a line, above 0, as a share of the full scale.
        contrast: Weight of the S-shaped ``3 t^2 - 2 t^3`` in a mean with t, 0..1 without 1.
    """

    gamma: float
    toe: float
    contrast: float

    def encode(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """Tones 0..1 of linear light of any shape, which is cut to 0..1."""
        steps = np.clip(light, 0, 1) * np.float32(_STEPS) + np.float32(0.5)
        return np.asarray(np.take(self._tones().astype(np.float32), steps.astype(np.uint16)), dtype=np.float32)

    def decode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Linear light 0..1 of tones in 8 bits, of any shape."""
        light = np.interp(np.arange(256) / 255, self._tones(), np.arange(_STEPS + 1) / _STEPS)
        return np.asarray(np.take(light.astype(np.float32), pixels), dtype=np.float32)

    def slope(self, light: float) -> float:
        """How much faster than light tones grow there."""
        below, above = max(light - 1e-3, 0), min(light + 1e-3, 1)
        places = np.arange(_STEPS + 1) / _STEPS
        low, high = np.interp([below, above], places, self._tones())
        return float((high - low) / (above - below))

    def _tones(self) -> NDArray[np.float64]:
        """Tones of light in equal steps from 0 to 1."""
        start, end = self.toe ** (1 / self.gamma), (1 + self.toe) ** (1 / self.gamma)
        tones = ((np.arange(_STEPS + 1) / _STEPS + self.toe) ** (1 / self.gamma) - start) / (end - start)
        return np.asarray((1 - self.contrast) * tones + self.contrast * tones**2 * (3 - 2 * tones))
