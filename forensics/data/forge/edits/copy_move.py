"""Copy-move: a region of the picture once more, elsewhere in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import chance, draw_seed
from forensics.data.forge.edits.affine import IDENTITY, Affine, draw_affine
from forensics.data.forge.edits.blend import Blend, Edit, draw_blend
from forensics.data.forge.edits.patch import Patch, cut, lay, lay_alpha
from forensics.data.forge.edits.splice import corner
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import Shape, draw_shape

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Alpha = NDArray[np.float32]

_BLOCK = 8
_PLACES = 40


@dataclass(frozen=True)
class CopyMove:
    """A region of the host pasted elsewhere on it; its source stays visible, the mask marks the target alone.

    Attributes:
        shape: Which region.
        affine: How the copy is turned and scaled.
        on_grid: Whether it moves by multiples of 8 rows and columns.
        overlap: Largest share of the source that the copy may cover.
        blend: How it is pasted.
        seed: Of the places that are tried, 0..2**31 - 1.
    """

    shape: Shape
    affine: Affine
    on_grid: bool
    overlap: float
    blend: Blend
    seed: int
    name: Literal["copy_move"] = "copy_move"

    def apply(self, host: Pixels) -> Edit | None:
        """Copies the region of uint8 RGB ``[H, W, 3]``; None when no place was found."""
        region = self.shape.draw(host)
        if not region.any():
            return None
        patch = cut(host, region)
        pixels, alpha = self.affine.apply(patch.pixels, patch.alpha)
        place = self._find_place(region > 0.5, patch, alpha)
        return self.blend.paste(host, *lay(host, pixels, alpha, *place)) if place else None

    def _find_place(self, source: Mask, patch: Patch, alpha: Alpha) -> tuple[int, int] | None:
        """The first of 40 places for the copy's corner where it covers little of its source."""
        whole = (alpha > 0.5).sum()
        if not whole:
            return None
        for attempt in range(_PLACES):
            random = np.random.default_rng([self.seed, attempt])
            y, x = corner(source.shape, alpha, (random.random(), random.random()))
            if self.on_grid:
                y, x = patch.y + (y - patch.y) // _BLOCK * _BLOCK, patch.x + (x - patch.x) // _BLOCK * _BLOCK
            covered = lay_alpha(source.shape, alpha, y, x) > 0.5
            hidden = (covered & source).sum() / max(1, source.sum())
            if hidden <= self.overlap and covered.sum() > 0.5 * whole:
                return y, x
        return None


def draw_copy_move(random: np.random.Generator, recipe: Recipe) -> CopyMove:
    """Draws a copy-move."""
    affine = draw_affine(random, recipe) if chance(random, recipe.copy_move_transform) else IDENTITY
    return CopyMove(
        shape=draw_shape(random, recipe, recipe.copy_move_area),
        affine=affine,
        on_grid=affine.identity and chance(random, recipe.copy_move_on_grid),
        overlap=recipe.copy_move_overlap,
        blend=draw_blend(random, recipe),
        seed=draw_seed(random),
    )
