"""Fusion at one level, which some streams do not have."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class LevelFusion(nn.Module):
    """Fuses those of all streams that have a level; the operator knows of no others.

    A sample of which none of these streams is there gets zeros. A level of a single stream needs no operator.

    Args:
        streams: Numbers of the streams that have the level.
        operator: ``[B, S, D, h, w]`` and ``present [B, S]`` of these streams -> ``[B, D, h, w]``; None for fewer
            than two.
    """

    def __init__(self, streams: Sequence[int], operator: nn.Module | None) -> None:
        super().__init__()
        self.streams = list(streams)
        self.operator = operator

    def forward(self, streams: Tensor, present: Tensor) -> Tensor:
        """All streams ``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``."""
        fused = torch.zeros_like(streams[:, 0])
        if not self.streams:
            return fused
        if len(self.streams) < streams.shape[1]:
            streams, present = streams[:, self.streams], present[:, self.streams]
        if self.operator is None:
            return torch.where(present[:, :, None, None], streams[:, 0], fused)
        reached = present.any(1)
        # An exported graph cannot branch on data.
        if torch.compiler.is_exporting():
            return torch.where(reached[:, None, None, None], self._operate(streams, present), fused)
        if bool(reached.all()):
            return self._operate(streams, present)
        samples = reached.nonzero()[:, 0]
        if not len(samples):
            return fused
        some = self._operate(streams[samples], present[samples])
        return fused.to(some.dtype).index_copy(0, samples, some)

    def _operate(self, streams: Tensor, present: Tensor) -> Tensor:
        assert self.operator is not None
        fused: Tensor = self.operator(streams, present)
        return fused
