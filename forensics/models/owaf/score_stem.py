"""From a score map of any stride to features on the grid all maps share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.inputs import SignalInput
from forensics.models.readers import Reader
from signals.signal import SignalSpec


class ScoreStem(nn.Module):
    """Brings a map to the common grid and convolves it once.

    Args:
        spec: The map.
        reader: Map -> ``[B, C, h, w]`` on its own grid.
        stride: Pixels from one cell of the common grid to the next.
        width: Channels D of the features.
    """

    def __init__(self, spec: SignalSpec, reader: Reader, stride: int, width: int) -> None:
        super().__init__()
        self.reader = reader
        self.strides = (spec.stride, stride)
        self.conv = nn.Conv2d(reader.channels, width, 3, padding=1)

    def forward(self, signal: SignalInput, rows: int, columns: int) -> Tensor:
        """A signal of pictures of ``rows x columns`` common cells -> ``[B, D, rows, columns]``."""
        scores = regrid(self.reader(signal), signal.valid, *self.strides)
        features: Tensor = self.conv(scores[..., :rows, :columns])
        return features


def regrid(values: Tensor, valid: Tensor, before: int, after: int) -> Tensor:
    """Mean of the valid cells of one grid in each cell of another; 0 where there is none.

    Args:
        values: ``[B, C, h, w]``, 0 where not valid.
        valid: bool ``[B, h, w]``.
        before: Pixels from one cell of the grid to the next.
        after: The same of the new grid.
    """
    shared = math.gcd(before, after)
    weight = valid[:, None].to(values.dtype)
    both = torch.cat([values, weight], dim=1)
    if before > shared:
        both = functional.interpolate(both, scale_factor=before // shared, mode="nearest")
    if after > shared:
        both = functional.avg_pool2d(both, after // shared, ceil_mode=True)
    total, share = both[:, :-1], both[:, -1:]
    return total / torch.where(share > 0, share, 1.0)


class MinMaxReader(Reader):
    """Stretches each map between its own smallest and largest valid value to 0..1; one that is flat becomes 0.

    Args:
        channels: Channels of the map.

    Source: OwAF (CBMI 2021).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, signal: SignalInput) -> Tensor:
        """``[B, C, h, w]`` -> ``[B, C, h, w]``."""
        values, valid = signal.values.float(), signal.valid[:, None]
        low = torch.where(valid, values, torch.inf).amin((2, 3), keepdim=True)
        high = torch.where(valid, values, -torch.inf).amax((2, 3), keepdim=True)
        differs = high > low
        span = torch.where(differs, high - low, 1.0)
        return torch.where(valid & differs, (values - low) / span, 0.0)
