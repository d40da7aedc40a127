"""What every batched signal takes, and the tensors they all begin with."""

from __future__ import annotations

import torch
from torch import Tensor

from signals.errors import WrongUsage


def whole_pixels(pixels: Tensor) -> Tensor:
    """Pixels as whole numbers: int32 ``[B, 3, H, W]`` in 0..255, on the device they are on.

    Args:
        pixels: ``[B, 3, H, W]`` RGB, uint8, or floating point in 0..255, which is rounded and cut to that range.

    Raises:
        WrongUsage: Another shape or type.
    """
    if pixels.dim() != 4 or pixels.shape[1] != 3 or min(pixels.shape) < 1:
        raise WrongUsage(f"a batch of shape {tuple(pixels.shape)}: pictures are [B, 3, H, W] RGB; arrange it so.")
    if pixels.dtype == torch.uint8:
        return pixels.int()
    if not pixels.is_floating_point():
        raise WrongUsage(f"a batch of type {pixels.dtype}: pictures are uint8 or floats in 0..255; convert it.")
    return pixels.round().clamp(0, 255).int()


def thousandths_of_luma(pixels: Tensor) -> Tensor:
    """Luma ``299 R + 587 G + 114 B``, exact: int32 ``[B, H, W]`` in 0..255,000 of int32 ``[B, 3, H, W]``."""
    return 299 * pixels[:, 0] + 587 * pixels[:, 1] + 114 * pixels[:, 2]


def repeat_edge(planes: Tensor, rows: int, columns: int) -> Tensor:
    """The planes ``[..., H, W]`` with ``rows`` more rows below and ``columns`` more columns at the right."""
    if rows == columns == 0:
        return planes
    height, width = planes.shape[-2:]
    row = torch.arange(height + rows, device=planes.device).clamp(max=height - 1)
    column = torch.arange(width + columns, device=planes.device).clamp(max=width - 1)
    return planes[..., row, :][..., column]


def blocks_of(planes: Tensor, size: int = 8) -> Tensor:
    """``[..., H, W]`` of whole blocks as ``[..., H / size, W / size, size, size]``."""
    height, width = planes.shape[-2:]
    shape = (*planes.shape[:-2], height // size, size, width // size, size)
    return planes.reshape(shape).transpose(-3, -2)


def planes_of(blocks: Tensor) -> Tensor:
    """The inverse of :func:`blocks_of`."""
    rows, columns, size = blocks.shape[-4], blocks.shape[-3], blocks.shape[-1]
    return blocks.transpose(-3, -2).reshape(*blocks.shape[:-4], rows * size, columns * size)
