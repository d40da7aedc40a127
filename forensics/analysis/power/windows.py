"""Which parts of a picture the edits are planted in."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from forensics.data.sample import Window

Pixels = NDArray[np.uint8]


def choose_windows(
    pixels: Pixels, count: int, side: int, block: tuple[int, int], random: np.random.Generator
) -> tuple[Window, ...]:
    """Chooses windows that stand for the whole picture: from its flattest part to its busiest.

    The picture is covered by windows half a side apart; of these, ordered by detail, every so-manieth is taken, from
    a random one on (systematic sampling).

    Args:
        pixels: uint8 RGB ``[H, W, 3]``.
        count: Windows wanted, 1 or more.
        side: Height and width of a window in pixels; a picture that is shorter gives windows as long as itself.
        block: Rows and columns that windows start at multiples of, so that they keep the grid of the compression.
        random: Draws where the sampling starts.

    Returns:
        At least one window and at most ``count``, top to bottom: fewer where the picture has not more that differ.
    """
    height, width = pixels.shape[:2]
    places = product(_starts(height, side, block[0]), _starts(width, side, block[1]))
    windows = [Window(top, left, min(side, height), min(side, width)) for top, left in places]
    if len(windows) > count:
        by_detail = sorted(windows, key=lambda window: _detail(cut(pixels, window)))
        steps = (random.random() + np.arange(count)) * (len(windows) / count)
        windows = [by_detail[int(step)] for step in steps]
    return tuple(sorted(windows, key=lambda window: (window.top, window.left)))


def cut(pixels: Pixels, window: Window) -> Pixels:
    """The window's pixels, a copy."""
    return pixels[window.top : window.top + window.height, window.left : window.left + window.width].copy()


def _starts(length: int, side: int, block: int) -> list[int]:
    """Starts at most a little more than half a side apart, from the first place to the last one."""
    last = max(0, length - side) // block * block
    steps = last // (side // 2)
    if not steps:
        return [last // 2 // block * block]
    return [round(last * step / steps / block) * block for step in range(steps + 1)]


def _detail(pixels: Pixels) -> float:
    """Standard deviation of the gray values of every second pixel."""
    return float(pixels[::2, ::2].mean(axis=2, dtype=np.float32).std())
