"""Readers: a signal's values of any kind -> numbers a network can go on with, on the signal's own grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.inputs import SignalInput
from signals.signal import SignalSpec


def make_reader(spec: SignalSpec, width: int) -> Reader:
    """The reader a signal needs.

    Categorical if its parameters name ``levels``, a histogram's if they name ``samples``, else numeric.

    Args:
        spec: The signal.
        width: Channels of the result where the reader is free to choose them.
    """
    if "levels" in spec.parameters:
        return CategoricalReader(spec, width)
    if "samples" in spec.parameters:
        return HistogramReader(spec, width)
    return NumericReader(spec)


class Reader(nn.Module):
    """Values ``[B, C, h, w]`` of a signal -> ``[B, channels, h, w]`` on the same grid, 0 where not valid.

    Attributes:
        channels: Channels of the result.
        sides: Names and shapes of the side tensors it reads.
    """

    channels: int
    sides: Mapping[str, tuple[int, ...]] = MappingProxyType({})


class NumericReader(Reader):
    """Normalizes numbers channel by channel by the buffers ``mean`` and ``std`` (0 and 1 until set)."""

    mean: Tensor
    std: Tensor

    def __init__(self, spec: SignalSpec) -> None:
        super().__init__()
        self.channels = spec.channels
        self.register_buffer("mean", torch.zeros(spec.channels))
        self.register_buffer("std", torch.ones(spec.channels))

    def set_normalization(self, mean: Sequence[float] | Tensor, std: Sequence[float] | Tensor) -> None:
        """Sets mean and standard deviation, one number a channel, of the training data."""
        self.mean.copy_(torch.as_tensor(mean))
        self.std.copy_(torch.as_tensor(std))

    def forward(self, signal: SignalInput) -> Tensor:
        """``[B, C, h, w]`` -> ``[B, C, h, w]``."""
        values = (signal.values.float() - self.mean[:, None, None]) / self.std[:, None, None]
        return torch.where(signal.valid[:, None], values, 0.0)


class CategoricalReader(Reader):
    """Reads a map of indices, such as clipped DCT coefficients.

    A cell's C indices of ``levels`` values each are one-hot in principle; the learned linear map of that one-hot
    vector is computed as a sum of table rows. The cell's vector is scaled and shifted by what the side tensors
    ``quantization_table`` and ``was_jpeg`` say (FiLM) and mixed by a 1x1 convolution. Missing side tensors count as a
    table of ones and as "was no JPEG".

    Args:
        spec: The signal; ``parameters["levels"]`` and channels C are used.
        width: Channels of the result.

    Source: the one-hot DCT volume of CAT-Net (IJCV 2022); FiLM of Perez et al. (AAAI 2018).
    """

    first_row: Tensor
    sides: Mapping[str, tuple[int, ...]] = MappingProxyType({"quantization_table": (8, 8), "was_jpeg": ()})

    def __init__(self, spec: SignalSpec, width: int) -> None:
        super().__init__()
        self.channels = width
        self.levels = int(spec.parameters["levels"])
        self.register_buffer("first_row", torch.arange(spec.channels) * self.levels, persistent=False)
        self.table = nn.EmbeddingBag(spec.channels * self.levels, width, mode="sum")
        self.norm = nn.BatchNorm2d(width)
        self.side_mlp = nn.Sequential(nn.Linear(8 * 8 + 1, width), nn.GELU(), nn.Linear(width, 2 * width))
        self.mix = nn.Sequential(nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU())

    def forward(self, signal: SignalInput) -> Tensor:
        """``[B, C, h, w]`` in ``0 .. levels - 1`` -> ``[B, width, h, w]``."""
        indices = signal.values.permute(0, 2, 3, 1).long().clamp(0, self.levels - 1) + self.first_row
        cells = self._sum_of_rows(indices).permute(0, 3, 1, 2)
        scale, shift = self.side_mlp(self._side(signal))[:, :, None, None].chunk(2, dim=1)
        cells = functional.relu(self.norm(cells) * (1 + scale) + shift)
        mixed: Tensor = self.mix(cells * signal.valid[:, None])
        return mixed

    def _sum_of_rows(self, indices: Tensor) -> Tensor:
        """Row numbers ``[B, h, w, C]`` -> ``[B, h, w, width]``."""
        if torch.compiler.is_exporting():
            # A graph has no bags of embeddings but a loop.
            return functional.embedding(indices, self.table.weight).sum(3)
        sums: Tensor = self.table(indices.flatten(0, 2))
        return sums.view(*indices.shape[:3], -1)

    def _side(self, signal: SignalInput) -> Tensor:
        """``[B, 65]``: log2 of the quantization table, and whether the picture was a JPEG."""
        batch, device = signal.values.shape[0], signal.values.device
        steps = signal.side.get("quantization_table", torch.ones(batch, 8, 8, device=device))
        was_jpeg = signal.side.get("was_jpeg", torch.zeros(batch, device=device))
        return torch.cat([steps.float().clamp_min(1).log2().flatten(1), was_jpeg.float().reshape(batch, 1)], dim=1)


class HistogramReader(Reader):
    """Reads a map of counts, such as the co-occurrences of a noise residual in each cell.

    The histogram of one small cell is mostly chance, so a cell also sees the mean histograms of the windows around
    it. All enter as square roots of frequencies, in which Euclidean distance is the Hellinger distance.

    Args:
        spec: The signal; ``parameters["samples"]`` (observations a cell) and channels C are used.
        width: Channels of the result.

    Source: the windows and square roots of Splicebuster (WIFS 2015).
    """

    WINDOWS = (1, 5, 15)

    def __init__(self, spec: SignalSpec, width: int) -> None:
        super().__init__()
        self.channels = width
        self.samples = float(spec.parameters["samples"])
        # Rare bins stay small on purpose: normalized channel by channel they would be mostly chance.
        self.scale = spec.channels**0.5
        self.mix = nn.Sequential(
            nn.Conv2d(len(self.WINDOWS) * spec.channels, width, 1), nn.BatchNorm2d(width), nn.ReLU()
        )

    def forward(self, signal: SignalInput) -> Tensor:
        """``[B, C, h, w]`` -> ``[B, width, h, w]``."""
        valid = signal.valid[:, None].float()
        frequencies = torch.where(signal.valid[:, None], signal.values.float() / self.samples, 0.0)
        around = [_window_mean(frequencies, valid, window).sqrt() * self.scale for window in self.WINDOWS]
        mixed: Tensor = self.mix(torch.cat(around, dim=1)) * valid
        return mixed


def _window_mean(cells: Tensor, valid: Tensor, window: int) -> Tensor:
    """Mean of the valid cells of the ``window`` x ``window`` cells around each; 0 where there is none."""
    total = functional.avg_pool2d(cells, window, stride=1, padding=window // 2)
    share = functional.avg_pool2d(valid, window, stride=1, padding=window // 2)
    return total / share.clamp_min(1e-6)
