"""Ways to paste a region, and the edit that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import choice, uniform
from forensics.data.forge.recipe import Recipe

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Alpha = NDArray[np.float32]
BlendKind = Literal["hard", "feather", "poisson", "edge_blur"]


@dataclass(frozen=True, eq=False)
class Edit:
    """A changed picture.

    Attributes:
        pixels: uint8 RGB ``[H, W, 3]``.
        mask: bool ``[H, W]``: what was changed, that is where the alpha of what was pasted is above one half.
    """

    pixels: Pixels
    mask: Mask


@dataclass(frozen=True)
class Blend:
    """How a layer is put onto a host.

    Attributes:
        kind: ``hard``: by the layer's own alpha, no softer; ``feather``: by the alpha smoothed with a Gaussian;
            ``poisson``: seamless cloning (Perez et al., SIGGRAPH 2003), feathered where it cannot be solved;
            ``edge_blur``: hard, then the seam alone is blurred.
        sigma: Standard deviation of the Gaussian of ``feather`` and ``edge_blur`` in pixels, above 0.
    """

    kind: BlendKind
    sigma: float

    def paste(self, host: Pixels, layer: Pixels, alpha: Alpha) -> Edit:
        """Blends a layer into the host.

        Args:
            host: uint8 RGB ``[H, W, 3]``.
            layer: uint8 RGB ``[H, W, 3]``, what shows where alpha is 1.
            alpha: float32 ``[H, W]`` in 0..1.
        """
        if self.kind == "poisson":
            mask = np.asarray(alpha > 0.5)
            cloned = _clone(host, layer, mask)
            if cloned is not None:
                return Edit(cloned, mask)
        if self.kind in ("poisson", "feather"):
            alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), self.sigma), dtype=np.float32)
        mask = np.asarray(alpha > 0.5)
        pixels = _mix(host, layer, alpha)
        return Edit(_blur_seam(pixels, mask, self.sigma) if self.kind == "edge_blur" else pixels, mask)


def draw_blend(random: np.random.Generator, recipe: Recipe) -> Blend:
    """Draws how to paste: ``recipe.blends`` and ``recipe.feather``."""
    kind = cast(BlendKind, choice(random, recipe.blends))
    return Blend(kind, uniform(random, recipe.feather))


def _mix(host: Pixels, layer: Pixels, alpha: Alpha) -> Pixels:
    if not ((alpha > 0) & (alpha < 1)).any():
        return np.where(alpha[..., None] > 0, layer, host)
    mixed = host + alpha[..., None] * (layer.astype(np.float32) - host)
    return np.where(alpha[..., None] > 0, np.round(mixed).astype(np.uint8), host)


def _blur_seam(pixels: Pixels, mask: Mask, sigma: float) -> Pixels:
    seam = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
    return np.where(seam[..., None], np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), dtype=np.uint8), pixels)


def _clone(host: Pixels, layer: Pixels, mask: Mask) -> Pixels | None:
    """Seamless cloning; None where OpenCV cannot or the colors run away."""
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
    pixels = np.where(mask[..., None], cloned, host).astype(np.uint8)
    if _burnt(pixels[mask]) > 0.05 + _burnt(layer[mask]):
        return None
    return pixels


def _burnt(values: NDArray[np.uint8]) -> float:
    return float(((values == 0) | (values == 255)).mean())
