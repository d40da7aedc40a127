"""The connected areas that a map marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analysis.verdict import OPERATING_POINT

MAX_REGIONS = 20
MIN_AREA_FRACTION = 0.0005


@dataclass(frozen=True)
class Region:
    """One connected area at or above the operating point, in the upright picture.

    Attributes:
        box: ``(x, y, width, height)`` in pixels.
        area_fraction: Its share of the picture, 0..1.
        mean: Mean of the map over it, 0.5..1.
    """

    box: tuple[int, int, int, int]
    area_fraction: float
    mean: float


def find_regions(map_: NDArray[np.float32]) -> tuple[Region, ...]:
    """Finds the marked areas of a map, 8-connected, largest first.

    Args:
        map_: float32 ``[H, W]`` in 0..1, upright.

    Returns:
        At most 20; areas below 0.05 % of the picture are left out.
    """
    marked = (map_ >= OPERATING_POINT).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(marked, connectivity=8)
    areas = stats[1:count, cv2.CC_STAT_AREA]
    large = [label for label in np.argsort(-areas, kind="stable") if areas[label] >= MIN_AREA_FRACTION * map_.size]
    return tuple(_describe(map_, labels, stats, int(label) + 1) for label in large[:MAX_REGIONS])


def _describe(map_: NDArray[np.float32], labels: NDArray[Any], stats: NDArray[Any], label: int) -> Region:
    x, y, width, height, area = (int(value) for value in stats[label])
    window = np.s_[y : y + height, x : x + width]
    inside = map_[window][labels[window] == label]
    return Region((x, y, width, height), area / map_.size, float(inside.mean(dtype=np.float64)))
