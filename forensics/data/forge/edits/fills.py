"""Ways to fill the hole that a removed thing leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forensics.data.forge.draw import choice, draw_seed, uniform
from forensics.data.forge.edits.patch_fill import fill_by_patches

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Telea:
    """Fast marching from the border inward (Telea, JGT 2004).

    Attributes:
        radius: How far round a pixel known ones are averaged, in pixels, 1..10.
    """

    radius: float
    name: Literal["telea"] = "telea"

    def apply(self, pixels: Pixels, mask: Mask) -> Pixels:
        """Fills the hole ``mask`` (bool ``[H, W]``) of uint8 RGB ``[H, W, 3]``."""
        return _inpaint(pixels, mask, self.radius, cv2.INPAINT_TELEA)


@dataclass(frozen=True)
class NavierStokes:
    """Isophotes continued like streamlines of a fluid (Bertalmio et al., CVPR 2001).

    Attributes:
        radius: Neighborhood of a pixel in pixels, 1..10.
    """

    radius: float
    name: Literal["navier_stokes"] = "navier_stokes"

    def apply(self, pixels: Pixels, mask: Mask) -> Pixels:
        """Fills the hole ``mask`` (bool ``[H, W]``) of uint8 RGB ``[H, W, 3]``."""
        return _inpaint(pixels, mask, self.radius, cv2.INPAINT_NS)


@dataclass(frozen=True)
class PatchFill:
    """Pieces of the surroundings, see :func:`forensics.data.forge.edits.patch_fill.fill_by_patches`.

    Attributes:
        patch: Side of a patch in cells of the search grid, odd, 3..9.
        seed: Of the search.
    """

    patch: int
    seed: int
    name: Literal["patch_fill"] = "patch_fill"

    def apply(self, pixels: Pixels, mask: Mask) -> Pixels:
        """Fills the hole ``mask`` (bool ``[H, W]``) of uint8 RGB ``[H, W, 3]``."""
        return fill_by_patches(pixels, mask, self.patch, self.seed)


Fill = Annotated[Telea | NavierStokes | PatchFill, Field(discriminator="name")]

FILLS = {"telea": 0.3, "navier_stokes": 0.25, "patch_fill": 0.45}
_DRAW: Mapping[str, Callable[[np.random.Generator], Fill]] = {
    "telea": lambda random: Telea(uniform(random, (2, 8))),
    "navier_stokes": lambda random: NavierStokes(uniform(random, (2, 8))),
    "patch_fill": lambda random: PatchFill(int(choice(random, {"5": 1, "7": 1})), draw_seed(random)),
}


def draw_fill(random: np.random.Generator) -> Fill:
    """Draws a fill and its parameters."""
    return _DRAW[choice(random, FILLS)](random)


def _inpaint(pixels: Pixels, mask: Mask, radius: float, algorithm: int) -> Pixels:
    # what lies in the hole must not shine through, whatever the library reads
    blank = np.where(mask[..., None], np.uint8(0), pixels)
    filled = np.asarray(cv2.inpaint(blank, mask.astype(np.uint8), radius, algorithm), dtype=np.uint8)
    return np.where(mask[..., None], filled, pixels)
