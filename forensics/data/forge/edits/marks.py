"""Marks laid over pictures, as drawings in two colors: lines of text and generated logos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, cast, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forensics.data.forge.draw import chance, choice, integer, uniform
from forensics.data.forge.shapes.lettering import FONTS, Font, draw_words, render_line

Plane = NDArray[np.float32]
LogoKind = Literal["ring", "star", "badge", "monogram"]

LOGO_KINDS: tuple[LogoKind, ...] = get_args(LogoKind)
_OVERSAMPLING = 4


@dataclass(frozen=True, eq=False)
class Drawing:
    """A mark before it has colors.

    Attributes:
        alpha: float32 ``[h, w]`` in 0..1.
        second: float32 ``[h, w]`` in 0..1: share of the second color; the rest is the first.
    """

    alpha: Plane
    second: Plane


@dataclass(frozen=True)
class TextMark:
    """A line of text.

    Attributes:
        text: ASCII.
        font: See :data:`forensics.data.forge.shapes.lettering.FONTS`.
        outline: Width of an outline in the second color as a share of the height, 0..0.15.
    """

    text: str
    font: Font
    outline: float
    name: Literal["text"] = "text"

    def draw(self, height: int) -> Drawing:
        """Draws with a font of ``height`` pixels."""
        width = round(self.outline * height)
        ink = np.pad(render_line(self.text, self.font, height), width + 1)
        if not width:
            return Drawing(ink, np.zeros_like(ink))
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
        return Drawing(np.asarray(cv2.dilate(ink, disc), dtype=np.float32), 1 - ink)


@dataclass(frozen=True)
class LogoMark:
    """A generated logo.

    Attributes:
        kind: ``ring`` (two rings), ``star`` (on a disc), ``badge`` (rounded plate with a word), ``monogram`` (letters
            in a disc).
        text: What badge and monogram say.
        points: Of the star, 4..8.
        slimness: Inner radius of star and rings, 0.35..0.75 of the outer one.
    """

    kind: LogoKind
    text: str
    points: int
    slimness: float
    name: Literal["logo"] = "logo"

    def draw(self, height: int) -> Drawing:
        """Draws ``height`` pixels high, on four times as many first."""
        large = _LOGOS[self.kind](self, _OVERSAMPLING * height)
        size = (max(1, large.alpha.shape[1] // _OVERSAMPLING), height)
        planes = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (large.alpha, large.second)]
        return Drawing(*(np.asarray(plane, dtype=np.float32) for plane in planes))


Mark = Annotated[TextMark | LogoMark, Field(discriminator="name")]


def draw_text_mark(random: np.random.Generator) -> TextMark:
    """Draws what a line says and how it looks."""
    font = FONTS[integer(random, 0, len(FONTS) - 1)]
    outline = uniform(random, (0.04, 0.12)) if chance(random, 0.35) else 0.0
    return TextMark(draw_words(random), font, outline)


def draw_logo_mark(random: np.random.Generator) -> LogoMark:
    """Draws a logo."""
    kind = cast(LogoKind, choice(random, dict.fromkeys(LOGO_KINDS, 1.0)))
    word = draw_words(random).split()[0].upper()[:10]
    letters = "".join(chr(integer(random, ord("A"), ord("Z"))) for _ in range(integer(random, 1, 2)))
    text = letters if kind == "monogram" else word
    return LogoMark(kind, text, integer(random, 4, 8), uniform(random, (0.35, 0.75)))


def _disc(side: int, share: float) -> Plane:
    plane = np.zeros((side, side), dtype=np.float32)
    cv2.circle(plane, (side // 2, side // 2), int(share * side / 2), 1.0, cv2.FILLED)
    return plane


def _ring(mark: LogoMark, side: int) -> Drawing:
    inner = _disc(side, 0.6 * mark.slimness)
    alpha = _disc(side, 1.0) - _disc(side, 0.5 + 0.5 * mark.slimness) + inner
    return Drawing(alpha, inner)


def _star(mark: LogoMark, side: int) -> Drawing:
    corners = np.arange(2 * mark.points)
    radius = np.where(corners % 2 == 0, 0.45, 0.45 * mark.slimness) * side
    angle = np.pi * corners / mark.points - np.pi / 2
    points = side / 2 + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    star = np.zeros((side, side), dtype=np.float32)
    cv2.fillPoly(star, [np.round(points).astype(np.int32)], 1.0)
    return Drawing(_disc(side, 1.0), star)


def _badge(mark: LogoMark, side: int) -> Drawing:
    word = render_line(mark.text, "aileron_bold", max(8, side // 2))
    radius = side // 4
    plate = np.zeros((side, word.shape[1] + 2 * radius), dtype=np.float32)
    cv2.rectangle(plate, (radius, 0), (plate.shape[1] - radius, side), 1.0, cv2.FILLED)
    cv2.rectangle(plate, (0, radius), (plate.shape[1], side - radius), 1.0, cv2.FILLED)
    for x in (radius, plate.shape[1] - radius - 1):
        for y in (radius, side - radius - 1):
            cv2.circle(plate, (x, y), radius, 1.0, cv2.FILLED)
    return Drawing(plate, _centered(word, plate.shape))


def _monogram(mark: LogoMark, side: int) -> Drawing:
    letters = render_line(mark.text, "aileron_bold", max(8, int(side / (1.2 + 0.4 * len(mark.text)))))
    rim = _disc(side, 0.94) - _disc(side, 0.88)
    return Drawing(_disc(side, 1.0), np.maximum(rim, _centered(letters, (side, side))))


def _centered(ink: Plane, size: tuple[int, ...]) -> Plane:
    canvas = np.zeros(size, dtype=np.float32)
    ink = ink[: size[0], : size[1]]
    top, left = (size[0] - ink.shape[0]) // 2, (size[1] - ink.shape[1]) // 2
    canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return canvas


_LOGOS: Mapping[str, Callable[[LogoMark, int], Drawing]] = {
    "ring": _ring,
    "star": _star,
    "badge": _badge,
    "monogram": _monogram,
}
