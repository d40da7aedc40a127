"""What becomes of a photo without anyone changing what it shows: saved anew, reduced, cropped, enlarged."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.chains.geometry import Resize
from forensics.data.forge.chains.jpeg import JpegSave
from forensics.data.photos import Photo, PhotoPool

Pixels = NDArray[np.uint8]

ORIGINAL = "original"
_SAVES: Mapping[str, int] = MappingProxyType({"jpeg 95": 95, "jpeg 85": 85, "jpeg 70": 70})
_SCALES: Mapping[str, float] = MappingProxyType({"three quarters, jpeg 85": 0.75, "half, jpeg 85": 0.5})
_SIDES = (1024, 512, 256)
_CUT_QUALITY = 90


@dataclass(frozen=True)
class Version:
    """One file made of a photo.

    Attributes:
        name: How, ``original`` for the photo's own file.
        make: Makes its bytes.
    """

    name: str
    make: Callable[[], bytes]


def photo_versions(pool: PhotoPool, photo: Photo, largest: float = 0.0) -> tuple[Version, ...]:
    """The photo's own file and what ordinary handling makes of it.

    Args:
        pool: Decodes the photo when a version is made; raises ``UnreadableImage`` if it cannot be.
        photo: An untouched photo.
        largest: Megapixels to which the photo is enlarged at last; 0 leaves that out.
    """
    saved = [Version(name, partial(_resaved, pool, photo, quality, 1.0)) for name, quality in _SAVES.items()]
    scaled = [Version(name, partial(_resaved, pool, photo, 85, scale)) for name, scale in _SCALES.items()]
    cut = [
        Version(f"{side} px cut out, jpeg {_CUT_QUALITY}", partial(_cut, pool, photo, side))
        for side in _SIDES
        if min(photo.width, photo.height) > side
    ]
    enlargement = (largest * 1e6 / (photo.width * photo.height)) ** 0.5
    enlarged = [Version(f"enlarged to {largest:g} MP, jpeg 90", partial(_resaved, pool, photo, 90, enlargement))]
    return (
        Version(ORIGINAL, photo.path.read_bytes),
        *saved,
        *scaled,
        *cut,
        *(enlarged if enlargement > 1 else ()),
    )


def _resaved(pool: PhotoPool, photo: Photo, quality: int, scale: float) -> bytes:
    pixels = pool.pixels(photo)
    if scale != 1:
        pixels = Resize(scale, "area" if scale < 1 else "bicubic").apply(pixels)
    return JpegSave(quality).encode(pixels)


def _cut(pool: PhotoPool, photo: Photo, side: int) -> bytes:
    return JpegSave(_CUT_QUALITY).encode(_window(pool.pixels(photo), photo.sha256, side))


def _window(pixels: Pixels, sha256: str, side: int) -> Pixels:
    """Any place, the same one each time; people do not cut along the grid of a compression."""
    random = np.random.default_rng(int(hashlib.sha256(f"{sha256} {side}".encode()).hexdigest()[:8], 16))
    top, left = (int(random.integers(length - side + 1)) for length in pixels.shape[:2])
    return pixels[top : top + side, left : left + side]
