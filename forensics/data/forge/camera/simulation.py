"""A picture without traces, photographed anew: everything between its light and the file, but for the compression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.camera.color import ColorResponse
from forensics.data.forge.camera.demosaicing import Demosaicing, demosaic
from forensics.data.forge.camera.development import Development
from forensics.data.forge.camera.mosaic import Colors, Pattern, Samples, measure_colors
from forensics.data.forge.camera.sensor import Sensor
from forensics.data.forge.camera.tone import ToneCurve
from signals.errors import WrongUsage

Pixels = NDArray[np.uint8]
_LEAST_SIDE = 16
_MIDDLE_GREY = 0.18


@dataclass(frozen=True)
class CameraSimulation:
    """One camera and its settings: what it does to a picture, but for resampling and compression.

    The picture is taken for what this very camera would have developed, without noise: the same tone curve, color
    matrix and white balance first turn it back into the light at the sensor, then light into a picture. So it keeps
    its look whatever they are, while they decide how noise depends on tone and color.

    Two simulations that differ in their seed alone are the same history with other noise.

    Attributes:
        blur: Standard deviation of the blur of lens and low-pass filter in pixels, above 0.
        color: What the color filters let through.
        pattern: Color filters of the first two rows and columns.
        sensor: Noise and depth of the samples.
        demosaicing: Algorithm that interpolates the colors.
        companding: Exponent of the power law under which it sees the samples: 1 in linear light, 2 in square roots.
        tone: Curve from light to tones.
        development: Denoising and sharpening.
        seed: Of the noise, 0..2**31 - 1.
    """

    blur: float
    color: ColorResponse
    pattern: Pattern
    sensor: Sensor
    demosaicing: Demosaicing
    companding: float
    tone: ToneCurve
    development: Development
    seed: int
    name: Literal["camera"] = "camera"

    def apply(self, pixels: Pixels) -> Pixels:
        """Photographs a picture anew.

        Args:
            pixels: uint8 RGB ``[H, W, 3]``, sides of at least 16; best reduced by 2.5 or more, so that its
                own traces are gone.

        Returns:
            The same shape.

        Raises:
            WrongUsage: The picture is smaller.
        """
        height, width = pixels.shape[:2]
        if min(height, width) < _LEAST_SIDE:
            raise WrongUsage(f"camera: {width} x {height} pixels are too few; give at least {_LEAST_SIDE} a side")
        light = self.color.filter(self.tone.decode(pixels))
        focused = np.asarray(cv2.GaussianBlur(light, (0, 0), self.blur), dtype=np.float32)
        samples = self.sensor.measure(measure_colors(focused, self.pattern), self.seed)
        colors = self._interpolated(self.color.balance(samples, self.pattern))
        tones = self.development.apply(self.tone.encode(self.color.correct(colors)), self._noise())
        return np.round(np.clip(tones, 0, 1) * 255).astype(np.uint8)

    def _interpolated(self, samples: Samples) -> Colors:
        if self.companding == 1:
            return demosaic(samples, self.pattern, self.demosaicing)
        colors = demosaic(samples ** np.float32(1 / self.companding), self.pattern, self.demosaicing)
        return np.asarray(np.maximum(colors, 0) ** np.float32(self.companding), dtype=np.float32)

    def _noise(self) -> float:
        """Standard deviation of the noise of green at middle grey, in tones."""
        return self.sensor.deviation(_MIDDLE_GREY) * self.tone.slope(_MIDDLE_GREY)
