"""Curves of a robustness test as one picture: a panel a family, the prior always beside the maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from PIL import Image, ImageDraw, ImageFont

COLUMNS = 4
# In pixels of the finished picture; it is drawn _FINER times as large and reduced, which smooths the lines.
PANEL_WIDTH, PANEL_HEIGHT, HEADER = 320, 228, 64
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 14, 34, 36
_FINER = 3
_INK, _FAINT, _MAPS, _BAND, _PRIOR = "#333333", "#dddddd", "#1f5fa8", "#c9dcf2", "#8a8a8a"

Point = tuple[float, float]


@dataclass(frozen=True)
class Dot:
    """One level of a curve; every number is 0..1, or None where the level has none.

    Attributes:
        label: Of the level.
        value: Of the maps.
        low: Lower end of its interval.
        high: Upper end.
        prior: Of somebody who never looks at the picture.
    """

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    prior: float | None = None


@dataclass(frozen=True)
class Panel:
    """A family: its levels from left to right, evenly spaced, the untouched pictures first."""

    title: str
    dots: tuple[Dot, ...]


def draw_panels(panels: Sequence[Panel], title: str, subtitle: str) -> Image.Image:
    """Draws all families of one measure, axes from 0 to 1.

    Args:
        panels: One a family.
        title: What is measured.
        subtitle: Of what, on which pictures.

    Returns:
        An RGB picture, as wide as its columns need.
    """
    columns = min(COLUMNS, len(panels))
    width, height = columns * PANEL_WIDTH, HEADER + ceil(len(panels) / columns) * PANEL_HEIGHT
    canvas = _Canvas(width, height)
    canvas.text((12, 10), title, 17)
    canvas.text((12, 36), subtitle, 12)
    _draw_legend(canvas, width)
    for place, panel in enumerate(panels):
        row, column = divmod(place, columns)
        _draw_panel(canvas, column * PANEL_WIDTH, HEADER + row * PANEL_HEIGHT, panel)
    return canvas.finished()


def _draw_legend(canvas: _Canvas, width: int) -> None:
    canvas.line([(width - 196, 20), (width - 172, 20)], _MAPS, 2)
    canvas.text((width - 166, 12), "maps, 95 % interval", 12)
    canvas.dashes([(width - 196, 40), (width - 172, 40)], _PRIOR)
    canvas.text((width - 166, 32), "prior", 12)


def _draw_panel(canvas: _Canvas, left: float, top: float, panel: Panel) -> None:
    x0, x1 = left + _LEFT, left + PANEL_WIDTH - _RIGHT
    y0, y1 = top + PANEL_HEIGHT - _BOTTOM, top + _TOP
    canvas.text((x0, top + 12), panel.title, 13)
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = y0 + (y1 - y0) * tick
        canvas.line([(x0, y), (x1, y)], _FAINT, 1)
        canvas.text((x0 - 6, y - 7), f"{tick:g}", 10, anchor="ra")
    step = (x1 - x0 - 24) / max(1, len(panel.dots) - 1)
    across = [x0 + 12 + step * place for place in range(len(panel.dots))]

    def points(values: Sequence[float | None]) -> list[list[Point]]:
        return _runs([None if v is None else (x, y0 + (y1 - y0) * v) for x, v in zip(across, values, strict=True)])

    lows, highs = points([dot.low for dot in panel.dots]), points([dot.high for dot in panel.dots])
    for low, high in zip(lows, highs, strict=True):
        canvas.area([*low, *reversed(high)], _BAND)
    for run in points([dot.prior for dot in panel.dots]):
        canvas.dashes(run, _PRIOR)
    for run in points([dot.value for dot in panel.dots]):
        canvas.line(run, _MAPS, 2)
        for point in run:
            canvas.dot(point, _MAPS)
    for x, dot in zip(across, panel.dots, strict=True):
        canvas.text((x, y0 + 6), dot.label, 10, anchor="ma")


def _runs(points: Sequence[Point | None]) -> list[list[Point]]:
    """Unbroken runs of points: a level without a number is a gap, never a guess."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


class _Canvas:
    """Drawing in pixels of the finished picture."""

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (width * _FINER, height * _FINER), "white")
        self._draw = ImageDraw.Draw(self._image)

    def line(self, points: Sequence[Point], color: str, width: float) -> None:
        self._draw.line(_finer(points), color, round(width * _FINER), joint="curve")

    def dashes(self, points: Sequence[Point], color: str, dash: float = 5) -> None:
        for (x1, y1), (x2, y2) in pairwise(points):
            length = max(1e-9, ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5)
            for start in range(0, ceil(length), round(2 * dash)):
                a, b = start / length, min(1.0, (start + dash) / length)
                piece = [(x1 + (x2 - x1) * t, y1 + (y2 - y1) * t) for t in (a, b)]
                self.line(piece, color, 1.5)

    def area(self, points: Sequence[Point], color: str) -> None:
        if len(points) > 2:
            self._draw.polygon(_finer(points), fill=color)

    def dot(self, point: Point, color: str, radius: float = 3) -> None:
        self._draw.circle(_finer([point])[0], radius * _FINER, fill=color)

    def text(self, point: Point, words: str, size: int, anchor: str = "la") -> None:
        font = ImageFont.load_default(size * _FINER)
        self._draw.text(_finer([point])[0], words, fill=_INK, font=font, anchor=anchor)

    def finished(self) -> Image.Image:
        return self._image.resize((self._image.width // _FINER, self._image.height // _FINER), Image.Resampling.LANCZOS)


def _finer(points: Sequence[Point]) -> list[Point]:
    return [(x * _FINER, y * _FINER) for x, y in points]
