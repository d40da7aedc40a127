"""Splicing: a region of another photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import chance, uniform
from forensics.data.forge.edits.affine import Affine, draw_affine
from forensics.data.forge.edits.blend import Blend, Edit, draw_blend
from forensics.data.forge.edits.patch import cut, extent, lay, lay_alpha
from forensics.data.forge.edits.transform import Operation, draw_retouches, match_color
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import Shape, draw_shape

Pixels = NDArray[np.uint8]
Alpha = NDArray[np.float32]
Place = tuple[float, float]

_SPILL = 0.4


@dataclass(frozen=True)
class Splice:
    """A region of a donor pasted on the host.

    Attributes:
        donor: Where it comes from: a place among the donors of the plan.
        shape: Which region; chosen by what the donor shows there.
        affine: How it is turned and scaled.
        retouches: What is done to it alone.
        match: How far its colors are moved to those of the place (Reinhard et al. 2001): 0 not, 1 all the way.
        place: Where it goes, as shares (0..1) of the rows and columns over which its corner may move; None
            leaves it where it was cut.
        spill: Share of its sides that may stick out of the picture.
        blend: How it is pasted.
    """

    donor: int
    shape: Shape
    affine: Affine
    retouches: tuple[Operation, ...]
    match: float
    place: Place | None
    spill: float
    blend: Blend
    name: Literal["splice"] = "splice"

    def apply(self, host: Pixels, donor: Pixels) -> Edit | None:
        """Pastes the region.

        Args:
            host: uint8 RGB ``[H, W, 3]``.
            donor: uint8 RGB ``[h, w, 3]``, the donor rendered.

        Returns:
            The edit; None when nothing of the region is left.
        """
        region = self.shape.draw(donor)
        if not region.any():
            return None
        patch = cut(donor, region)
        pixels, alpha = self.affine.apply(patch.pixels, patch.alpha)
        if not alpha.any():
            return None
        for operation in self.retouches:
            pixels = operation.apply(pixels)
        y, x = (patch.y, patch.x) if self.place is None else corner(host.shape, alpha, self.place, self.spill)
        covered = lay_alpha(host.shape[:2], alpha, y, x) > 0.5
        if not covered.any():
            return None
        if self.match and (alpha > 0.5).any():
            pixels = match_color(pixels, alpha > 0.5, host[covered], self.match)
        return self.blend.paste(host, *lay(host, pixels, alpha, y, x))


def draw_splice(random: np.random.Generator, recipe: Recipe, donor: int) -> Splice:
    """Draws a splice of a donor of the plan."""
    return Splice(
        donor=donor,
        shape=draw_shape(random, recipe, recipe.mask_area),
        affine=draw_affine(random, recipe),
        retouches=draw_retouches(random) if chance(random, recipe.retouch) else (),
        match=uniform(random, (0.4, 1.0)) if chance(random, recipe.match_color) else 0.0,
        place=draw_place(random),
        spill=_SPILL if chance(random, recipe.cut_by_border) else 0.0,
        blend=draw_blend(random, recipe),
    )


def draw_place(random: np.random.Generator) -> Place:
    """Anywhere."""
    return uniform(random, (0, 1)), uniform(random, (0, 1))


def corner(size: tuple[int, ...], alpha: Alpha, place: Place, spill: float = 0.0) -> tuple[int, int]:
    """Where the corner of a patch goes so that its region lies inside the picture, but for what may stick out.

    Args:
        size: Height and width of the picture, and anything after.
        alpha: float32 ``[h, w]`` of the patch, not empty.
        place: Shares (0..1) of the rows and columns over which the corner may move.
        spill: Share of the region's sides that may stick out.
    """
    top, bottom, left, right = extent(alpha)
    return _start(size[0], top, bottom, place[0], spill), _start(size[1], left, right, place[1], spill)


def _start(length: int, first: int, end: int, share: float, spill: float) -> int:
    spare = int(spill * (end - first))
    low, high = -first - spare, length - end + spare
    # a region larger than the picture covers it from edge to edge
    low, high = min(low, high), max(low, high)
    return low + round(share * (high - low))
