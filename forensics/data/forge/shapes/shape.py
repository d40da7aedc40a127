"""Shapes of the regions that edits change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import choice, draw_seed, log_uniform
from forensics.data.forge.recipe import Range, Recipe
from forensics.data.forge.shapes.lettering import draw_text_shape
from forensics.data.forge.shapes.outlines import draw_outline
from forensics.data.forge.shapes.regions import draw_region
from forensics.data.forge.shapes.strokes import draw_strokes

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Alpha = NDArray[np.float32]
ShapeKind = Literal["blob", "ellipse", "polygon", "segments", "objects", "cutout", "strokes", "text"]

SHAPE_KINDS: tuple[ShapeKind, ...] = get_args(ShapeKind)
LARGEST_SHARE = 0.5
_OUTLINES = frozenset({"blob", "ellipse", "polygon"})


@dataclass(frozen=True)
class Shape:
    """A region, drawn when its picture is there.

    Attributes:
        kind: ``blob``, ``ellipse`` (or rectangle), ``polygon``: free outlines; ``segments``, ``objects``,
            ``cutout``: what the picture shows; ``strokes``: one to four of a brush; ``text``: a line of it.
        area: Wanted share of the picture, 0..1, met approximately; a line of text never covers much.
        seed: Of all that is random, 0..2**31 - 1.
        minimum_detail: Least standard deviation of the gray values inside (0..255); bare sky pasted on sky teaches
            nothing that anyone can see.
        attempts: Draws for that, 1 or more; the most detailed one is kept where all are too flat.
    """

    kind: ShapeKind
    area: float
    seed: int
    minimum_detail: float = 0.0
    attempts: int = 1

    def draw(self, pixels: Pixels, largest: float = LARGEST_SHARE) -> Alpha:
        """Draws the region.

        Args:
            pixels: uint8 RGB ``[H, W, 3]``.
            largest: A region that covers more of the picture than this is dropped.

        Returns:
            float32 ``[H, W]`` in 0..1; the region is where it is above one half. All zero where no attempt gave one.
        """
        best = np.zeros(pixels.shape[:2], dtype=np.float32)
        best_detail = -1.0
        for attempt in range(self.attempts):
            alpha = _draw(np.random.default_rng([self.seed, attempt]), self.kind, pixels, self.area)
            mask = np.asarray(alpha > 0.5)
            if not 0 < mask.mean() <= largest:
                continue
            detail = measure_detail(pixels, mask)
            if detail > best_detail:
                best, best_detail = alpha, detail
            if detail >= self.minimum_detail:
                break
        return best


def draw_shape(random: np.random.Generator, recipe: Recipe, area: Range) -> Shape:
    """Draws a shape by the weights of ``recipe.mask_kinds``, its area log-uniform in a range of shares."""
    kind = cast(ShapeKind, choice(random, recipe.mask_kinds))
    return Shape(kind, log_uniform(random, area), draw_seed(random), recipe.minimum_detail, recipe.detail_attempts)


def measure_detail(pixels: Pixels, mask: Mask) -> float:
    """Standard deviation of the gray values (0..255) in a region that is not empty."""
    return float(cv2.cvtColor(pixels[mask][None], cv2.COLOR_RGB2GRAY).std())


def _draw(random: np.random.Generator, kind: ShapeKind, pixels: Pixels, area: float) -> Alpha:
    height, width = pixels.shape[:2]
    if kind in _OUTLINES:
        return draw_outline(random, kind, (height, width), area).astype(np.float32)
    if kind == "strokes":
        return draw_strokes(random, (height, width), area)
    if kind == "text":
        return draw_text_shape(random, (height, width), area)
    return draw_region(random, kind, pixels, area)
