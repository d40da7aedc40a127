"""Hosts and donors: a window of a photo with a history of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from forensics.data.forge.draw import chance, choice, integer, log_uniform
from forensics.data.forge.jpeg import first_save, nearest_quality
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.transform import GLOBAL_EDITS, draw_operation
from forensics.data.photos import Photo, PhotoPool

Pixels = NDArray[np.uint8]
Size = tuple[int, int]

_MCU = 16
_BLOCK = 8


@dataclass(frozen=True)
class Source:
    """A window of a photo after its history.

    Attributes:
        pixels: uint8 RGB ``[H, W, 3]``.
        first_quality: (Nearest standard) quality of the compression whose traces it carries; None without.
        history: What was done, pure JSON. Its ``window`` is row, column, height and width in the photo, its
            ``grid`` the row and column of the first corner of an 8 x 8 block of that compression.
    """

    pixels: Pixels
    first_quality: int | None
    history: dict[str, Any]


def make_source(
    random: np.random.Generator, recipe: Recipe, pool: PhotoPool, photo: Photo, size: Size, trace: str
) -> Source:
    """Cuts a window and gives it a history.

    Only the window is resampled, never the whole photo. A photo that is not resampled keeps the camera's own
    compression: on the grid when the window starts at a multiple of 16, off the grid otherwise.

    Args:
        size: Height and width wanted.
        trace: Compression whose traces the source shall carry: ``aligned`` to its own upper left corner,
            ``shifted``, ``none``, or ``free`` to let the recipe decide.

    Raises:
        UnreadableImage: The photo's bytes are damaged.
    """
    if trace == "free":
        trace = "none"
        if chance(random, recipe.first_jpeg):
            trace = "aligned" if chance(random, 0.5) else "shifted"
    pixels = pool.pixels(photo)
    native = chance(random, recipe.native)
    if trace != "none" and native and photo.tables and _fits(pixels, size):
        return _native(random, photo, pixels, size, trace)
    return _processed(random, recipe, photo, pixels, size, trace)


def _fits(pixels: Pixels, size: Size) -> bool:
    return bool(pixels.shape[0] >= size[0] + _MCU and pixels.shape[1] >= size[1] + _MCU)


def _native(random: np.random.Generator, photo: Photo, pixels: Pixels, size: Size, trace: str) -> Source:
    """A window that keeps the compression the camera made."""
    y = _MCU * integer(random, 0, (pixels.shape[0] - size[0]) // _MCU - 1)
    x = _MCU * integer(random, 0, (pixels.shape[1] - size[1]) // _MCU - 1)
    dy, dx = _draw_shift(random) if trace == "shifted" else (0, 0)
    y, x = y + dy, x + dx
    history = {
        **_origin(photo),
        "window": [y, x, *size],
        "scale": 1.0,
        "kernel": None,
        "first_jpeg": {"by": "camera", "nearest_quality": nearest_quality(photo.tables), "kept": True},
        "grid": [(-dy) % _BLOCK, (-dx) % _BLOCK],
        "edits": [],
    }
    return Source(pixels[y : y + size[0], x : x + size[1]], nearest_quality(photo.tables), history)


def _processed(
    random: np.random.Generator, recipe: Recipe, photo: Photo, pixels: Pixels, size: Size, trace: str
) -> Source:
    """A resampled window, edited as a whole or not, compressed once or not."""
    dy, dx = _draw_shift(random) if trace == "shifted" else (0, 0)
    canvas = (size[0] + dy, size[1] + dx)
    scaled, history = _resample_window(random, recipe, pixels, canvas)
    edits = []
    if chance(random, recipe.global_edit):
        operation = draw_operation(random, GLOBAL_EDITS)
        scaled = operation.apply(scaled)
        edits.append(operation.to_json())
    first: dict[str, Any] | None = None
    quality = None
    if trace != "none":
        save = first_save(random, recipe, photo)
        scaled = save.apply(scaled)[dy:, dx:]
        first = {"by": "camera tables" if save.tables else "encoder", **save.to_json()}
        quality = save.quality
    grid = [(-dy) % _BLOCK, (-dx) % _BLOCK] if first else None
    return Source(scaled, quality, {**_origin(photo), **history, "first_jpeg": first, "grid": grid, "edits": edits})


def _resample_window(
    random: np.random.Generator, recipe: Recipe, pixels: Pixels, size: Size
) -> tuple[Pixels, dict[str, Any]]:
    """Cuts a window at a random place, so large that it fills ``size`` after scaling."""
    smallest = max(size[0] / pixels.shape[0], size[1] / pixels.shape[1])
    low, high = recipe.scale
    if chance(random, recipe.enlarge) or smallest > 0.95:
        scale = log_uniform(random, (max(1.05, smallest), max(high, 1.06, smallest * 1.01)))
    else:
        scale = log_uniform(random, (max(low, smallest), 0.95))
    height = min(pixels.shape[0], round(size[0] / scale))
    width = min(pixels.shape[1], round(size[1] / scale))
    y = integer(random, 0, pixels.shape[0] - height)
    x = integer(random, 0, pixels.shape[1] - width)
    kernels = {"area": 0.4, "lanczos": 0.3, "bicubic": 0.2, "linear": 0.1}
    if scale > 1:
        kernels = {"linear": 0.35, "bicubic": 0.4, "lanczos": 0.25}
    kernel = choice(random, kernels)
    window = pixels[y : y + height, x : x + width]
    history = {"window": [y, x, height, width], "scale": size[0] / height, "kernel": kernel}
    return resize(window, size, kernel), history


def resize(pixels: Pixels, size: Size, kernel: str) -> Pixels:
    """Resamples uint8 RGB ``[H, W, 3]``.

    Args:
        size: Height and width wanted.
        kernel: ``area`` and ``linear`` without further smoothing (OpenCV); ``bicubic`` and ``lanczos`` with
            kernels that widen when reducing (Pillow).
    """
    height, width = size
    if kernel in ("area", "linear"):
        flag = cv2.INTER_AREA if kernel == "area" else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=flag), dtype=np.uint8)
    method = Image.Resampling.BICUBIC if kernel == "bicubic" else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(pixels).resize((width, height), method), dtype=np.uint8)


def _draw_shift(random: np.random.Generator) -> tuple[int, int]:
    """Any of the 63 places off the grid."""
    return divmod(integer(random, 1, _BLOCK * _BLOCK - 1), _BLOCK)


def _origin(photo: Photo) -> dict[str, Any]:
    return {"photo": photo.id, "sha256": photo.sha256, "camera": photo.camera}
