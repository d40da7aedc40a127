"""One forged picture, or its pristine twin, from a seed and an index."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from forensics.data.forge.blend import Edit
from forensics.data.forge.copy_move import copy_move
from forensics.data.forge.draw import chance, choice, integer, uniform
from forensics.data.forge.jpeg import Chain, last_save, platform_save
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.sources import Size, Source, make_source, resize
from forensics.data.forge.splice import splice
from forensics.data.photos import Photo, PhotoPool
from signals.errors import NoPictures, UnreadableImage, WrongUsage

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

LARGEST_AREA = 0.5
_LARGEST_CANVAS = 1024
_ATTEMPTS = 6

_TRACES = {"png": "free", "single": "none", "aligned": "aligned", "shifted": "shifted"}


@dataclass(frozen=True)
class ForgedPicture:
    """A file and the truth about it.

    Attributes:
        data: The file's bytes.
        extension: ``jpg`` or ``png``.
        mask: bool ``[H, W]``, what was pasted; empty for a pristine picture.
        label: 1 forged, 0 pristine.
        history: Every operation with its parameters, pure JSON.
    """

    data: bytes
    extension: Literal["jpg", "png"]
    mask: Mask
    label: int
    history: dict[str, Any]


@dataclass(frozen=True)
class _Scene:
    """All that a forgery shares with its twin."""

    size: Size
    host: Source
    host_photo: Photo
    chain: Chain


class Forger:
    """Makes pictures in pairs: an even index is forged, the odd one after it is its pristine twin.

    The twin shows the same window with the same history before and the same compressions after; only the
    paste is missing. A picture depends on the photos, the recipe, the seed and its index alone.

    Attributes:
        unreadable: By the id of a photo that could not be decoded and was passed over: why.
    """

    def __init__(self, photos: PhotoPool, recipe: Recipe, seed: int) -> None:
        """Takes the photos, the recipe and a seed of 0 or more."""
        if not len(photos):
            raise NoPictures("no photos to forge from; give a folder with pristine photos")
        if seed < 0:
            raise WrongUsage(f"seed {seed} is negative; give 0 or more")
        self.photos = photos
        self.recipe = recipe
        self.seed = seed
        self.unreadable: dict[str, str] = {}

    def forge(self, index: int, size: Size | None = None) -> ForgedPicture:
        """Makes one picture.

        Args:
            index: 0 or more; even: forged, odd: the pristine twin of the one before.
            size: Height and width; None draws them from the recipe.

        Raises:
            UnreadableImage: No photo of the pool can be decoded.
        """
        pair, twin = divmod(index, 2)
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, pair])))
        scene = self._draw_scene(random, size)
        edit: Edit | None = None
        pixels, mask = scene.host.pixels, np.zeros(scene.size, dtype=bool)
        if not twin:
            edit, mask = self._draw_edit(random, scene)
            pixels = edit.pixels
        data = _save(pixels, scene.chain, scene.size)
        history = {
            "recipe": self.recipe.name,
            "seed": self.seed,
            "index": index,
            "pair": pair,
            "label": 1 - twin,
            "size": list(scene.size),
            "host": scene.host.history,
            "edit": {"name": "none"}
            if edit is None
            else {**edit.history, "visible": _visible(edit, scene.host.pixels)},
            "jpeg": scene.chain.to_json(),
            "mask_area": float(mask.mean()),
        }
        return ForgedPicture(data, "jpg" if scene.chain.saves else "png", mask, 1 - twin, history)

    def _draw_scene(self, random: np.random.Generator, size: Size | None) -> _Scene:
        recipe = self.recipe
        case = choice(random, recipe.jpeg_cases)
        size = size or (_draw_side(random, recipe), _draw_side(random, recipe))
        reduce = 1.0
        if case == "triple" and chance(random, recipe.platform_resize):
            low = max(recipe.platform_scale[0], max(size) / _LARGEST_CANVAS)
            reduce = uniform(random, (low, max(low, recipe.platform_scale[1])))
        canvas = (round(size[0] / reduce), round(size[1] / reduce))
        trace = _TRACES.get(case) or ("aligned" if chance(random, 0.6) else "shifted")
        host, photo = self._draw_source(random, canvas, trace, avoid=None)
        saves = []
        if case != "png":
            lender = self.photos[integer(random, 0, len(self.photos) - 1)]
            saves.append(last_save(random, recipe, host.first_quality, lender))
        if case == "triple":
            saves.append(platform_save(random, recipe))
        return _Scene(size, host, photo, Chain(case, tuple(saves), reduce))

    def _draw_source(
        self, random: np.random.Generator, size: Size, trace: str, avoid: Photo | None
    ) -> tuple[Source, Photo]:
        """A window of a random photo; of another photo, and if there is one of another camera, than ``avoid``."""
        candidates = [photo for photo in self.photos if avoid is None or photo.id != avoid.id]
        others = [photo for photo in candidates if avoid is not None and photo.camera != avoid.camera]
        candidates = others or candidates
        problem: UnreadableImage | None = None
        for place in random.permutation(len(candidates)):
            photo = candidates[int(place)]
            try:
                return make_source(random, self.recipe, self.photos, photo, size, trace), photo
            except UnreadableImage as error:
                problem = error
                self.unreadable[photo.id] = f"{photo.path}: {str(error).partition(': ')[2]}"
        raise UnreadableImage(f"no photo could be decoded ({problem}); give whole photos")

    def _draw_edit(self, random: np.random.Generator, scene: _Scene) -> tuple[Edit, Mask]:
        """Edits until the mask has a sensible size at the size of the finished picture; plainly at last."""
        name = choice(random, self.recipe.edits)
        if len(self.photos) < 2:
            name = "copy_move"
        donor = None
        if name == "splice":
            donor, _ = self._draw_source(random, scene.host.pixels.shape[:2], "free", avoid=scene.host_photo)
        for attempt in range(4 * _ATTEMPTS):
            recipe = self.recipe if attempt < _ATTEMPTS else _plain(self.recipe)
            host = scene.host.pixels
            edit = copy_move(random, recipe, host) if donor is None else splice(random, recipe, host, donor)
            if edit is None:
                continue
            mask = _reduce_mask(edit.mask, scene.size)
            if 0.5 * min(recipe.mask_area) <= mask.mean() <= LARGEST_AREA and (edit.pixels != host).any():
                return edit, mask
        raise WrongUsage(f"recipe {self.recipe.name!r} finds no edit for pictures of {scene.size}; ask for larger ones")


def _draw_side(random: np.random.Generator, recipe: Recipe) -> int:
    side = recipe.sides[integer(random, 0, len(recipe.sides) - 1)]
    return side - integer(random, 1, 15) if chance(random, recipe.odd_side) else side


def _plain(recipe: Recipe) -> Recipe:
    """The same recipe without the choices that can fail."""
    area = (0.02, 0.08)
    shape = {"ellipse": 1.0}
    return replace(recipe, mask_kinds=shape, mask_area=area, copy_move_area=area, blends={"hard": 1.0}, wide_rescale=0)


def _reduce_mask(mask: Mask, size: Size) -> Mask:
    if mask.shape == size:
        return mask
    reduced = cv2.resize(mask.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced > 0.5)


def _save(pixels: Pixels, chain: Chain, size: Size) -> bytes:
    """Runs the saves after the edit, reducing before the last one if the chain says so."""
    if not chain.saves:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG", compress_level=3)
        return stream.getvalue()
    for save in chain.saves[:-1]:
        pixels = save.apply(pixels)
    if pixels.shape[:2] != size:
        pixels = resize(pixels, size, "area")
    return chain.saves[-1].encode(pixels)


def _visible(edit: Edit, host: Pixels) -> float:
    """Mean absolute change inside the mask, 0..255: a paste below about 3 cannot be seen."""
    return float(np.abs(edit.pixels[edit.mask].astype(np.int16) - host[edit.mask]).mean())
