"""Splicing: a region of another photo."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.blend import Edit, cut, lay, paste
from forensics.data.forge.draw import chance, choice, integer, log_uniform, uniform
from forensics.data.forge.masks import draw_mask
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.sources import Source
from forensics.data.forge.transform import match_color, retouch, transform_region

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def splice(random: np.random.Generator, recipe: Recipe, host: Pixels, donor: Source) -> Edit | None:
    """Pastes a region of the donor at a random place of the host.

    Args:
        host: uint8 RGB ``[H, W, 3]``.
        donor: Of any size; its region is chosen by what it shows.

    Returns:
        The edit; None when the region came out empty.
    """
    kind = choice(random, recipe.mask_kinds)
    area = log_uniform(random, recipe.mask_area)
    region = draw_detailed_region(random, recipe, kind, donor.pixels, area)
    if not region.any():
        return None
    patch = cut(donor.pixels, region)
    pixels, mask, operations = transform_region(random, recipe, patch.pixels, patch.mask)
    if chance(random, recipe.retouch):
        pixels, retouches = retouch(random, pixels)
        operations += retouches
    y, x = draw_place(random, recipe, host.shape[:2], mask)
    if chance(random, recipe.match_color) and mask.any():
        strength = round(uniform(random, (0.4, 1.0)), 3)
        _, covered = lay(host, pixels, mask, y, x)
        if covered.any():
            pixels = match_color(pixels, mask, host[covered], strength)
            operations.append({"name": "match_color", "strength": strength})
    layer, covered = lay(host, pixels, mask, y, x)
    if not covered.any():
        return None
    edit = paste(random, recipe, host, layer, covered)
    details = {
        "name": "splice",
        "donor": donor.history,
        "mask": {"kind": kind, "wanted_area": area},
        "cut_at": [patch.y, patch.x],
        "operations": operations,
        "placed_at": [y, x],
        **edit.history,
    }
    return Edit(edit.pixels, edit.mask, details)


def draw_detailed_region(random: np.random.Generator, recipe: Recipe, kind: str, pixels: Pixels, area: float) -> Mask:
    """Draws a region until it shows something: bare sky pasted on sky teaches nothing anyone can see."""
    best = np.zeros(pixels.shape[:2], dtype=bool)
    best_detail = -1.0
    for _ in range(recipe.detail_attempts):
        region = draw_mask(random, kind, pixels, area)
        detail = _detail(pixels, region)
        if detail > best_detail:
            best, best_detail = region, detail
        if detail >= recipe.minimum_detail:
            break
    return best


def _detail(pixels: Pixels, region: Mask) -> float:
    inside = pixels[region]
    if len(inside) == 0:
        return -1.0
    return float(cv2.cvtColor(inside[None], cv2.COLOR_RGB2GRAY).std())


def draw_place(random: np.random.Generator, recipe: Recipe, size: tuple[int, ...], mask: Mask) -> tuple[int, int]:
    """Where the corner of a patch goes: the region lies inside the picture, or is cut by its border."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return 0, 0
    out = 0.4 if chance(random, recipe.cut_by_border) else 0.0
    return (
        _draw_start(random, size[0], int(rows[0]), int(rows[-1]) + 1, out),
        _draw_start(random, size[1], int(columns[0]), int(columns[-1]) + 1, out),
    )


def _draw_start(random: np.random.Generator, length: int, first: int, end: int, out: float) -> int:
    spare = int(out * (end - first))
    low, high = -first - spare, length - end + spare
    # a region larger than the picture covers it from edge to edge
    return integer(random, min(low, high), max(low, high))
