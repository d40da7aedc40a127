"""Makes the edits that are planted, by the forge that makes training pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forensics.analysis.power.family import Size
from forensics.data.forge.chains.geometry import resize
from forensics.data.forge.chains.jpeg import JpegSave
from forensics.data.forge.draw import chance, draw_seed, integer, log_uniform, uniform
from forensics.data.forge.edits.blend import Edit, draw_blend
from forensics.data.forge.edits.copy_move import draw_copy_move
from forensics.data.forge.edits.local_change import LocalChange
from forensics.data.forge.edits.removal import draw_removal
from forensics.data.forge.edits.splice import draw_splice
from forensics.data.forge.edits.transform import Blur, Noise, Operation, Soften
from forensics.data.forge.forger import LEAST_CHANGE
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import draw_shape

Pixels = NDArray[np.uint8]

_ATTEMPTS = 16
_SHAPES = {"blob": 0.35, "segments": 0.35, "cutout": 0.2, "ellipse": 0.1}
# Outlines that ask nothing of the picture: their area is the one that was asked for.
_PLAIN_SHAPES = {"blob": 0.6, "ellipse": 0.4}


def plant(kind: str, size: Size, host: Pixels, picture: Pixels, random: np.random.Generator) -> Edit | None:
    """Makes one edit of just this size.

    Args:
        kind: One of ``family.KINDS``.
        size: The area it has to have.
        host: uint8 RGB ``[h, w, 3]``, the window.
        picture: uint8 RGB ``[H, W, 3]``, where a splice takes its donor from.
        random: Draws everything.

    Returns:
        The edit before it is saved; None where 16 attempts gave none of this size that changes anything.
    """
    for attempt in range(_ATTEMPTS):
        edit = _MAKE[kind](random, _recipe(size, plain=attempt >= _ATTEMPTS // 2), host, picture)
        if edit is None or not size.low <= edit.mask.mean() <= size.high:
            continue
        if np.abs(edit.pixels[edit.mask].astype(np.int16) - host[edit.mask]).mean() >= LEAST_CHANGE:
            return edit
    return None


def _recipe(size: Size, plain: bool) -> Recipe:
    area, shapes = (size.low, size.high), _PLAIN_SHAPES if plain else _SHAPES
    # colors fit the place: the trace is to be found, not a patch of another color
    return replace(
        Recipe(),
        mask_area=area,
        copy_move_area=area,
        mask_kinds=shapes,
        cut_by_border=0.0,
        wide_rescale=0.0,
        match_color=1.0,
    )


def _splice(random: np.random.Generator, recipe: Recipe, host: Pixels, picture: Pixels) -> Edit | None:
    return draw_splice(random, recipe, donor=0).apply(host, _foreign(random, (host.shape[0], host.shape[1]), picture))


def _foreign(random: np.random.Generator, size: tuple[int, int], picture: Pixels) -> Pixels:
    """A part of the picture with another history: mirrored, resampled, compressed by itself, off the grid."""
    shift = integer(random, 1, 7), integer(random, 1, 7)
    canvas = size[0] + shift[0], size[1] + shift[1]
    scale = uniform(random, (0.5, 0.9)) if chance(random, 0.5) else uniform(random, (1.1, 1.6))
    # a picture that is too small for a reduction is enlarged
    scale = max(scale, 1.05 * canvas[0] / picture.shape[0], 1.05 * canvas[1] / picture.shape[1])
    height, width = round(canvas[0] / scale), round(canvas[1] / scale)
    top, left = integer(random, 0, picture.shape[0] - height), integer(random, 0, picture.shape[1] - width)
    part = np.ascontiguousarray(picture[top : top + height, left : left + width][:, ::-1])
    resampled = resize(part, canvas, "bicubic" if chance(random, 0.5) else "lanczos")
    saved = JpegSave(integer(random, 70, 95), (), "4:2:0").apply(resampled)
    return np.ascontiguousarray(saved[shift[0] :, shift[1] :])


def _copy_move(random: np.random.Generator, recipe: Recipe, host: Pixels, picture: Pixels) -> Edit | None:
    return draw_copy_move(random, recipe).apply(host)


def _removal(random: np.random.Generator, recipe: Recipe, host: Pixels, picture: Pixels) -> Edit | None:
    low, high = recipe.mask_area
    # the hole reaches beyond what is removed
    return replace(draw_removal(random, replace(recipe, mask_area=(0.6 * low, high))), dilation=3).apply(host)


def _local_change(random: np.random.Generator, recipe: Recipe, host: Pixels, picture: Pixels) -> Edit | None:
    shape, steps = draw_shape(random, recipe, recipe.mask_area), _LOCAL_CHANGES[integer(random, 0, 2)](random)
    return LocalChange(shape, (steps,), draw_blend(random, recipe)).apply(host)


_LOCAL_CHANGES: tuple[Callable[[np.random.Generator], Operation], ...] = (
    lambda random: Blur(uniform(random, (0.8, 2))),
    lambda random: Soften(uniform(random, (0.3, 0.7))),
    lambda random: Noise(log_uniform(random, (3, 10)), draw_seed(random)),
)

_MAKE: Mapping[str, Callable[[np.random.Generator, Recipe, Pixels, Pixels], Edit | None]] = {
    "splice": _splice,
    "copy_move": _copy_move,
    "removal": _removal,
    "local_change": _local_change,
}
