"""Local changes: a region keeps its content and loses its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import chance, choice, draw_seed, log_uniform, uniform
from forensics.data.forge.edits.blend import Blend, Edit, draw_blend
from forensics.data.forge.edits.changed import unless_idle
from forensics.data.forge.edits.transform import Blur, Color, Contrast, Gamma, Noise, Operation, Sharpen, Soften
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import Shape, draw_shape

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class LocalChange:
    """Tone, color, noise, sharpness of a region.

    Attributes:
        shape: The region.
        steps: Photometric operations, in order.
        blend: How the changed region is pasted.
    """

    shape: Shape
    steps: tuple[Operation, ...]
    blend: Blend
    name: Literal["local_change"] = "local_change"

    def apply(self, host: Pixels) -> Edit | None:
        """Changes uint8 RGB ``[H, W, 3]``; None where the shape is empty or nothing differs afterwards."""
        alpha = self.shape.draw(host)
        if not (alpha > 0.5).any():
            return None
        layer = host
        for step in self.steps:
            layer = step.apply(layer)
        return unless_idle(host, self.blend.paste(host, layer, alpha))


_COUNTS = {"1": 5, "2": 3, "3": 2}
_CHANGES = {"blur": 1.0, "soften": 1.0, "noise": 1.0, "sharpen": 1.0, "gamma": 0.7, "contrast": 0.7, "color": 1.0}
_DRAW: Mapping[str, Callable[[np.random.Generator], Operation]] = {
    "blur": lambda random: Blur(uniform(random, (0.5, 2))),
    "soften": lambda random: Soften(uniform(random, (0.15, 0.8))),
    "noise": lambda random: Noise(log_uniform(random, (1.5, 15)), draw_seed(random)),
    "sharpen": lambda random: Sharpen(uniform(random, (0.15, 0.7))),
    "gamma": lambda random: Gamma(log_uniform(random, (0.55, 0.85) if chance(random, 0.5) else (1.2, 1.8))),
    "contrast": lambda random: Contrast(uniform(random, (-0.2, 0.2)), uniform(random, (-0.3, 0.3))),
    "color": lambda random: Color(uniform(random, (-25, 25)), uniform(random, (-60, 60)), uniform(random, (-25, 25))),
}


def draw_local_change(random: np.random.Generator, recipe: Recipe) -> LocalChange:
    """Draws a region and one to three operations, from faint to plain: the change is all that there is to find."""
    shape = draw_shape(random, recipe, recipe.mask_area)
    steps = tuple(_DRAW[choice(random, _CHANGES)](random) for _ in range(int(choice(random, _COUNTS))))
    return LocalChange(shape, steps, draw_blend(random, recipe))
