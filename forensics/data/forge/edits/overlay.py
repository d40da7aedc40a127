"""Overlays: text and logos on top of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import chance, choice, integer, log_uniform, uniform
from forensics.data.forge.edits.blend import Edit
from forensics.data.forge.edits.changed import unless_idle
from forensics.data.forge.edits.marks import Drawing, Mark, draw_logo_mark, draw_text_mark
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.lettering import rotate
from forensics.data.forge.shapes.shape import LARGEST_SHARE

Pixels = NDArray[np.uint8]
Rgb = tuple[int, int, int]

_SMALLEST_HEIGHT = 9
_COMMON_COLORS = ((255, 255, 255), (0, 0, 0), (255, 220, 0), (220, 30, 30), (255, 140, 0), (30, 90, 200))


@dataclass(frozen=True)
class Overlay:
    """A mark on the picture.

    Attributes:
        mark: What is laid on.
        height: Its height as a share of the picture's shorter side, above 0; no less than 9 pixels, and reduced where
            the mark would not fit.
        y: Place from the top (0) to the bottom (1); the mark stays inside.
        x: Place from left to right, 0..1.
        angle: Degrees counterclockwise.
        color: 8-bit RGB.
        second_color: 8-bit RGB of outlines and of the second color of logos.
        opacity: 0..1; below one half a watermark, which the mask shows all the same.
    """

    mark: Mark
    height: float
    y: float
    x: float
    angle: float
    color: Rgb
    second_color: Rgb
    opacity: float
    name: Literal["overlay"] = "overlay"

    def apply(self, host: Pixels) -> Edit | None:
        """Changes uint8 RGB ``[H, W, 3]``; the mask is where the drawing itself, at full opacity, is above one half."""
        drawing = self._draw(host.shape[0], host.shape[1])
        if drawing is None:
            return None
        height, width = drawing.alpha.shape
        top, left = round(self.y * (host.shape[0] - height)), round(self.x * (host.shape[1] - width))
        box = (slice(top, top + height), slice(left, left + width))
        color, second_color = (np.array(rgb, dtype=np.float32) for rgb in (self.color, self.second_color))
        ink = color + drawing.second[..., None] * (second_color - color)
        pixels, mask = host.copy(), np.zeros(host.shape[:2], dtype=bool)
        mask[box] = drawing.alpha > 0.5
        below = host[box].astype(np.float32)
        pixels[box] = np.round(below + self.opacity * drawing.alpha[..., None] * (ink - below)).astype(np.uint8)
        return unless_idle(host, Edit(pixels, mask)) if mask.mean() <= LARGEST_SHARE else None

    def _draw(self, height: int, width: int) -> Drawing | None:
        """The drawing at its size, smaller where it would stick out; None where it cannot be seen then."""
        wanted = max(_SMALLEST_HEIGHT, round(self.height * min(height, width)))
        drawing = self._turned(wanted)
        fits = min(height / drawing.alpha.shape[0], width / drawing.alpha.shape[1])
        if fits < 1:
            drawing = self._turned(max(6, int(0.95 * fits * wanted)))
        inside = drawing.alpha.shape[0] <= height and drawing.alpha.shape[1] <= width
        return drawing if inside else None

    def _turned(self, height: int) -> Drawing:
        drawing = self.mark.draw(height)
        return Drawing(rotate(drawing.alpha, self.angle), rotate(drawing.second, self.angle))


def draw_overlay(random: np.random.Generator, recipe: Recipe) -> Overlay:
    """Draws a line of text (two in three) or a logo, near a border more often than not."""
    text = chance(random, 0.67)
    mark: Mark = draw_text_mark(random) if text else draw_logo_mark(random)
    height = log_uniform(random, (0.035, 0.14) if text else (0.06, 0.3))
    angle = uniform(random, (-35, 35)) if chance(random, 0.25) else 0.0
    color = _draw_color(random)
    second = _draw_contrast(random, color)
    opacity = choice(random, {"1": 0.6, "0.8": 0.15, "0.55": 0.15, "0.35": 0.1})
    return Overlay(mark, height, _draw_side(random), _draw_side(random), angle, color, second, float(opacity))


def _draw_side(random: np.random.Generator) -> float:
    near = choice(random, {"start": 0.25, "end": 0.35, "anywhere": 0.4})
    return uniform(random, {"start": (0.01, 0.06), "end": (0.94, 0.99), "anywhere": (0.0, 1.0)}[near])


def _draw_color(random: np.random.Generator) -> Rgb:
    if chance(random, 0.7):
        return _COMMON_COLORS[integer(random, 0, len(_COMMON_COLORS) - 1)]
    return integer(random, 0, 255), integer(random, 0, 255), integer(random, 0, 255)


def _draw_contrast(random: np.random.Generator, color: Rgb) -> Rgb:
    """Black or white, whichever is farther, or any color that differs enough."""
    other = _draw_color(random)
    gray = [0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue in (color, other)]
    if abs(gray[0] - gray[1]) > 80:
        return other
    return (0, 0, 0) if gray[0] > 127 else (255, 255, 255)
