"""Local re-generation: a region passes through an auto-encoder of our own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import choice, draw_seed, integer, uniform
from forensics.data.forge.edits.blend import Blend, Edit, draw_blend
from forensics.data.forge.edits.changed import unless_idle
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import Shape, draw_shape

Pixels = NDArray[np.uint8]

_GRID = 8
_MARGIN = 3 * _GRID
_LOUDEST = 0.2


@dataclass(frozen=True)
class Regeneration:
    """A region is encoded, disturbed and decoded: about the same content, none of its traces, those of a decoder.

    Attributes:
        shape: The region.
        strength: Deviation of the noise on the latents in their own deviations, 0..0.2; above, the noise is plain.
        zoom: What the region is enlarged by before and reduced by afterwards, 1..2: the more, the more detail survives.
        phase: Where the decoder's grid of 8 / zoom pixels starts, rows and columns, 0..7.
        blend: How the region is pasted.
        seed: Of the noise.
    """

    shape: Shape
    strength: float
    zoom: float
    phase: tuple[int, int]
    blend: Blend
    seed: int
    name: Literal["regeneration"] = "regeneration"

    def apply(self, host: Pixels) -> Edit | None:
        """Changes uint8 RGB ``[H, W, 3]``; None where the shape is empty or nothing differs afterwards."""
        # torch takes seconds to import
        from forensics.data.forge.edits.regenerator import regenerate

        alpha = self.shape.draw(host)
        if not (alpha > 0.5).any():
            return None
        box = (_on_grid(alpha.max(axis=1), self.phase[0]), _on_grid(alpha.max(axis=0), self.phase[1]))
        piece = host[box]
        size = (piece.shape[1], piece.shape[0])
        large = cv2.resize(piece, None, fx=self.zoom, fy=self.zoom, interpolation=cv2.INTER_CUBIC)
        decoded = regenerate(np.asarray(large, dtype=np.uint8), self.strength, self.seed)
        layer = host.copy()
        layer[box] = cv2.resize(decoded, size, interpolation=cv2.INTER_AREA)
        return unless_idle(host, self.blend.paste(host, layer, alpha))


def draw_regeneration(random: np.random.Generator, recipe: Recipe) -> Regeneration:
    """Draws a region of ``recipe.mask_area`` and how far it is disturbed."""
    shape = draw_shape(random, recipe, recipe.mask_area)
    phase = (integer(random, 0, _GRID - 1), integer(random, 0, _GRID - 1))
    zoom = float(choice(random, {"1": 0.5, "1.5": 0.25, "2": 0.25}))
    strength = uniform(random, (0, _LOUDEST))
    return Regeneration(shape, strength, zoom, phase, draw_blend(random, recipe), draw_seed(random))


def _on_grid(profile: NDArray[np.float32], phase: int) -> slice:
    """From a line of the grid to a margin behind what is inside; at the frame from its first pixel."""
    places = np.flatnonzero(profile)
    start = (int(places[0]) - _MARGIN - phase) // _GRID * _GRID + phase
    return slice(max(0, start), int(places[-1]) + 1 + _MARGIN)
