"""Removal: a thing is taken out and the hole filled from the rest of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import integer
from forensics.data.forge.edits.blend import Blend, Edit, draw_blend
from forensics.data.forge.edits.changed import unless_idle
from forensics.data.forge.edits.fills import Fill, draw_fill
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import LARGEST_SHARE, Shape, draw_shape

Pixels = NDArray[np.uint8]

_LARGEST_AREA = 0.25


@dataclass(frozen=True)
class Removal:
    """A region, a little widened, is filled.

    Attributes:
        shape: What is removed.
        dilation: How far the hole reaches beyond it, in pixels, 3..15: shadows and soft edges go as well.
        fill: How the hole is filled.
        blend: How the filling is pasted.
    """

    shape: Shape
    dilation: int
    fill: Fill
    blend: Blend
    name: Literal["removal"] = "removal"

    def apply(self, host: Pixels) -> Edit | None:
        """Changes uint8 RGB ``[H, W, 3]``; None where the shape is empty or the hole more than half of the picture."""
        region = self.shape.draw(host) > 0.5
        if not region.any():
            return None
        distance = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        hole = distance <= self.dilation
        if hole.mean() > LARGEST_SHARE:
            return None
        layer = self.fill.apply(host, hole)
        return unless_idle(host, self.blend.paste(host, layer, hole.astype(np.float32)))


def draw_removal(random: np.random.Generator, recipe: Recipe) -> Removal:
    """Draws a removal; areas up to a quarter of the picture, as far as classical fills are used."""
    low, high = recipe.mask_area
    shape = draw_shape(random, recipe, (min(low, _LARGEST_AREA), min(high, _LARGEST_AREA)))
    return Removal(shape, integer(random, 3, 15), draw_fill(random), draw_blend(random, recipe))
