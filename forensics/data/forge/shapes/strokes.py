"""Brush strokes: what a retouching hand leaves."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import integer, uniform
from forensics.data.forge.shapes.outlines import place

Alpha = NDArray[np.float32]
Points = NDArray[np.float64]

_DABS_A_WIDTH = 6
# of a pixel's fraction, as OpenCV's drawing functions take them
_BINARY_DIGITS = 4


def draw_strokes(random: np.random.Generator, size: tuple[int, int], area: float) -> Alpha:
    """Draws one to four strokes of a round, more or less soft brush whose width varies along the way.

    Args:
        size: Height and width of the picture in pixels.
        area: Wanted share of the picture, met approximately; strokes that cross cover less.

    Returns:
        float32 ``[H, W]`` in 0..1.
    """
    height, width = size
    count, ratio = integer(random, 1, 4), uniform(random, (3, 14))
    brush = np.sqrt(area * height * width / (count * ratio))
    canvas = np.zeros(size, dtype=np.float32)
    for _ in range(count):
        way = place(random, _walk(random, ratio) * brush, size)
        radii = np.maximum(0.5, brush / 2 * _pressure(random, len(way)))
        for x, y, radius in np.round(np.column_stack([way, radii]) * 2**_BINARY_DIGITS).astype(int).tolist():
            cv2.circle(canvas, (x, y), radius, 1.0, cv2.FILLED, cv2.LINE_8, _BINARY_DIGITS)
    softness = uniform(random, (0.02, 0.12)) * brush
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), max(0.3, softness)), dtype=np.float32)


def _walk(random: np.random.Generator, ratio: float) -> Points:
    """A smooth curve ``[N, 2]`` whose length is ``ratio``, from a heading that drifts."""
    steps = max(2, round(ratio * _DABS_A_WIDTH))
    bend = np.cumsum(random.normal(0, 0.06, steps))
    heading = random.uniform(0, 2 * np.pi) + np.cumsum(bend - bend.mean() * uniform(random, (0, 1))) / np.sqrt(ratio)
    return np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0) / _DABS_A_WIDTH


def _pressure(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Width along the stroke: mean about 1, thinner at the ends."""
    along = np.linspace(0, 1, count)
    wave = 1 + 0.25 * np.sin(2 * np.pi * (uniform(random, (0.5, 2)) * along + random.uniform()))
    ends = np.clip(6 * np.minimum(along, 1 - along), 0.45, 1)
    return np.asarray(1.1 * wave * ends)
