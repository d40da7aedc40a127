"""Ways to paste a region, and the edit that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import choice, uniform
from forensics.data.forge.recipe import Recipe

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Edit:
    """A changed picture.

    Attributes:
        pixels: uint8 RGB ``[H, W, 3]``.
        mask: bool ``[H, W]``: where the alpha of what was pasted is above one half.
        history: What was done, pure JSON.
    """

    pixels: Pixels
    mask: Mask
    history: dict[str, Any]


@dataclass(frozen=True)
class Patch:
    """A region cut out with some of what lies around it.

    Attributes:
        pixels: uint8 RGB ``[h, w, 3]``.
        mask: bool ``[h, w]``.
        y: Row of its upper left corner in the picture it was cut from.
        x: Column of that corner.
    """

    pixels: Pixels
    mask: Mask
    y: int
    x: int


def cut(pixels: Pixels, mask: Mask, margin: int = 12) -> Patch:
    """Cuts the box round a region that is not empty, with a margin for soft edges."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    top, left = max(0, int(rows[0]) - margin), max(0, int(columns[0]) - margin)
    bottom, right = int(rows[-1]) + 1 + margin, int(columns[-1]) + 1 + margin
    return Patch(pixels[top:bottom, left:right], mask[top:bottom, left:right], top, left)


def lay(host: Pixels, patch: Pixels, mask: Mask, y: int, x: int) -> tuple[Pixels, Mask]:
    """Lays a patch on a copy of the host with its corner at row y, column x; what sticks out is lost.

    Returns:
        The host with the whole box of the patch on it, ``[H, W, 3]``, and the region's mask ``[H, W]``.
    """
    height, width = host.shape[:2]
    layer, region = host.copy(), np.zeros((height, width), dtype=bool)
    top, left = max(0, y), max(0, x)
    bottom, right = min(height, y + patch.shape[0]), min(width, x + patch.shape[1])
    if top < bottom and left < right:
        inside = (slice(top - y, bottom - y), slice(left - x, right - x))
        layer[top:bottom, left:right] = patch[inside]
        region[top:bottom, left:right] = mask[inside]
    return layer, region


def paste(random: np.random.Generator, recipe: Recipe, host: Pixels, layer: Pixels, mask: Mask) -> Edit:
    """Blends a layer into the host.

    Args:
        host: uint8 RGB ``[H, W, 3]``.
        layer: uint8 RGB ``[H, W, 3]``, what shows where the mask is set.
        mask: bool ``[H, W]``, not empty.
    """
    name = choice(random, recipe.blends)
    sigma = round(uniform(random, recipe.feather), 3)
    if name == "poisson":
        blended = _poisson(host, layer, mask)
        if blended is not None:
            return Edit(blended, mask, {"blend": "poisson"})
        name = "feather"
    if name == "hard":
        return Edit(np.where(mask[..., None], layer, host), mask, {"blend": "hard"})
    if name == "feather":
        return _feather(host, layer, mask, sigma)
    return _edge_blur(host, layer, mask, sigma)


def _feather(host: Pixels, layer: Pixels, mask: Mask, sigma: float) -> Edit:
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)
    mixed = host + alpha[..., None] * (layer.astype(np.float32) - host)
    pixels = np.where(alpha[..., None] > 0, np.round(mixed).astype(np.uint8), host)
    return Edit(pixels, np.asarray(alpha > 0.5), {"blend": "feather", "sigma": sigma})


def _edge_blur(host: Pixels, layer: Pixels, mask: Mask, sigma: float) -> Edit:
    """A hard paste whose seam alone is blurred."""
    hard = np.where(mask[..., None], layer, host)
    seam = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
    pixels = np.where(seam[..., None], cv2.GaussianBlur(hard, (0, 0), sigma), hard)
    return Edit(pixels.astype(np.uint8), mask, {"blend": "edge_blur", "sigma": sigma})


def _poisson(host: Pixels, layer: Pixels, mask: Mask) -> Pixels | None:
    """Seamless cloning (Perez et al. 2003); None where OpenCV cannot or the colors run away."""
    inner = mask.astype(np.uint8)
    # a mask that touches the frame makes OpenCV fail or wrap round
    inner[:3], inner[-3:], inner[:, :3], inner[:, -3:] = 0, 0, 0, 0
    x, y, width, height = cv2.boundingRect(inner)
    if min(width, height) < 8 or inner.sum() < 0.9 * mask.sum():
        return None
    try:
        cloned = cv2.seamlessClone(layer, host, inner * 255, (x + width // 2, y + height // 2), cv2.NORMAL_CLONE)
    except cv2.error:
        return None
    pixels = np.where(mask[..., None], cloned, host)
    inside = pixels[mask]
    burnt = float(((inside == 0) | (inside == 255)).mean())
    before = layer[mask]
    if burnt > 0.05 + float(((before == 0) | (before == 255)).mean()):
        return None
    return np.asarray(pixels, dtype=np.uint8)
