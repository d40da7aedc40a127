"""Contents times histories: every picture content with every history, so that neither tells the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import chance
from forensics.data.photos import Photo, PhotoPool
from forensics.training.history.history import STEPS, History, draw_history, vary
from signals.errors import NoPictures

Pixels = NDArray[np.uint8]
HISTORIES, CONTENTS, PATCH = 16, 6, 96
"""Histories and contents of a block, and the side of its patches in pixels."""
_FAMILY = 4
_CONTENT = 208
# Beyond the patch: room for the shift and for what filters make of the seams between contents.
_ROOM = 16
_STRONGEST, _WEAKEST, _LEAST = 4.0, 2.5, 2
_NATIVE = 0.25


@dataclass(frozen=True, eq=False)
class Block:
    """Patches of every content with every history; the last saving is still to come.

    The four families of four histories share the contents, but for those of real cameras.

    Attributes:
        patches: uint8 ``[16, 6, 96, 96, 3]``: histories, contents, rows, columns, red green blue.
        histories: What happened to each of the 16.
    """

    patches: Pixels
    histories: tuple[History, ...]


def draw_block(photos: PhotoPool, random: np.random.Generator) -> Block:
    """Four families of four near histories: of six contents without traces, or each family of a real camera's own."""
    if chance(random, _NATIVE):
        return _native_block(photos, random)
    contents = draw_contents(photos, random)
    histories = [member for _ in range(HISTORIES // _FAMILY) for member in _family(draw_history(random), random, STEPS)]
    return Block(np.stack([render(contents, history) for history in histories]), tuple(histories))


def _native_block(photos: PhotoPool, random: np.random.Generator) -> Block:
    """Families of one real photo each: what a real camera left, and near histories that begin with it."""
    patches, histories = [], []
    large = [photo for photo in photos if min(photo.width, photo.height) >= _CONTENT]
    for photo in _choose(large, HISTORIES // _FAMILY, random):
        contents = _native_contents(photos.pixels(photo), random)
        family = _family(draw_history(random, camera=False), random, STEPS[2:])
        patches += [render(contents, history) for history in family]
        histories += family
    return Block(np.stack(patches), tuple(histories))


def _family(first: History, random: np.random.Generator, steps: tuple[str, ...]) -> list[History]:
    family = [first]
    while len(family) < _FAMILY:
        near = vary(first, random, steps)
        if near not in family:
            family.append(near)
    return family


def draw_contents(photos: PhotoPool, random: np.random.Generator) -> Pixels:
    """Parts of different photos, reduced 2 to 4 times to wipe their traces: uint8 ``[6, 208, 208, 3]``.

    Raises:
        NoPictures: No photo is large enough.
    """
    large = [photo for photo in photos if min(photo.width, photo.height) >= _CONTENT * _LEAST]
    return np.stack([_reduced(photos.pixels(photo), random) for photo in _choose(large, CONTENTS, random)])


def _choose(photos: Sequence[Photo], count: int, random: np.random.Generator) -> list[Photo]:
    """Different photos, as far as there are so many."""
    if not photos:
        raise NoPictures(f"no photo has sides of {_CONTENT * _LEAST} pixels; give larger ones")
    places = random.choice(len(photos), count, replace=len(photos) < count)
    return [photos[int(place)] for place in places]


def _reduced(pixels: Pixels, random: np.random.Generator) -> Pixels:
    factor = min(random.uniform(_WEAKEST, _STRONGEST), min(pixels.shape[:2]) / _CONTENT)
    side = int(_CONTENT * factor)
    y, x = (int(random.integers(0, length - side + 1)) for length in pixels.shape[:2])
    piece = np.ascontiguousarray(pixels[y : y + side, x : x + side])
    return np.asarray(cv2.resize(piece, (_CONTENT, _CONTENT), interpolation=cv2.INTER_AREA))


def _native_contents(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Parts of one photo as it is, on its own grid of blocks: uint8 ``[6, 208, 208, 3]``."""
    corners = [[8 * int(random.integers(0, (side - _CONTENT) // 8 + 1)) for side in pixels.shape[:2]] for _ in range(6)]
    return np.stack([pixels[y : y + _CONTENT, x : x + _CONTENT] for y, x in corners])


def render(contents: Pixels, history: History, patch: int = PATCH) -> Pixels:
    """Gives contents a history, all in one picture, then cuts one patch of each.

    Args:
        contents: uint8 ``[N, S, S, 3]``, S a multiple of 16, large enough for the patch before the change of size.
        history: What happens to them.
        patch: Side of the results in pixels.

    Returns:
        uint8 ``[N, patch, patch, 3]``: of the middle of each content, on the grid of 8 pixels off by the shift.
    """
    side = min(contents.shape[1], 16 * -(-round((patch + _ROOM) / history.scale + _ROOM) // 16))
    margin = (contents.shape[1] - side) // 2
    tiles = contents[:, margin : margin + side, margin : margin + side]
    picture = history.apply(np.ascontiguousarray(np.concatenate(tiles, axis=1)))

    def start(middle: float, shift: int) -> int:
        return 8 * int((middle * history.scale - patch / 2) // 8) + shift

    top = start(side / 2, history.shift[0])
    lefts = [start((number + 0.5) * side, history.shift[1]) for number in range(len(contents))]
    return np.stack([picture[top : top + patch, left : left + patch] for left in lefts])


def turned(patches: Pixels, turn: int) -> Pixels:
    """One of the eight flips and turns, 0..7, of ``[..., H, W, 3]``; the same for all keeps equal histories equal."""
    if turn & 1:
        patches = patches[..., ::-1, :, :]
    if turn & 2:
        patches = patches[..., ::-1, :]
    return patches.swapaxes(-3, -2) if turn & 4 else patches


def mosaic(patches: Pixels) -> Pixels:
    """Patches ``[R, C, H, W, 3]`` side by side in one picture ``[R H, C W, 3]``."""
    rows, columns, height, width, _ = patches.shape
    return np.ascontiguousarray(patches.transpose(0, 2, 1, 3, 4)).reshape(rows * height, columns * width, 3)


def cut(picture: Pixels, rows: int, columns: int) -> Pixels:
    """The inverse of :func:`mosaic`."""
    height, width = picture.shape[0] // rows, picture.shape[1] // columns
    return picture.reshape(rows, height, columns, width, 3).transpose(0, 2, 1, 3, 4)
