"""Cutting a picture of any size into overlapping windows on the patch grid, and blending what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from forensics.data.sample import Window


@dataclass(frozen=True)
class TilePlan:
    """Where the tiles of a picture lie.

    Attributes:
        height: Height of the patch grid in pixels, a multiple of ``patch``.
        width: Its width.
        patch: Patch size in pixels; every tile begins and ends on the patch grid.
        tile: Largest side of a tile in pixels, a multiple of ``patch``.
        overlap: Pixels that neighboring tiles share at least.
    """

    height: int
    width: int
    patch: int
    tile: int
    overlap: int

    def windows(self) -> Iterator[Window]:
        """The tiles, row by row, evenly spread."""
        for top, height in self._spans(self.height):
            for left, width in self._spans(self.width):
                yield Window(top, left, height, width)

    def _spans(self, length: int) -> list[tuple[int, int]]:
        """Starts and lengths of as few tiles as cover ``length``, no larger than that takes."""
        cells, largest, overlap = length // self.patch, self.tile // self.patch, -(-self.overlap // self.patch)
        if cells <= largest:
            return [(0, length)]
        count = -(-(cells - overlap) // (largest - overlap))
        side = -(-(cells + (count - 1) * overlap) // count)
        starts = [index * (cells - side) // (count - 1) for index in range(count)]
        return [(start * self.patch, side * self.patch) for start in starts]


class Blend:
    """Weighted mean of what overlapping windows say of each cell of a grid.

    Args:
        channels: Channels of the grid.
        plan: The tiles.
        stride: Pixels a cell of the grid.
    """

    def __init__(self, channels: int, plan: TilePlan, stride: int) -> None:
        self._stride = stride
        self._margin = max(1, plan.overlap // stride)
        self._sum = torch.zeros(channels, plan.height // stride, plan.width // stride)
        self._weight = torch.zeros(1, plan.height // stride, plan.width // stride)

    def add(self, window: Window, values: Tensor) -> None:
        """Adds the values ``[C, h, w]`` of one window."""
        top, left = window.top // self._stride, window.left // self._stride
        height, width = values.shape[1:]
        weight = _ramp(height, self._margin)[:, None] * _ramp(width, self._margin)[None]
        self._sum[:, top : top + height, left : left + width] += values * weight
        self._weight[:, top : top + height, left : left + width] += weight

    def result(self) -> Tensor:
        """The blended grid ``[C, h, w]``. The sums are consumed."""
        return self._sum.div_(self._weight)


class Mosaic:
    """Blends of several grids at once, by name; a grid begins with the first window that has it.

    Args:
        plan: The tiles.
    """

    def __init__(self, plan: TilePlan) -> None:
        self._plan = plan
        self._blends: dict[str, Blend] = {}

    def add(self, window: Window, grids: Mapping[str, Tensor]) -> None:
        """Adds the grids ``[C, h, w]`` of one window, of any strides."""
        for name, values in grids.items():
            if name not in self._blends:
                self._blends[name] = Blend(len(values), self._plan, window.height // values.shape[1])
            self._blends[name].add(window, values)

    def result(self) -> dict[str, Tensor]:
        """The blended grids. The sums are consumed."""
        return {name: blend.result() for name, blend in self._blends.items()}


def _ramp(length: int, margin: int) -> Tensor:
    """Weights that rise from the edge over ``margin`` cells, so that no tile ends abruptly."""
    from_edge = torch.minimum(torch.arange(1, length + 1), torch.arange(length, 0, -1))
    return (from_edge / (margin + 1)).clamp(max=1.0)
