"""Copy-move: a region of the picture once more, elsewhere in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.blend import Edit, cut, lay, paste
from forensics.data.forge.draw import chance, choice, integer, log_uniform
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.splice import draw_detailed_region
from forensics.data.forge.transform import transform_region

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_BLOCK = 8


def copy_move(random: np.random.Generator, recipe: Recipe, host: Pixels) -> Edit | None:
    """Copies a region of the host to another place of it; its source stays visible.

    Args:
        host: uint8 RGB ``[H, W, 3]``.

    Returns:
        The edit, its mask marking the target alone; None when no place was found.
    """
    kind = choice(random, recipe.mask_kinds)
    area = log_uniform(random, recipe.copy_move_area)
    region = draw_detailed_region(random, recipe, kind, host, area)
    if not region.any():
        return None
    patch = cut(host, region)
    pixels, mask = patch.pixels, patch.mask
    operations: list[dict[str, Any]] = []
    if chance(random, recipe.copy_move_transform):
        pixels, mask, operations = transform_region(random, recipe, pixels, mask)
    on_grid = not operations and chance(random, recipe.copy_move_on_grid)
    place = _draw_target(random, recipe, region, mask, (patch.y, patch.x), on_grid)
    if place is None:
        return None
    layer, covered = lay(host, pixels, mask, *place)
    edit = paste(random, recipe, host, layer, covered)
    shift = [place[0] - patch.y, place[1] - patch.x]
    details = {
        "name": "copy_move",
        "mask": {"kind": kind, "wanted_area": area},
        "cut_at": [patch.y, patch.x],
        "operations": operations,
        "placed_at": list(place),
        "on_grid": not operations and shift[0] % _BLOCK == 0 and shift[1] % _BLOCK == 0,
        **edit.history,
    }
    return Edit(edit.pixels, edit.mask, details)


def _draw_target(
    random: np.random.Generator, recipe: Recipe, region: Mask, mask: Mask, corner: tuple[int, int], on_grid: bool
) -> tuple[int, int] | None:
    """A place for the patch's corner where it covers little of its source; None after 40 misses."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return None
    height, width = region.shape
    low = (-int(rows[0]), -int(columns[0]))
    high = (height - int(rows[-1]) - 1, width - int(columns[-1]) - 1)
    if low[0] > high[0] or low[1] > high[1]:
        return None
    source = region.sum()
    blank = np.zeros((height, width, 3), dtype=np.uint8)
    empty = np.zeros((*mask.shape, 3), dtype=np.uint8)
    for _ in range(40):
        y, x = integer(random, low[0], high[0]), integer(random, low[1], high[1])
        if on_grid:
            y, x = corner[0] + (y - corner[0]) // _BLOCK * _BLOCK, corner[1] + (x - corner[1]) // _BLOCK * _BLOCK
        _, covered = lay(blank, empty, mask, y, x)
        if (covered & region).sum() <= recipe.copy_move_overlap * source and covered.sum() > 0.5 * mask.sum():
            return y, x
    return None
