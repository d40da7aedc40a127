"""One JPEG compression, with standard tables or those of a camera, and how it is drawn."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from forensics.data.forge.draw import chance, choice, integer, log_uniform, uniform
from forensics.data.forge.recipe import Recipe
from forensics.data.photos import Photo, Tables
from signals.jpeg_quality import nearest_quality as nearest_standard

Pixels = NDArray[np.uint8]

Subsampling = Literal["4:4:4", "4:2:2", "4:2:0"]

_SUBSAMPLING = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


@dataclass(frozen=True)
class JpegSave:
    """One compression.

    Attributes:
        quality: 1..100 with standard tables; with other ``tables`` the nearest standard quality.
        tables: Quantization tables in natural order, luma first; empty for the standard ones.
        subsampling: ``4:4:4``, ``4:2:2`` or ``4:2:0``.
        progressive: Whether the file is progressive.
    """

    quality: int
    tables: Tables = ()
    subsampling: Subsampling = "4:2:0"
    progressive: bool = False
    name: Literal["jpeg"] = "jpeg"

    extension: ClassVar[str] = "jpg"

    def encode(self, pixels: Pixels) -> bytes:
        """Compresses uint8 RGB ``[H, W, 3]``."""
        stream = io.BytesIO()
        options: dict[str, Any] = (
            {"qtables": [list(t) for t in self.tables]} if self.tables else {"quality": self.quality}
        )
        subsampling = _SUBSAMPLING[self.subsampling]
        with _room_for(pixels):
            Image.fromarray(pixels).save(
                stream, "JPEG", subsampling=subsampling, progressive=self.progressive, **options
            )
        return stream.getvalue()

    def apply(self, pixels: Pixels) -> Pixels:
        """Compresses and decodes, uint8 RGB ``[H, W, 3]`` to the same."""
        return decode(self.encode(pixels))


@contextmanager
def _room_for(pixels: Pixels) -> Iterator[None]:
    """Pillow codes a progressive file into one buffer of a byte a pixel, which noise overflows."""
    before = ImageFile.MAXBLOCK
    ImageFile.MAXBLOCK = max(before, 2 * pixels.nbytes)
    try:
        yield
    finally:
        ImageFile.MAXBLOCK = before


def decode(data: bytes) -> Pixels:
    """Decodes a file of our own making to uint8 RGB ``[H, W, 3]``."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def first_save(random: np.random.Generator, recipe: Recipe, photo: Photo) -> JpegSave:
    """A compression before the edit: as the photo's camera would, or with standard tables."""
    subsampling = _draw_subsampling(random, recipe)
    if chance(random, recipe.camera_tables) and usable_tables(photo):
        return JpegSave(nearest_quality(photo.tables), photo.tables, subsampling)
    low, high = recipe.first_quality
    return JpegSave(integer(random, int(low), int(high)), (), subsampling)


def last_save(random: np.random.Generator, recipe: Recipe, first_quality: int | None, lender: Photo) -> JpegSave:
    """The compression after the edit.

    Args:
        first_quality: Quality of the compression before the edit; the new one is then above it as often as
            below it, where the recipe's range allows. None where there was none.
        lender: Photo whose tables are used where the recipe asks for other than standard ones.
    """
    subsampling = _draw_subsampling(random, recipe)
    progressive = chance(random, recipe.progressive)
    above = chance(random, 0.5)
    if chance(random, recipe.other_tables) and usable_tables(lender):
        tables = _coarser(lender.tables, log_uniform(random, recipe.other_tables_scale))
        return JpegSave(nearest_quality(tables), tables, subsampling, progressive)
    quality = _draw_quality(random, recipe)
    for _ in range(20):
        if first_quality is None or (quality > first_quality if above else quality < first_quality):
            break
        quality = _draw_quality(random, recipe)
    return JpegSave(quality, (), subsampling, progressive)


def platform_save(random: np.random.Generator, recipe: Recipe) -> JpegSave:
    """The compression by which a platform stores what was sent to it."""
    return JpegSave(round(uniform(random, recipe.platform_quality)), (), _draw_subsampling(random, recipe), False)


def _draw_subsampling(random: np.random.Generator, recipe: Recipe) -> Subsampling:
    return cast(Subsampling, choice(random, recipe.subsampling))


def _coarser(tables: Tables, scale: float) -> Tables:
    return tuple(tuple(min(255, round(step * scale)) for step in table) for table in tables)


def _draw_quality(random: np.random.Generator, recipe: Recipe) -> int:
    bands = recipe.last_quality_bands
    band = bands[int(choice(random, {str(place): weight for place, (_, _, weight) in enumerate(bands)}))]
    return integer(random, band[0], band[1])


def usable_tables(photo: Photo) -> bool:
    """Whether a baseline file can be written with the photo's tables."""
    return 1 <= len(photo.tables) <= 2 and all(1 <= step <= 255 for table in photo.tables for step in table)


@cache
def nearest_quality(tables: Tables) -> int:
    """Quality 1..100 of the standard luminance table nearest to the first table."""
    return nearest_standard(np.array(tables[0]).reshape(8, 8)).quality
