"""Another history: a region shows what it showed, taken by another camera or saved otherwise before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.edits.blend import Blend, Edit, draw_blend
from forensics.data.forge.edits.changed import unless_idle
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import Shape, draw_shape

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class OtherHistory:
    """A region of the host's own scene with other traces, put where it was: its traces tell it, and the seam.

    Attributes:
        donor: The scene with its other history: a place among the donors of the plan.
        shape: The region.
        blend: How it is pasted.
    """

    donor: int
    shape: Shape
    blend: Blend
    name: Literal["other_history"] = "other_history"

    def apply(self, host: Pixels, donor: Pixels) -> Edit | None:
        """Pastes the region of uint8 RGB ``[H, W, 3]``; None where it is empty or nothing differs afterwards."""
        alpha = self.shape.draw(host)
        if donor.shape != host.shape or not (alpha > 0.5).any():
            return None
        return unless_idle(host, self.blend.paste(host, donor, alpha))


def draw_other_history(random: np.random.Generator, recipe: Recipe, donor: int) -> OtherHistory:
    """Draws a region and how it is pasted."""
    return OtherHistory(donor, draw_shape(random, recipe, recipe.mask_area), draw_blend(random, recipe))
