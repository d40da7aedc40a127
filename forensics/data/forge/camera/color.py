"""What the filters of a sensor make of the colors of light, and how a camera undoes it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.camera.mosaic import Colors, Pattern, Samples, measure_colors


@dataclass(frozen=True)
class ColorResponse:
    """Filters that are unequally sensitive and let some of the other colors through.

    Attributes:
        white_balance: Factors of red and blue by which white is measured as grey again; 1 and up, green has 1.
        crosstalk: Share of the light behind the red, green and blue filter that is of the two other colors,
            in equal parts, 0..1 without 2/3. Undoing it, the color matrix of a camera, amplifies noise.
    """

    white_balance: tuple[float, float]
    crosstalk: tuple[float, float, float]

    def filter(self, light: Colors) -> Colors:
        """What each filter lets through, 0..1, of the light that a picture shows, ``[H, W, 3]`` in 0..1."""
        return np.asarray(cv2.transform(light, (self._mixture() / self._gains()[:, None]).astype(np.float32)))

    def balance(self, samples: Samples, pattern: Pattern) -> Samples:
        """Makes white grey in a mosaic ``[H, W]``; what exceeds the full scale of 1 is cut, as highlights are."""
        unit = np.broadcast_to(self._gains().astype(np.float32), (2, 2, 3))
        gains = np.tile(measure_colors(unit, pattern), (-(-samples.shape[0] // 2), -(-samples.shape[1] // 2)))
        balanced = samples * gains[: samples.shape[0], : samples.shape[1]]
        return np.asarray(np.clip(balanced, 0, 1), dtype=np.float32)

    def correct(self, colors: Colors) -> Colors:
        """Undoes the crosstalk in balanced colors ``[H, W, 3]``; results may lie outside 0..1."""
        return np.asarray(cv2.transform(colors, np.linalg.inv(self._mixture()).astype(np.float32)))

    def _gains(self) -> NDArray[np.float64]:
        return np.array([self.white_balance[0], 1.0, self.white_balance[1]])

    def _mixture(self) -> NDArray[np.float64]:
        shares = np.array(self.crosstalk)[:, None]
        return np.asarray(np.eye(3) * (1 - shares) + (1 - np.eye(3)) * shares / 2)
