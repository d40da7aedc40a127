"""Fusion by a weighted mean, the weights chosen position by position."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from forensics.models.fusion.presence import blank_absent, present_softmax, require_stream
from forensics.models.fusion.sizes import FusionSizes


class GatedSum(nn.Module):
    """Every stream bids for every position; the softmax of the bids of those that are there weighs them.

    Args:
        width: Width D of a token.
        streams: Number S of streams.
    """

    def __init__(self, width: int, streams: int) -> None:
        super().__init__()
        self.gates = nn.ModuleList(nn.Conv2d(width, 1, 1) for _ in range(streams))

    @classmethod
    def of_sizes(cls, sizes: FusionSizes) -> Self:
        """An operator of one layer."""
        return cls(sizes.width, sizes.streams)

    def forward(self, streams: Tensor, present: Tensor) -> Tensor:
        """``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``.

        Raises:
            WrongUsage: A sample has no stream.
        """
        read = blank_absent(streams, present)
        return (self.weights(streams, present)[:, :, None] * read).sum(1)

    def weights(self, streams: Tensor, present: Tensor) -> Tensor:
        """How far each stream is trusted where: ``[B, S, h, w]`` in 0..1, of sum 1 over the streams.

        Raises:
            WrongUsage: A sample has no stream.
        """
        require_stream(present)
        read = blank_absent(streams, present).unbind(1)
        bids = [gate(stream) for gate, stream in zip(self.gates, read, strict=True)]
        return present_softmax(torch.cat(bids, dim=1), present)
