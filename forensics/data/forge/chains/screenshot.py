"""A screenshot: the picture scaled to a display and framed by what stands round it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.chains.geometry import Kernel, Size, resize, resize_mask, scaled, unscaled
from forensics.data.forge.draw import chance, choice, draw_seed, integer, rounded, uniform
from forensics.data.forge.shapes.lettering import WORDS, render_line

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Style = Literal["phone", "desktop", "viewer"]

_SMALLEST_SCALE = 0.4
_STYLES = {"phone": 0.45, "desktop": 0.35, "viewer": 0.2}
_DISPLAYS: dict[str, tuple[Size, ...]] = {
    "phone": ((2400, 1080), (2340, 1080), (2556, 1179)),
    "desktop": ((1080, 1920), (1440, 2560), (768, 1366)),
    "viewer": ((1080, 1920), (1600, 2560), (2400, 1080)),
}


@dataclass(frozen=True)
class Screenshot:
    """The picture as an application shows it, bars included.

    The picture fills what the bars leave: its rows start at ``top``, its columns at ``left``.

    Attributes:
        scale: At which the picture is shown, above 0; below 1 reduces.
        top: Height of the bars above the picture in pixels, 0 or more.
        bottom: Height of those below it.
        left: Width of the empty space at its left.
        right: Width of that at its right.
        kernel: How the display scales, as in :func:`~forensics.data.forge.chains.geometry.resize`.
        style: ``phone`` (status bar, title, buttons below), ``desktop`` (window with a title bar) or ``viewer``
            (the picture on a plain ground).
        dark: Whether the theme is dark.
        seed: Of the clock, the title and the battery, below 2**31.
    """

    scale: float
    top: int
    bottom: int
    left: int
    right: int
    kernel: Kernel
    style: Style
    dark: bool
    seed: int
    name: Literal["screenshot"] = "screenshot"

    def apply(self, pixels: Pixels) -> Pixels:
        """Shows uint8 RGB ``[H, W, 3]`` inside its frame."""
        shown = resize(pixels, scaled(pixels.shape[:2], self.scale), self.kernel)
        height, width = shown.shape[:2]
        screen = np.empty((self.top + height + self.bottom, self.left + width + self.right, 3), np.uint8)
        screen[:] = _ground(self)
        if self.style != "viewer":
            _draw_bars(self, screen)
        screen[self.top : self.top + height, self.left : self.left + width] = shown
        return screen

    def apply_mask(self, mask: Mask) -> Mask:
        """Moves bool ``[H, W]`` with the picture; the frame is not marked."""
        shown = resize_mask(mask, scaled(mask.shape, self.scale))
        return np.pad(shown, ((self.top, self.bottom), (self.left, self.right)))

    def box(self, size: Size) -> tuple[int, int, int, int]:
        """Where a picture of ``size`` lies on the screen: its first row and column, its height and its width."""
        return self.top, self.left, *scaled(size, self.scale)

    def canvas(self, size: Size) -> Size:
        """Size of a picture whose screenshot has ``size``."""
        return unscaled((size[0] - self.top - self.bottom, size[1] - self.left - self.right), self.scale)


def draw_screenshot(random: np.random.Generator, size: Size, largest_canvas: int) -> Screenshot:
    """A screenshot that has ``size`` (height, width) itself: the bars take at most a third of each side.

    Args:
        largest_canvas: Longest side that the shown picture may have before it is scaled, in pixels.
    """
    style = cast(Style, choice(random, _STYLES))
    height, width = size
    top = bottom = left = right = 0
    if style == "phone":
        top, bottom = round(height * uniform(random, (0.06, 0.14))), round(height * uniform(random, (0.04, 0.1)))
    elif style == "desktop":
        top, bottom = round(height * uniform(random, (0.04, 0.08))), round(height * uniform(random, (0.0, 0.05)))
        left, right = (round(width * uniform(random, (0.0, 0.1))) for _ in range(2))
    elif chance(random, 0.5):
        top, bottom = (round(height * uniform(random, (0.02, 0.15))) for _ in range(2))
    else:
        left, right = (round(width * uniform(random, (0.02, 0.15))) for _ in range(2))
    inner = max(height - top - bottom, width - left - right)
    scale = uniform(random, (min(1.0, max(_SMALLEST_SCALE, inner / largest_canvas)), 1.0))
    return Screenshot(scale, top, bottom, left, right, *_draw_looks(random, style))


def draw_display_screenshot(random: np.random.Generator, size: Size) -> Screenshot:
    """A screenshot of a whole picture of ``size`` (height, width) on a display of a common size.

    The picture is reduced until it fits; a small one is enlarged to at most twice its size.
    """
    style = cast(Style, choice(random, _STYLES))
    displays = _DISPLAYS[style]
    display = displays[integer(random, 0, len(displays) - 1)]
    bars = {"phone": (0.08, 0.05), "desktop": (0.05, 0.04), "viewer": (0.0, 0.0)}[style]
    top, bottom = (round(display[0] * share) for share in bars)
    scale = rounded(min((display[0] - top - bottom) / size[0], display[1] / size[1], 2.0))
    shown = scaled(size, scale)
    across = max(0, display[1] - shown[1]) if style != "desktop" else 0
    down = max(0, display[0] - top - bottom - shown[0]) if style != "desktop" else 0
    top, bottom = top + down // 2, bottom + down - down // 2
    return Screenshot(scale, top, bottom, across // 2, across - across // 2, *_draw_looks(random, style))


def _draw_looks(random: np.random.Generator, style: Style) -> tuple[Kernel, Style, bool, int]:
    kernel = cast(Kernel, choice(random, {"linear": 0.4, "area": 0.3, "bicubic": 0.3}))
    return kernel, style, chance(random, 0.5), draw_seed(random)


def _ground(screenshot: Screenshot) -> int:
    """Gray of the ground, 0..255."""
    if screenshot.style == "viewer":
        return 0 if screenshot.dark else 245
    return 24 if screenshot.dark else 250


def _draw_bars(screenshot: Screenshot, screen: Pixels) -> None:
    random = np.random.default_rng(screenshot.seed)
    ink = 225 if screenshot.dark else 50
    height = screen.shape[0]
    # letterboxes lie between the bars and the picture: a bar is never higher than a twelfth of the screen
    top, bottom = (min(bar, height // 12) for bar in (screenshot.top, screenshot.bottom))
    if screenshot.style == "desktop":
        screen[:top] = 50 if screenshot.dark else 222
        _draw_window_buttons(screen[:top])
        _draw_title(screen[:top], random, ink, screen.shape[1] // 3)
        return
    status = top // 3
    _draw_status(screen[:status], random, ink)
    _draw_back_arrow(screen[status:top], ink)
    _draw_title(screen[status:top], random, ink, 2 * (top - status))
    _draw_navigation(screen[height - bottom :], ink)


def _draw_window_buttons(bar: Pixels) -> None:
    side = bar.shape[0]
    for place, color in enumerate(((236, 106, 94), (244, 191, 79), (98, 197, 84))):
        cv2.circle(bar, (round(side * (0.7 + 0.75 * place)), side // 2), side // 4, color, -1, cv2.LINE_AA)


def _draw_title(bar: Pixels, random: np.random.Generator, ink: int, start: int) -> None:
    words = [WORDS[int(place)] for place in random.integers(len(WORDS), size=2)]
    _write(bar, " ".join(words).capitalize(), start, ink, 0.5)


def _draw_status(bar: Pixels, random: np.random.Generator, ink: int) -> None:
    side, width = bar.shape[:2]
    _write(bar, f"{random.integers(24):02d}:{random.integers(60):02d}", side // 2, ink, 0.8)
    right, left = width - side // 2, width - side // 2 - side
    cv2.rectangle(bar, (left, side // 4), (right, side - side // 4), (ink,) * 3, 1)
    charged = left + round((right - left) * random.uniform(0.15, 1.0))
    cv2.rectangle(bar, (left, side // 4), (charged, side - side // 4), (ink,) * 3, -1)


def _draw_back_arrow(bar: Pixels, ink: int) -> None:
    side = bar.shape[0]
    corners = [[side, side // 4], [side * 3 // 5, side // 2], [side, side - side // 4]]
    cv2.polylines(bar, [np.array(corners, np.int32)], False, (ink,) * 3, max(1, side // 14), cv2.LINE_AA)


def _draw_navigation(bar: Pixels, ink: int) -> None:
    side, width = bar.shape[:2]
    radius, line = side // 5, max(1, side // 16)
    cv2.circle(bar, (width // 2, side // 2), radius, (ink,) * 3, line, cv2.LINE_AA)
    left, right = width // 4, width * 3 // 4
    cv2.rectangle(bar, (right - radius, side // 2 - radius), (right + radius, side // 2 + radius), (ink,) * 3, line)
    triangle = [[left - radius, side // 2], [left + radius, side // 2 - radius], [left + radius, side // 2 + radius]]
    cv2.polylines(bar, [np.array(triangle, np.int32)], True, (ink,) * 3, line, cv2.LINE_AA)


def _write(bar: Pixels, text: str, start: int, ink: int, share: float) -> None:
    """Writes into a bar, in a font of ``share`` of its height; nothing where they could not be read."""
    size = round(bar.shape[0] * share)
    if size < 5:
        return
    line = render_line(text, "aileron", size)[: bar.shape[0], : max(0, bar.shape[1] - start)]
    top = (bar.shape[0] - line.shape[0]) // 2
    place = bar[top : top + line.shape[0], start : start + line.shape[1]]
    place[:] = np.rint(place + (ink - place.astype(np.float32)) * line[..., None])
