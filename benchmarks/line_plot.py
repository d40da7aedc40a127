"""Curves as SVG, without a plotting library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 58, 55
COLORS = ("#1f5fa8", "#c0504d", "#4f8a3c", "#7a5aa6", "#c98a1b")


def draw_lines(
    lines: Mapping[str, Sequence[tuple[float, float]]], title: str, *, x_label: str, y_label: str, y_from: float = 0.0
) -> str:
    """Draws lines through points, named above the plot where there are several.

    Args:
        lines: Points ``(x, y)`` of each line, by its name.
        title: Above the plot.
        x_label: Below the plot.
        y_label: Left of the plot.
        y_from: Where the upright axis begins; the other begins at zero.

    Returns:
        The SVG file's text.
    """
    x_ticks = ticks(max(x for points in lines.values() for x, _ in points))
    y_ticks = [y_from + tick for tick in ticks(max(y for points in lines.values() for _, y in points) - y_from)]

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - RIGHT) * x / x_ticks[-1]
        return across, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y - y_from) / (y_ticks[-1] - y_from)

    parts = [_text(WIDTH / 2, 22, title, "middle", 15)]
    for x in x_ticks:
        across, _ = place(x, 0)
        parts += [_line(across, TOP, across, HEIGHT - BOTTOM), _text(across, HEIGHT - BOTTOM + 18, f"{x:g}", "middle")]
    for y in y_ticks:
        _, down = place(0, y)
        parts += [_line(LEFT, down, WIDTH - RIGHT, down), _text(LEFT - 8, down + 4, f"{y:g}", "end")]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_label, "middle", 13))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<g transform="rotate(-90 18 {middle:.1f})">{_text(18, middle, y_label, "middle", 13)}</g>')
    for index, (name, points) in enumerate(lines.items()):
        color = COLORS[index % len(COLORS)]
        placed = [place(x, y) for x, y in sorted(points)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in placed]
        if len(lines) > 1:
            column = (WIDTH - LEFT - RIGHT) / len(lines)
            parts.append(_text(LEFT + column * (index + 0.5), TOP - 13, name, "middle", 12, color))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def ticks(largest: float) -> list[float]:
    """Four to ten round numbers from zero to at least ``largest``."""
    power = 10.0 ** math.floor(math.log10(largest / 4))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if largest / (power * factor) <= 8)
    return [step * index for index in range(math.ceil(largest / step - 1e-9) + 1)]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, words: str, anchor: str, size: int = 11, color: str = "#333") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}">{escape(words)}</text>'
    )
