"""Free outlines, which ask nothing of the picture: blobs, ellipses, rectangles, polygons."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import chance, integer, uniform

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]


def draw_outline(random: np.random.Generator, kind: str, size: tuple[int, int], area: float) -> Mask:
    """Draws an outline at a random place, whole where it fits, and fills it.

    Args:
        kind: ``blob`` (smooth, random), ``ellipse`` (two times in five a rectangle), ``polygon`` (4 to 13 corners).
        size: Height and width of the picture in pixels.
        area: Wanted share of the picture; less where the outline is longer than the picture.

    Returns:
        bool ``[H, W]``; may be empty when the outline is smaller than a pixel.
    """
    height, width = size
    stretch = np.sqrt(uniform(random, (0.45, 2.2)))
    points = _turn(random, _OUTLINES[kind](random) * [stretch, 1 / stretch])
    inside = cv2.contourArea(points.astype(np.float32))
    points = points * np.sqrt(area * height * width / max(inside, 1e-6))
    mask = np.zeros(size, dtype=np.uint8)
    cv2.fillPoly(mask, [np.round(place(random, points, size)).astype(np.int32)], 1)
    return mask.astype(bool)


def place(random: np.random.Generator, points: Points, size: tuple[int, int]) -> Points:
    """Moves points ``[N, 2]`` (x, y) to a random place of the picture; what is longer than it is pressed into it."""
    frame = np.array(size[::-1])
    points = points - points.min(axis=0)
    points = points * np.minimum(1, 0.98 * frame / np.maximum(points.max(axis=0), 1e-6))
    moved: Points = points + random.uniform(0, 1, 2) * (frame - points.max(axis=0))
    return moved


def _turn(random: np.random.Generator, points: Points) -> Points:
    if chance(random, 0.5):
        return points
    angle = random.uniform(-np.pi, np.pi)
    turned: Points = points @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return turned


def _blob(random: np.random.Generator) -> Points:
    angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    radius = np.ones_like(angle)
    for wave in range(1, integer(random, 3, 9)):
        radius += random.normal(0, 0.35 / wave) * np.cos(wave * angle + random.uniform(0, 2 * np.pi))
    return _polar(angle, np.maximum(radius, 0.15))


def _ellipse(random: np.random.Generator) -> Points:
    if chance(random, 0.4):
        return np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    return _polar(np.linspace(0, 2 * np.pi, 120, endpoint=False), np.ones(120))


def _polygon(random: np.random.Generator) -> Points:
    # at least a triangle round the center, so that the outline has an inside
    triangle = random.uniform(0, 2 * np.pi) + np.arange(3) * 2 * np.pi / 3
    corners = random.uniform(0, 2 * np.pi, integer(random, 1, 10))
    angle = np.sort(np.concatenate([corners, triangle]) % (2 * np.pi))
    return _polar(angle, random.uniform(0.4, 1.0, len(angle)))


def _polar(angle: NDArray[np.float64], radius: NDArray[np.float64]) -> Points:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


_OUTLINES = {"blob": _blob, "ellipse": _ellipse, "polygon": _polygon}
