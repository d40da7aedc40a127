"""Where a patch lies on its grid, as sines and cosines."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def position_table(width: int, rows: int, columns: int, device: torch.device | None = None) -> Tensor:
    """The fixed 2-D sine and cosine table.

    The first half of the channels codes x, the second y; in each half even channels are sines and odd ones
    cosines, of wavelengths that grow geometrically to ``2 pi * 10000``.

    Args:
        width: Number D of channels, a multiple of four.
        rows: Rows h of the grid.
        columns: Columns w of the grid.
        device: Where the table is made.

    Returns:
        float32 ``[D, h, w]``.

    Source: Vaswani et al. (2017) in two dimensions, as in OMG-Fuser.
    """
    half = width // 2
    frequencies = torch.exp(torch.arange(0, half, 2, device=device) * (-math.log(10000.0) / half))
    across = _sines_and_cosines(columns, frequencies)[:, None, :].expand(half, rows, columns)
    down = _sines_and_cosines(rows, frequencies)[:, :, None].expand(half, rows, columns)
    return torch.cat([across, down])


class PositionTable(nn.Module):
    """Gives the table of any grid.

    Args:
        width: Number D of channels, a multiple of four.
        stored_grid: Grid ``(h, w)`` whose table is kept as a fixed parameter, as the paper's networks do;
            None to keep none. The values are the same.
    """

    def __init__(self, width: int, stored_grid: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.width = width
        self.stored_grid = stored_grid
        self.table = (
            None if stored_grid is None else nn.Parameter(position_table(width, *stored_grid), requires_grad=False)
        )

    def forward(self, rows: int, columns: int, device: torch.device) -> Tensor:
        """float32 ``[D, rows, columns]``."""
        if self.table is not None and self.stored_grid == (rows, columns):
            return self.table
        return position_table(self.width, rows, columns, device)


def _sines_and_cosines(length: int, frequencies: Tensor) -> Tensor:
    """``[2 * len(frequencies), length]``: sine, cosine, sine, ... of position times frequency."""
    angles = frequencies[:, None] * torch.arange(length, device=frequencies.device)
    return torch.stack([angles.sin(), angles.cos()], dim=1).flatten(0, 1)
