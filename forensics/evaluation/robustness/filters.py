"""Perturbations that change values and keep the geometry: blur, noise, gamma, median, AVIF."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from forensics.data.forge.chains.jpeg import decode

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Blur:
    """Gaussian blur with a square kernel, borders mirrored.

    Attributes:
        kernel: Side of the kernel in pixels, odd; its sigma follows from it.
    """

    kernel: int
    name: Literal["blur"] = "blur"

    @property
    def sigma(self) -> float:
        """Standard deviation in pixels, ``0.3 ((kernel - 1) / 2 - 1) + 0.8``: OpenCV's rule for a kernel alone."""
        return 0.3 * ((self.kernel - 1) / 2 - 1) + 0.8

    def apply(self, pixels: Pixels) -> Pixels:
        """Blurs uint8 RGB ``[H, W, 3]``."""
        # The sigma is spelled out: left to itself OpenCV takes fixed binomial kernels up to a side of 7.
        blurred = cv2.GaussianBlur(pixels, (self.kernel, self.kernel), self.sigma, borderType=cv2.BORDER_REFLECT_101)
        return np.asarray(blurred, np.uint8)


@dataclass(frozen=True)
class Noise:
    """White Gaussian noise, drawn for every pixel and channel by itself.

    Attributes:
        sigma: Standard deviation in gray levels of 255.
        seed: Of the field; every sigma scales the same one.
    """

    sigma: float
    seed: int = 0
    name: Literal["noise"] = "noise"

    def apply(self, pixels: Pixels) -> Pixels:
        """Adds noise to uint8 RGB ``[H, W, 3]``."""
        return to_bytes(pixels + self.sigma * standard_noise(pixels.shape, self.seed))


@dataclass(frozen=True)
class Gamma:
    """Tone curve ``255 (value / 255) ** gamma``.

    Attributes:
        gamma: Above 1 darkens, below 1 brightens.
    """

    gamma: float
    name: Literal["gamma"] = "gamma"

    def apply(self, pixels: Pixels) -> Pixels:
        """Bends the values of uint8 RGB ``[H, W, 3]``."""
        return to_bytes(255 * (np.arange(256) / 255) ** self.gamma)[pixels]


@dataclass(frozen=True)
class Median:
    """Median filter, channel by channel.

    Attributes:
        kernel: Side of the window in pixels, odd.
    """

    kernel: int
    name: Literal["median"] = "median"

    def apply(self, pixels: Pixels) -> Pixels:
        """Filters uint8 RGB ``[H, W, 3]``."""
        return np.asarray(cv2.medianBlur(pixels, self.kernel), np.uint8)


@dataclass(frozen=True)
class Avif:
    """A lossy AVIF (4:2:0), handed on as its decoded pixels: :class:`signals.Evidence` opens no AVIF file.

    Attributes:
        quality: 0..100 of the encoder, no JPEG quality.
    """

    quality: int
    name: Literal["avif"] = "avif"

    def missing(self) -> str | None:
        """Why it cannot be done on this machine; None if it can."""
        return None if features.check("avif") else "this Pillow was built without AVIF"

    def apply(self, pixels: Pixels) -> Pixels:
        """Compresses and decodes uint8 RGB ``[H, W, 3]``."""
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "AVIF", quality=self.quality)
        return decode(stream.getvalue())


def standard_noise(shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """White noise of standard deviation 1."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def to_bytes(values: NDArray[np.floating[Any]]) -> Pixels:
    """Rounds to the nearest of 0..255."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
