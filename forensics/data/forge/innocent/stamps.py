"""Marks that cameras and owners put into a corner of a whole picture: date stamps and logos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from forensics.data.forge.draw import chance, choice, integer, uniform
from forensics.data.forge.edits.marks import Drawing, Mark, draw_logo_mark, draw_text_mark

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Alpha = NDArray[np.float32]
Color = tuple[int, int, int]
Corner = Literal["top_left", "top_right", "bottom_left", "bottom_right"]

_FINE = 4
# Bars of a seven-segment digit from (column, row) to (column, row), in half heights of the digit.
_BARS = {
    "a": ((0, 0), (1, 0)),
    "b": ((1, 0), (1, 1)),
    "c": ((1, 1), (1, 2)),
    "d": ((0, 2), (1, 2)),
    "e": ((0, 1), (0, 2)),
    "f": ((0, 0), (0, 1)),
    "g": ((0, 1), (1, 1)),
}
_LIT = {
    **{"0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd", "6": "afgedc", "7": "abc"},
    **{"8": "abcdefg", "9": "abcdfg", "-": "g"},
}
# Rows of the dots of other signs, in half heights of a digit.
_DOTS = {".": (2.0,), ":": (0.6, 1.4), "'": (0.1,)}
_STAMP_COLORS: dict[str, Color] = {
    "orange": (255, 140, 30),
    "red": (255, 70, 40),
    "yellow": (255, 225, 90),
    "white": (245, 245, 245),
}
_LOGO_COLORS: dict[str, Color] = {"white": (255, 255, 255), "black": (10, 10, 10), "blue": (30, 90, 200)}


@dataclass(frozen=True)
class DateStamp:
    """The date in glowing seven-segment digits, as the data backs of cameras print it.

    Attributes:
        text: Digits, spaces, ``'``, ``.``, ``:`` and ``-``.
        corner: Where it stands.
        height: Of the digits, as a share of the picture's shorter side; no less than 7 pixels.
        margin: Distance from both borders, as a share of the shorter side.
        color: RGB, 0..255.
        opacity: Of the digits, 0..1.
        glow: Sigma of the light round them, in heights of a digit.
    """

    text: str
    corner: Corner
    height: float
    margin: float
    color: Color
    opacity: float
    glow: float
    name: Literal["date_stamp"] = "date_stamp"

    def apply(self, pixels: Pixels) -> Pixels:
        """Prints the date into uint8 RGB ``[H, W, 3]``."""
        digits = self._digits(pixels.shape[:2])
        light = cv2.GaussianBlur(digits, (0, 0), max(0.5, self.glow * self._height(pixels.shape[:2])))
        return _lay(pixels, self.color, np.maximum(self.opacity * digits, 0.6 * self.opacity * light))

    def region(self, pixels: Pixels) -> Mask:
        """The digits without their glow, bool ``[H, W]``."""
        return np.asarray(self._digits(pixels.shape[:2]) > 0.5)

    def _height(self, size: tuple[int, ...]) -> int:
        return max(7, round(self.height * min(size)))

    def _digits(self, size: tuple[int, ...]) -> Alpha:
        return _place(_draw_digits(self.text, self._height(size)), size, self.corner, self.margin)


def draw_date_stamp(random: np.random.Generator) -> DateStamp:
    """A date between 1988 and 2015 in orange, red, yellow or white, mostly at the lower right."""
    year, month, day = integer(random, 1988, 2015), integer(random, 1, 12), integer(random, 1, 28)
    layouts = {
        f"'{year % 100:02d} {month:2d} {day:2d}": 0.4,
        f"{day:02d}.{month:02d}.{year}": 0.3,
        f"{year}-{month:02d}-{day:02d} {integer(random, 0, 23):02d}:{integer(random, 0, 59):02d}": 0.3,
    }
    color = _STAMP_COLORS[choice(random, {"orange": 0.5, "red": 0.15, "yellow": 0.2, "white": 0.15})]
    corner = cast(Corner, choice(random, {"bottom_right": 0.8, "bottom_left": 0.2}))
    height, margin = uniform(random, (0.025, 0.05)), uniform(random, (0.03, 0.07))
    opacity, glow = uniform(random, (0.8, 1.0)), uniform(random, (0.03, 0.12))
    return DateStamp(choice(random, layouts), corner, height, margin, color, opacity, glow)


@dataclass(frozen=True)
class Logo:
    """An owner's mark in a corner, solid or half transparent: the same marks that forged overlays use.

    Attributes:
        mark: What it shows.
        corner: Where it stands.
        height: As a share of the picture's shorter side; no less than 10 pixels.
        margin: Distance from both borders, as a share of the shorter side.
        color: RGB, 0..255.
        second_color: RGB of outlines and of the second color of logos.
        opacity: 0..1.
    """

    mark: Mark
    corner: Corner
    height: float
    margin: float
    color: Color
    second_color: Color
    opacity: float
    name: Literal["logo"] = "logo"

    def apply(self, pixels: Pixels) -> Pixels:
        """Lays the logo over uint8 RGB ``[H, W, 3]``."""
        drawing = self._draw(pixels.shape[:2])
        second = drawing.second[..., None]
        color = np.array(self.color) * (1 - second) + np.array(self.second_color) * second
        return _lay(pixels, color, self.opacity * drawing.alpha)

    def region(self, pixels: Pixels) -> Mask:
        """Where the mark itself, at full opacity, is above one half: bool ``[H, W]``."""
        return np.asarray(self._draw(pixels.shape[:2]).alpha > 0.5)

    def _draw(self, size: tuple[int, ...]) -> Drawing:
        drawing = self.mark.draw(max(10, round(self.height * min(size))))
        alpha, second = (_place(plane, size, self.corner, self.margin) for plane in (drawing.alpha, drawing.second))
        return Drawing(alpha, second)


def draw_logo(random: np.random.Generator) -> Logo:
    """A logo (two in three) or a line of text; half of them are watermarks of an opacity below one half."""
    picture = chance(random, 0.67)
    mark: Mark = draw_logo_mark(random) if picture else draw_text_mark(random)
    corner = get_args(Corner)[integer(random, 0, 3)]
    height, margin = uniform(random, (0.07, 0.14) if picture else (0.03, 0.06)), uniform(random, (0.02, 0.06))
    color = _LOGO_COLORS[choice(random, {"white": 0.6, "black": 0.2, "blue": 0.2})]
    second: Color = (40, 40, 40) if min(color) > 128 else (255, 255, 255)
    return Logo(
        mark, corner, height, margin, color, second, uniform(random, (0.25, 0.5) if chance(random, 0.5) else (0.8, 1.0))
    )


def _draw_digits(text: str, height: int) -> Alpha:
    """Digits ``height`` pixels high, drawn four times as large and reduced: float32 ``[h, w]`` in 0..1."""
    tall = height * _FINE
    step, line = tall // 2, max(1, tall // 9)
    advance, pad = round(tall * 0.78), line
    strip = np.zeros((tall + 2 * pad, advance * len(text) + 2 * pad), np.float32)
    for place, sign in enumerate(text):
        left = pad + place * advance
        for bar in _LIT.get(sign, ""):
            (x0, y0), (x1, y1) = _BARS[bar]
            ends = [(left + x * step, pad + y * step) for x, y in ((x0, y0), (x1, y1))]
            cv2.line(strip, ends[0], ends[1], 1.0, line)
        for row in _DOTS.get(sign, ()):
            cv2.circle(strip, (left + step // 2, pad + round(row * step)), line, 1.0, -1)
    return _resize(strip, (max(1, round(strip.shape[0] / _FINE)), max(1, round(strip.shape[1] / _FINE))))


def _place(strip: Alpha, size: tuple[int, ...], corner: str, margin: float) -> Alpha:
    """The strip in its corner of a picture, made smaller where it would be wider or higher than that."""
    height, width = size
    border = round(margin * min(size))
    fits = min((height - 2 * border) / strip.shape[0], (width - 2 * border) / strip.shape[1])
    if fits < 1:
        strip = _resize(strip, (max(1, int(strip.shape[0] * fits)), max(1, int(strip.shape[1] * fits))))
    rows, columns = strip.shape
    top = border if corner.startswith("top") else height - border - rows
    left = border if corner.endswith("left") else width - border - columns
    plane = np.zeros((height, width), np.float32)
    plane[top : top + rows, left : left + columns] = strip
    return plane


def _resize(strip: Alpha, size: tuple[int, int]) -> Alpha:
    return np.asarray(cv2.resize(strip, size[::-1], interpolation=cv2.INTER_AREA), dtype=np.float32)


def _lay(pixels: Pixels, color: ArrayLike, alpha: Alpha) -> Pixels:
    share = alpha[..., None]
    return np.asarray(np.clip(np.rint(pixels * (1 - share) + np.asarray(color) * share), 0, 255), dtype=np.uint8)
