"""Fusion by concatenation."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from forensics.models.fusion.presence import blank_absent, present_mean, require_stream
from forensics.models.fusion.sizes import FusionSizes


class Concat(nn.Module):
    """Concatenation of the streams' channels and a 1x1 convolution.

    Such a convolution is a sum of one linear map a stream, from which an absent stream is left out. The sum is divided
    by the number of streams in it, so that its scale does not tell how many there are.

    Args:
        width: Width D of a token.
        streams: Number S of streams.

    Source: the bottleneck fusion of the Multi-Stream Fusion Network (MMM 2023); leaving streams out is ours.
    """

    def __init__(self, width: int, streams: int) -> None:
        super().__init__()
        self.maps = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(streams))

    @classmethod
    def of_sizes(cls, sizes: FusionSizes) -> Self:
        """An operator of one layer."""
        return cls(sizes.width, sizes.streams)

    def forward(self, streams: Tensor, present: Tensor) -> Tensor:
        """``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``.

        Raises:
            WrongUsage: A sample has no stream.
        """
        require_stream(present)
        read = blank_absent(streams, present).unbind(1)
        mapped = [linear(stream) for linear, stream in zip(self.maps, read, strict=True)]
        return present_mean(torch.stack(mapped, dim=1), present)
