"""Streams: pixels or one signal -> a map at each level that the stream has, and zeros at the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from forensics.models.inputs import SignalInput
from forensics.models.network import Levels
from forensics.models.readers import Reader


@dataclass(frozen=True)
class Level:
    """One level of detail.

    Attributes:
        stride: Pixels a cell, a power of two.
        width: Width D.
    """

    stride: int
    width: int


class LevelEncoder(nn.Module):
    """Takes a map on its own grid through an encoder to the levels that are no finer than it.

    Args:
        encoder: Map -> maps of half the size each, see
            :func:`forensics.models.multistream.encoders.make_encoder`; None for a map that is as coarse as a level
            can be.
        widths: Widths of the maps by stride, the first that of the map itself; 0 where there is none.
        levels: The levels, finest first.

    Attributes:
        has_level: Whether it has each level; at the others it gives zeros.
    """

    def __init__(self, encoder: nn.Module | None, widths: dict[int, int], levels: Sequence[Level]) -> None:
        super().__init__()
        self.encoder: Any = encoder
        self.strides = tuple(widths)
        self.levels = tuple(levels)
        self.has_level = tuple(widths.get(level.stride, 0) > 0 for level in levels)
        self.projections = nn.ModuleDict(
            {
                str(level.stride): nn.Sequential(
                    nn.Conv2d(widths[level.stride], level.width, 1, bias=False), nn.BatchNorm2d(level.width)
                )
                for level, has in zip(levels, self.has_level, strict=True)
                if has
            }
        )

    def forward(self, cells: Tensor) -> Levels:
        """``[B, C, H / s, W / s]`` -> ``[B, D, H / stride, W / stride]`` for each level."""
        maps = [cells] if self.encoder is None else self.encoder(cells)
        by_stride = dict(zip(self.strides, maps, strict=True))
        found = {int(stride): project(by_stride[int(stride)]) for stride, project in self.projections.items()}
        example = next(iter(found.values()))
        rows, columns = (side * self.strides[0] for side in cells.shape[2:])
        return tuple(
            found[level.stride]
            if has
            else example.new_zeros(cells.shape[0], level.width, rows // level.stride, columns // level.stride)
            for level, has in zip(self.levels, self.has_level, strict=True)
        )


class SignalStream(nn.Module):
    """One signal: read, brought to the width of an encoder, and encoded from its own grid on.

    Args:
        reader: Signal -> ``[B, C, H / s, W / s]``.
        width: Channels in which it enters the encoder.
        encoder: From there to the levels.
    """

    def __init__(self, reader: Reader, width: int, encoder: LevelEncoder) -> None:
        super().__init__()
        self.reader = reader
        self.stem = nn.Sequential(nn.Conv2d(reader.channels, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.encoder = encoder

    @property
    def has_level(self) -> tuple[bool, ...]:
        """Whether the stream has each level."""
        return self.encoder.has_level

    def forward(self, signal: SignalInput) -> Levels:
        """``[B, D, h, w]`` for each level."""
        levels: Levels = self.encoder(self.stem(self.reader(signal)))
        return levels


class PixelStream(nn.Module):
    """The pixels, encoded.

    Args:
        encoder: Normalized pixels -> levels.
        mean: Of the pixels in 0..1 that the encoder is made for, a channel.
        std: Likewise.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, encoder: LevelEncoder, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor(std))
        self.encoder = encoder

    @property
    def has_level(self) -> tuple[bool, ...]:
        """Whether the stream has each level."""
        return self.encoder.has_level

    def forward(self, rgb: Tensor) -> Levels:
        """``[B, 3, H, W]`` in 0..1 -> ``[B, D, h, w]`` for each level."""
        levels: Levels = self.encoder((rgb - self.mean[:, None, None]) / self.std[:, None, None])
        return levels
