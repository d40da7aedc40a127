"""Pictures for people: the map, the map over the picture, objects and signals. All uint8, all upright.

Color is chosen to be told apart with any color vision: the picture turns grey, what the model marks
turns orange, and an outline of white on black shows the operating point by lightness alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analysis.regions import MIN_AREA_FRACTION
from forensics.objects import ObjectMasks
from signals.orientation import upright

Pixels = NDArray[np.uint8]

MARK = (245, 120, 0)
MARK_STRENGTH = 0.8
INVALID_LIGHT, INVALID_DARK = 168, 128
# In small pictures a line with a dark edge would cover what it outlines.
SMALLEST_CASED = 400
# Okabe & Ito (2008), told apart with every common color vision
OBJECT_COLORS = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)


def draw_map(map_: NDArray[np.float32]) -> Pixels:
    """The map as 8-bit grey: 128 and above exactly where it is 0.5 and above.

    Args:
        map_: float32 ``[H, W]`` in 0..1.

    Returns:
        uint8 ``[H, W]``.
    """
    # Multiplying by a power of two is exact, so no rounding moves a value over the operating point.
    levels: Pixels = np.minimum(map_ * np.float32(256), np.float32(255)).astype(np.uint8)
    return levels


def draw_overlay(pixels: Pixels, grey_map: Pixels) -> Pixels:
    """The picture in grey under the map in orange, with outlines at the operating point.

    Args:
        pixels: uint8 RGB ``[H, W, 3]``.
        grey_map: uint8 ``[H, W]`` of :func:`draw_map`.

    Returns:
        uint8 RGB ``[H, W, 3]``.
    """
    levels = np.arange(256, dtype=np.float32) / 255
    # Quiet below the operating point, plain above it.
    opacity = np.where(levels >= 128 / 255, MARK_STRENGTH * (0.6 + 0.4 * levels), 0.5 * MARK_STRENGTH * levels**2)
    remaining = cv2.LUT(grey_map, ((1 - opacity) * 255).astype(np.uint8))
    ground = cv2.multiply(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), remaining, scale=1 / 255)
    layers = [cv2.add(ground, cv2.LUT(grey_map, (opacity * value).astype(np.uint8))) for value in MARK]
    canvas = np.asarray(cv2.merge(layers), dtype=np.uint8)
    _outline(canvas, (grey_map >= 128).astype(np.uint8), (255, 255, 255))
    return canvas


def draw_objects(pixels: Pixels, objects: NDArray[np.bool_]) -> Pixels:
    """Tints and outlines of the objects over the picture in grey.

    Args:
        pixels: uint8 RGB ``[H, W, 3]``.
        objects: bool ``[K, h, w]``, upright, of any size.

    Returns:
        uint8 RGB ``[H, W, 3]``.
    """
    height, width = pixels.shape[:2]
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    canvas = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    masks = [_resized(mask, width, height) for mask in objects]
    for index, mask in enumerate(masks):
        color = np.array(OBJECT_COLORS[index % len(OBJECT_COLORS)], dtype=np.float32)
        inside = mask.astype(bool)
        canvas[inside] = (0.6 * canvas[inside] + 0.4 * color).astype(np.uint8)
    for index, mask in enumerate(masks):
        _outline(canvas, mask, OBJECT_COLORS[index % len(OBJECT_COLORS)])
    return canvas


def upright_objects(objects: ObjectMasks, orientation: int) -> NDArray[np.bool_]:
    """The masks ``[K, h, w]`` turned upright."""
    return np.moveaxis(upright(np.moveaxis(objects.masks, 0, -1), orientation), -1, 0)


def fit(pixels: Pixels, longest: int) -> Pixels:
    """The picture scaled down, never up, so that no side is longer than ``longest``."""
    height, width = pixels.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return pixels
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def hatch(pixels: Pixels, where: NDArray[np.bool_]) -> Pixels:
    """A copy with grey diagonal stripes where ``where`` holds: nothing could be read there.

    Args:
        pixels: uint8 ``[H, W]`` or ``[H, W, 3]``.
        where: bool ``[H, W]``.
    """
    height, width = where.shape
    stripe = max(3, min(height, width) // 80)
    diagonal = np.add.outer(np.arange(height), np.arange(width)) // stripe % 2 == 0
    stripes = np.where(diagonal, INVALID_LIGHT, INVALID_DARK).astype(np.uint8)
    marks = where if pixels.ndim == 2 else where[..., None]
    return np.where(marks, stripes if pixels.ndim == 2 else stripes[..., None], pixels)


def encode_png(pixels: Pixels) -> bytes:
    """Grey ``[H, W]`` or RGB ``[H, W, 3]`` as PNG, fast rather than small."""
    return _encode(".png", pixels, (cv2.IMWRITE_PNG_COMPRESSION, 1))


def encode_jpeg(pixels: Pixels) -> bytes:
    """Grey ``[H, W]`` or RGB ``[H, W, 3]`` as JPEG of quality 86."""
    return _encode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, 86))


def _encode(extension: str, pixels: Pixels, options: Sequence[int]) -> bytes:
    stored = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(extension, stored, list(options))
    assert done
    return data.tobytes()


def _resized(mask: NDArray[np.bool_], width: int, height: int) -> Pixels:
    resized = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(resized, dtype=np.uint8)


def _outline(canvas: Pixels, mask: Pixels, color: tuple[int, int, int]) -> None:
    found, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    # Outlines of specks would bury the picture under a restless map.
    contours = [contour for contour in found if cv2.contourArea(contour) >= MIN_AREA_FRACTION * mask.size]
    thickness = max(1, round(max(mask.shape) / 700))
    if max(mask.shape) >= SMALLEST_CASED:
        cv2.drawContours(canvas, contours, -1, (0, 0, 0), thickness + 2)
    cv2.drawContours(canvas, contours, -1, color, thickness)
