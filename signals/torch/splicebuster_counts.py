"""The co-occurrence counts of Splicebuster on batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from signals.errors import WrongUsage
from signals.noise.splicebuster_counts import (
    BORDER,
    BRIGHT,
    CELL,
    CLASS_OF_CODE,
    CLASSES,
    DARK,
    MIN_SIZE,
    THRESHOLD,
    disk,
)
from signals.torch.high_pass import third_difference
from signals.torch.pixels import blocks_of, thousandths_of_luma, whole_pixels

# Of a row of 32 bins, 25 hold classes and the last what is not counted.
_BINS = 32


@dataclass(frozen=True, eq=False)
class BatchCounts:
    """Counts of a batch.

    Attributes:
        values: uint8 ``[B, 50, ceil(H/8), ceil(W/8)]``.
        valid: bool ``[B, ceil(H/8), ceil(W/8)]``.
    """

    values: Tensor
    valid: Tensor


def splicebuster_counts(pixels: Tensor) -> BatchCounts:
    """What :class:`signals.noise.splicebuster_counts.SplicebusterCounts` reads, value for value.

    Args:
        pixels: ``[B, 3, H, W]`` RGB, uint8 or floating point in 0..255, at least 24x24.

    Raises:
        WrongUsage: Another shape, type or size.
    """
    luma = thousandths_of_luma(whole_pixels(pixels))
    batch, height, width = luma.shape
    if min(height, width) < MIN_SIZE:
        raise WrongUsage(f"a batch of {width} x {height} pixels: counting needs {MIN_SIZE} x {MIN_SIZE}; crop larger.")
    rows, columns = (height - 8) // CELL, (width - 8) // CELL
    kept = _unsaturated(luma)[:, BORDER : BORDER + rows * CELL, BORDER : BORDER + columns * CELL]
    luma = luma[:, : rows * CELL + 8, : columns * CELL + 8]
    horizontal = _levels(third_difference(luma, 2)[:, 2:-2])
    vertical = _levels(third_difference(luma, 1)[:, :, 2:-2])
    across = (_classes(horizontal, 1), _classes(vertical, 2))
    along = (_classes(horizontal, 2), _classes(vertical, 1))
    counts = torch.cat([_histograms(torch.stack(pair, dim=1), kept) for pair in (across, along)], dim=1)
    values = counts.new_zeros((batch, 2 * CLASSES, -(-height // CELL), -(-width // CELL)), dtype=torch.uint8)
    values[:, :, :rows, :columns] = counts
    return BatchCounts(values, values.any(dim=1))


def _levels(residual: Tensor) -> Tensor:
    """0, 1, 2 of a residual in thousandths."""
    return (residual > -THRESHOLD).int() + (residual >= THRESHOLD).int()


def _classes(levels: Tensor, axis: int) -> Tensor:
    """Class of the run of four levels at -2 .. +1 along an axis, for all but two at each side of both axes."""
    inner = levels.narrow(3 - axis, 2, levels.shape[3 - axis] - 4)
    size = inner.shape[axis] - 4
    code = sum(inner.narrow(axis, place, size) * 3**place for place in range(4))
    return torch.from_numpy(CLASS_OF_CODE).int().to(levels.device)[code]


def _histograms(pair: Tensor, kept: Tensor) -> Tensor:
    """Counts of 25 classes over the kept pixels of each cell of both planes ``[B, 2, H, W]``: ``[B, 25, h, w]``."""
    classes = torch.where(kept[:, None], pair, _BINS - 1)
    cells = blocks_of(classes, CELL).transpose(1, 2).transpose(2, 3).flatten(3)
    shape = (*cells.shape[:3], _BINS)
    number = torch.arange(cells.shape[:3].numel(), device=cells.device).reshape(*shape[:3], 1)
    bins = torch.bincount((number * _BINS + cells).flatten(), minlength=number.numel() * _BINS)
    return bins.reshape(shape)[..., :CLASSES].permute(0, 3, 1, 2)


def _unsaturated(luma: Tensor) -> Tensor:
    """False on and near areas clipped to black or white."""
    areas = _opened(luma < DARK, 3) | _opened(luma > BRIGHT, 2)
    near = [(step, 0) for step in range(-4, 5)]
    return ~_spread(_spread(areas, near), [(x, y) for y, x in near])


def _opened(area: Tensor, radius: int) -> Tensor:
    """Morphological opening with a disk: ``[B, H, W]`` bool; outside of the picture nothing is missing or there."""
    steps = [(int(y) - radius, int(x) - radius) for y, x in np.argwhere(disk(radius))]
    return _spread(~_spread(~area, steps), steps)


def _spread(area: Tensor, steps: list[tuple[int, int]]) -> Tensor:
    """True where the area has a pixel at one of the steps from there."""
    reach = max(max(abs(y), abs(x)) for y, x in steps)
    height, width = area.shape[1:]
    framed = functional.pad(area, (reach, reach, reach, reach))
    result = torch.zeros_like(area)
    for y, x in steps:
        result |= framed[:, reach + y : reach + y + height, reach + x : reach + x + width]
    return result
