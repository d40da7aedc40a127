"""Changes of tone, color, noise and sharpness, of whole sources and of pasted regions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forensics.data.forge.draw import choice, draw_seed, uniform

# albumentations asks its server for a newer version on import unless told not to
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Gamma:
    """Power law; ``gamma`` above 0, 1 changes nothing."""

    gamma: float
    name: Literal["gamma"] = "gamma"

    def apply(self, pixels: Pixels) -> Pixels:
        """Changes uint8 RGB ``[H, W, 3]``."""
        return _run(albumentations.RandomGamma(gamma_limit=(100 * self.gamma,) * 2, p=1), pixels)


@dataclass(frozen=True)
class Contrast:
    """Values times ``1 + contrast`` plus ``brightness`` of full scale, both -1..1."""

    brightness: float
    contrast: float
    name: Literal["contrast"] = "contrast"

    def apply(self, pixels: Pixels) -> Pixels:
        """Changes uint8 RGB ``[H, W, 3]``."""
        limits = (self.brightness,) * 2, (self.contrast,) * 2
        return _run(albumentations.RandomBrightnessContrast(*limits, p=1), pixels)


@dataclass(frozen=True)
class Color:
    """Shifts in 8-bit HSV: ``hue`` in steps of 2 degrees, ``saturation`` and ``value`` in 0..255."""

    hue: float
    saturation: float
    value: float
    name: Literal["color"] = "color"

    def apply(self, pixels: Pixels) -> Pixels:
        """Changes uint8 RGB ``[H, W, 3]``."""
        shifts = [(shift, shift) for shift in (self.hue, self.saturation, self.value)]
        return _run(albumentations.HueSaturationValue(*shifts, p=1), pixels)


@dataclass(frozen=True)
class Noise:
    """Gaussian noise, independent in every channel; ``sigma`` in 0..255."""

    sigma: float
    seed: int
    name: Literal["noise"] = "noise"

    def apply(self, pixels: Pixels) -> Pixels:
        """Changes uint8 RGB ``[H, W, 3]``."""
        noise = np.random.default_rng(self.seed).standard_normal(pixels.shape, dtype=np.float32)
        return np.clip(np.round(pixels + self.sigma * noise), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Sharpen:
    """A 3 x 3 high-pass mixed in with the share ``alpha`` of 0..1."""

    alpha: float
    name: Literal["sharpen"] = "sharpen"

    def apply(self, pixels: Pixels) -> Pixels:
        """Changes uint8 RGB ``[H, W, 3]``."""
        return _run(albumentations.Sharpen(alpha=(self.alpha,) * 2, lightness=(1.0, 1.0), p=1), pixels)


@dataclass(frozen=True)
class Blur:
    """Gaussian blur by a 5 x 5 kernel; ``sigma`` in pixels."""

    sigma: float
    name: Literal["blur"] = "blur"

    def apply(self, pixels: Pixels) -> Pixels:
        """Changes uint8 RGB ``[H, W, 3]``."""
        return _run(albumentations.GaussianBlur(blur_limit=(5, 5), sigma_limit=(self.sigma,) * 2, p=1), pixels)


@dataclass(frozen=True)
class Soften:
    """Reduced to ``scale`` of its sides by areas and enlarged again by cubic interpolation."""

    scale: float
    name: Literal["soften"] = "soften"

    def apply(self, pixels: Pixels) -> Pixels:
        """Changes uint8 RGB ``[H, W, 3]``."""
        pair = {"downscale": cv2.INTER_AREA, "upscale": cv2.INTER_CUBIC}
        return _run(albumentations.Downscale(scale_range=(self.scale,) * 2, interpolation_pair=pair, p=1), pixels)


Operation = Annotated[Gamma | Contrast | Color | Noise | Sharpen | Blur | Soften, Field(discriminator="name")]

GLOBAL_EDITS = {"gamma": 1.0, "contrast": 1.0, "color": 0.7, "noise": 0.7, "sharpen": 0.5, "blur": 0.3}
RETOUCHES = {"gamma": 1.0, "contrast": 1.0, "color": 1.0, "noise": 0.7, "sharpen": 0.5, "blur": 1.0, "soften": 1.0}

_DRAW: Mapping[str, Callable[[np.random.Generator], Operation]] = {
    "gamma": lambda random: Gamma(uniform(random, (0.7, 1.4))),
    "contrast": lambda random: Contrast(uniform(random, (-0.1, 0.1)), uniform(random, (-0.1, 0.1))),
    "color": lambda random: Color(uniform(random, (-6, 6)), uniform(random, (-15, 15)), uniform(random, (-8, 8))),
    "noise": lambda random: Noise(uniform(random, (1, 5)), draw_seed(random)),
    "sharpen": lambda random: Sharpen(uniform(random, (0.1, 0.4))),
    "blur": lambda random: Blur(uniform(random, (0.4, 1.2))),
    "soften": lambda random: Soften(uniform(random, (0.6, 0.95))),
}


def draw_operation(random: np.random.Generator, weights: Mapping[str, float]) -> Operation:
    """Draws a photometric operation and its parameters (ranges of SAFIRE's and our own recipe)."""
    return _DRAW[choice(random, weights)](random)


def draw_retouches(random: np.random.Generator) -> tuple[Operation, ...]:
    """One to four operations (weights 4:3:2:1, as SAFIRE) for a region alone."""
    count = int(choice(random, {"1": 4, "2": 3, "3": 2, "4": 1}))
    return tuple(draw_operation(random, RETOUCHES) for _ in range(count))


def match_color(pixels: Pixels, mask: Mask, place: Pixels, strength: float) -> Pixels:
    """Moves mean and deviation of a region's Lab values to those of the place it goes to (Reinhard et al. 2001).

    Args:
        pixels: uint8 RGB ``[h, w, 3]``.
        mask: bool ``[h, w]``, the region.
        place: uint8 RGB ``[..., 3]``, what the region will cover.
        strength: 0 leaves the region as it is, 1 moves it all the way.
    """
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).astype(np.float32)
    target = cv2.cvtColor(np.ascontiguousarray(place.reshape(1, -1, 3)), cv2.COLOR_RGB2LAB)[0].astype(np.float32)
    region = lab[mask]
    gain = np.clip(target.std(axis=0) / np.maximum(region.std(axis=0), 1), 0.6, 1.6)
    moved = (lab - region.mean(axis=0)) * gain + target.mean(axis=0)
    mixed = np.clip(np.round(lab + strength * (moved - lab)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(mixed, cv2.COLOR_LAB2RGB), dtype=np.uint8)


def _run(transform: Any, pixels: Pixels) -> Pixels:
    pipeline = albumentations.Compose([transform], seed=0)
    return np.asarray(pipeline(image=np.ascontiguousarray(pixels))["image"], dtype=np.uint8)
