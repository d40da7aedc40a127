"""Seeds by correlation: displacements at which a block of the picture's fine texture occurs again.

Blocks of the locally normalized high-pass residual are correlated with the whole residual. An exact copy stands out
against chance even where there is no keypoint, as in grass, sky or noise; a mirrored picture gives the flips.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# A block must not find itself.
NEAREST = 16
_BLOCKS, _MIRRORED_BLOCKS = 100, 40
_SMALLEST_BLOCK = 64
_STRONG = 6.5
# A block that occurs again so often is a repeating pattern, not evidence of a copy.
_MOST_REPEATS = 5
_NORMALIZED_CLIP = 3.0
_THREADS = 2


@dataclass(frozen=True)
class Shift:
    """A block's best match.

    Attributes:
        x: Column of the block's corner.
        y: Row of the block's corner.
        dx: Columns from the block to its match.
        dy: Rows from the block to its match.
        strength: Correlation in standard deviations of the block's correlations with everything else.
    """

    x: int
    y: int
    dx: int
    dy: int
    strength: float


def normalized_residual(luma: NDArray[np.uint8]) -> NDArray[np.float32]:
    """High-pass residual divided by its local strength, clipped: float32 of the shape of ``luma``."""
    plain = luma.astype(np.float32)
    residual = plain - cv2.GaussianBlur(plain, (0, 0), 1.0)
    energy = cv2.boxFilter(residual * residual, -1, (17, 17))
    normalized = residual / np.sqrt(energy + np.float32(0.25))
    return np.asarray(np.clip(normalized, -_NORMALIZED_CLIP, _NORMALIZED_CLIP), dtype=np.float32)


def find_shifts(residual: NDArray[np.float32], mirrored: bool = False) -> tuple[list[Shift], int]:
    """The places where blocks of a residual occur again.

    Args:
        residual: float32 ``[H, W]`` of :func:`normalized_residual`.
        mirrored: Look for the blocks in the picture mirrored left to right; displacements are then those from the
            block to its match in the mirrored picture.

    Returns:
        The matches, strongest first, and the size of the blocks.
    """
    height, width = residual.shape
    step = max(
        _SMALLEST_BLOCK // 2, int(np.ceil(np.sqrt(height * width / (_MIRRORED_BLOCKS if mirrored else _BLOCKS))))
    )
    block = max(_SMALLEST_BLOCK, step * 4 // 3)
    block = min(block, height, width)
    picture = np.ascontiguousarray(residual[:, ::-1]) if mirrored else residual

    def again(corner: tuple[int, int]) -> list[Shift]:
        y, x = corner
        template = residual[y : y + block, x : x + block]
        norm = float(np.sqrt((template.astype(np.float64) ** 2).sum()))
        if norm < 0.1 * block:
            return []
        correlation = np.asarray(cv2.matchTemplate(picture, template, cv2.TM_CCORR), dtype=np.float32)
        spread = float(np.sqrt(cv2.mean(cv2.multiply(correlation, correlation))[0]))
        if not mirrored:
            correlation[max(0, y - NEAREST) : y + NEAREST, max(0, x - NEAREST) : x + NEAREST] = 0
        return [Shift(x, y, px - x, py - y, value / spread) for px, py, value in _peaks(correlation, spread)]

    corners = [(y, x) for y in _starts(height, block, step) for x in _starts(width, block, step)]
    # OpenCV correlates in one thread; whoever has set it to one thread gets one here too.
    with ThreadPoolExecutor(min(_THREADS, max(1, cv2.getNumThreads()))) as pool:
        found = [shift for shifts in pool.map(again, corners) for shift in shifts]
    return sorted(found, key=lambda shift: -shift.strength), block


def _starts(length: int, block: int, step: int) -> list[int]:
    """Beginnings of blocks that cover a length."""
    count = max(1, -(-(length - block) // step) + 1)
    return [round(place) for place in np.linspace(0, length - block, count)] if count > 1 else [0]


def _peaks(correlation: NDArray[np.float32], spread: float) -> list[tuple[int, int, float]]:
    """Up to two highest places ``(x, y, value)``; none of a block that occurs again and again."""
    work = correlation.copy()
    found: list[tuple[int, int, float]] = []
    for _ in range(_MOST_REPEATS + 1):
        _, value, _, (x, y) = cv2.minMaxLoc(work)
        if value < _STRONG * spread or (found and value < 0.6 * found[0][2]):
            break
        found.append((x, y, float(value)))
        work[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5] = 0
    return found[:2] if len(found) <= _MOST_REPEATS else []
