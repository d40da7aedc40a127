"""What happens to a region or a source before it is used: geometry, photometry, color matching."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import chance, choice, integer, uniform
from forensics.data.forge.recipe import Recipe

# albumentations asks its server for a newer version on import unless told not to
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

GLOBAL_EDITS = {"gamma": 1.0, "contrast": 1.0, "color": 0.7, "noise": 0.7, "sharpen": 0.5, "blur": 0.3}
RETOUCHES = {"gamma": 1.0, "contrast": 1.0, "color": 1.0, "noise": 0.7, "sharpen": 0.5, "blur": 1.0, "soften": 1.0}


@dataclass(frozen=True)
class Operation:
    """One photometric change with its parameters fixed.

    Attributes:
        name: ``gamma``, ``contrast``, ``color``, ``noise``, ``sharpen``, ``blur`` or ``soften``.
        parameters: Numbers by name, as written into histories.
    """

    name: str
    parameters: dict[str, float]

    def apply(self, pixels: Pixels) -> Pixels:
        """Changes uint8 RGB ``[H, W, 3]``."""
        seed = int(self.parameters.get("seed", 0))
        pipeline = albumentations.Compose([_build(self.name, self.parameters)], seed=seed)
        return np.asarray(pipeline(image=np.ascontiguousarray(pixels))["image"], dtype=np.uint8)

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary for a history."""
        return {"name": self.name, **self.parameters}


def draw_operation(random: np.random.Generator, weights: dict[str, float]) -> Operation:
    """Draws a photometric operation and its parameters (ranges of SAFIRE's and our own recipe)."""
    name = choice(random, weights)
    ranges: dict[str, dict[str, tuple[float, float]]] = {
        "gamma": {"gamma": (0.7, 1.4)},
        "contrast": {"brightness": (-0.1, 0.1), "contrast": (-0.1, 0.1)},
        "color": {"hue": (-6, 6), "saturation": (-15, 15), "value": (-8, 8)},
        "noise": {"sigma": (1, 5)},
        "sharpen": {"alpha": (0.1, 0.4)},
        "blur": {"sigma": (0.4, 1.2)},
        "soften": {"scale": (0.6, 0.95)},
    }
    parameters = {key: round(uniform(random, bounds), 4) for key, bounds in ranges[name].items()}
    if name == "noise":
        parameters["seed"] = integer(random, 0, 2**31 - 1)
    return Operation(name, parameters)


def _build(name: str, values: dict[str, float]) -> Any:
    if name == "gamma":
        return albumentations.RandomGamma(gamma_limit=(100 * values["gamma"],) * 2, p=1)
    if name == "contrast":
        brightness, contrast = values["brightness"], values["contrast"]
        return albumentations.RandomBrightnessContrast((brightness, brightness), (contrast, contrast), p=1)
    if name == "color":
        shifts = [(values[key], values[key]) for key in ("hue", "saturation", "value")]
        return albumentations.HueSaturationValue(*shifts, p=1)
    if name == "noise":
        return albumentations.GaussNoise(std_range=(values["sigma"] / 255,) * 2, p=1)
    if name == "sharpen":
        return albumentations.Sharpen(alpha=(values["alpha"],) * 2, lightness=(1.0, 1.0), p=1)
    if name == "blur":
        return albumentations.GaussianBlur(blur_limit=(5, 5), sigma_limit=(values["sigma"],) * 2, p=1)
    pair = {"downscale": cv2.INTER_AREA, "upscale": cv2.INTER_CUBIC}
    return albumentations.Downscale(scale_range=(values["scale"],) * 2, interpolation_pair=pair, p=1)


def transform_region(
    random: np.random.Generator, recipe: Recipe, pixels: Pixels, mask: Mask
) -> tuple[Pixels, Mask, list[dict[str, Any]]]:
    """Mirrors, rotates, scales and shears a region as the recipe says.

    Args:
        pixels: uint8 RGB ``[h, w, 3]``: the region and some of what lies around it.
        mask: bool ``[h, w]``.

    Returns:
        Pixels and mask of the new size, and what was done.
    """
    steps: list[Any] = []
    history: list[dict[str, Any]] = []
    if chance(random, recipe.flip):
        steps.append(albumentations.HorizontalFlip(p=1))
        history.append({"name": "flip"})
    angle = 0.0
    if chance(random, recipe.rotate):
        angle = uniform(random, (-10, 10) if chance(random, 0.5) else (-45, 45))
    scale = 1.0
    if chance(random, recipe.wide_rescale):
        scale = uniform(random, recipe.wide_rescale_range)
    elif chance(random, recipe.rescale):
        scale = uniform(random, recipe.rescale_range)
    shear = uniform(random, (-8, 8)) if chance(random, recipe.perspective) else 0.0
    if angle or shear or scale != 1:
        interpolation = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}
        kernel = choice(random, {"linear": 0.4, "cubic": 0.4, "lanczos": 0.2})
        steps.append(
            albumentations.Affine(
                scale=(scale, scale),
                rotate=(angle, angle),
                shear=(shear, shear),
                fit_output=True,
                interpolation=interpolation[kernel],
                mask_interpolation=cv2.INTER_NEAREST,
                border_mode=cv2.BORDER_REFLECT_101,
                p=1,
            )
        )
        history.append({"name": "affine", "scale": scale, "angle": angle, "shear": shear, "kernel": kernel})
    if not steps:
        return pixels, mask, history
    # reflected borders are good for pixels and wrong for the mask, which keeps only what was there
    result = albumentations.Compose(steps, seed=0)(image=np.ascontiguousarray(pixels), mask=mask.astype(np.uint8))
    return result["image"], _largest_piece(result["mask"]), history


def retouch(random: np.random.Generator, pixels: Pixels) -> tuple[Pixels, list[dict[str, Any]]]:
    """One to four photometric operations (weights 4:3:2:1, SAFIRE) on a region alone."""
    history = []
    for _ in range(int(choice(random, {"1": 4, "2": 3, "3": 2, "4": 1}))):
        operation = draw_operation(random, RETOUCHES)
        pixels = operation.apply(pixels)
        history.append(operation.to_json())
    return pixels, history


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


def _largest_piece(mask: NDArray[np.uint8]) -> Mask:
    """Drops mirrored copies that a reflected border brings in."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(mask))
    if count < 2:
        return mask.astype(bool)
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))
