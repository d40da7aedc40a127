"""From a signal's map on its own grid to one token a patch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.inputs import SignalInput
from signals.errors import WrongUsage
from signals.signal import SignalSpec


def make_tokenizer(spec: SignalSpec, width: int, patch: int) -> nn.Module:
    """The tokenizer a signal needs.

    Categorical if its parameters name ``levels``, a histogram's if they name ``samples``, else convolutional.

    Args:
        spec: The signal.
        width: Width D of a token.
        patch: Side of a patch in pixels.

    Raises:
        WrongUsage: The signal's stride does not divide the patch into a power of two.
    """
    if "levels" in spec.parameters:
        return CategoricalTokenizer(spec, width, patch)
    if "samples" in spec.parameters:
        return HistogramTokenizer(spec, width, patch)
    return ConvTokenizer(spec, width, patch)


class ConvTokenizer(nn.Module):
    """Halves a map of numbers until a cell is a patch.

    As many stride-2 3x3 convolutions with circular padding as are needed, the widths doubling up to D, each with
    BatchNorm and ReLU, then a 1x1 convolution. Channels are first normalized by the buffers ``mean`` and ``std``
    (0 and 1 until set); cells that are not valid are zero afterwards.

    Args:
        spec: The signal; its stride s and channels C are used.
        width: Width D of a token.
        patch: Side of a patch in pixels.

    Raises:
        WrongUsage: The stride does not divide the patch into a power of two.

    Source: OMG-Fuser, signal tokenizer.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, spec: SignalSpec, width: int, patch: int) -> None:
        super().__init__()
        halvings = count_halvings(spec, patch)
        self.register_buffer("mean", torch.zeros(spec.channels))
        self.register_buffer("std", torch.ones(spec.channels))
        self.layers = halving_layers(spec.channels, width, halvings)

    def set_normalization(self, mean: Sequence[float] | Tensor, std: Sequence[float] | Tensor) -> None:
        """Sets mean and standard deviation, one number a channel, of the training data."""
        self.mean.copy_(torch.as_tensor(mean))
        self.std.copy_(torch.as_tensor(std))

    def forward(self, signal: SignalInput) -> Tensor:
        """``values [B, C, H / s, W / s]`` -> ``[B, D, H / patch, W / patch]``."""
        values = (signal.values.float() - self.mean[:, None, None]) / self.std[:, None, None]
        return cast(Tensor, self.layers(torch.where(signal.valid[:, None], values, 0.0)))


class CategoricalTokenizer(nn.Module):
    """Reads a map of indices, such as clipped DCT coefficients.

    A cell's C indices of ``levels`` values each are one-hot in principle; the learned linear map of that one-hot
    vector is computed as a sum of table rows. The cell's vector is scaled and shifted by what the side tensors
    ``quantization_table`` and ``was_jpeg`` say (FiLM), mixed by a 1x1 convolution and then halved as in
    :class:`ConvTokenizer`. Missing side tensors count as a table of ones and as "was no JPEG".

    Args:
        spec: The signal; ``parameters["levels"]``, stride s and channels C are used.
        width: Width D of a token.
        patch: Side of a patch in pixels.

    Raises:
        WrongUsage: The stride does not divide the patch into a power of two.

    Source: the one-hot DCT volume of CAT-Net (IJCV 2022); FiLM of Perez et al. (AAAI 2018).
    """

    first_row: Tensor

    def __init__(self, spec: SignalSpec, width: int, patch: int) -> None:
        super().__init__()
        halvings = count_halvings(spec, patch)
        self.levels = int(spec.parameters["levels"])
        self.register_buffer("first_row", torch.arange(spec.channels) * self.levels, persistent=False)
        self.table = nn.EmbeddingBag(spec.channels * self.levels, width, mode="sum")
        self.norm = nn.BatchNorm2d(width)
        self.side_mlp = nn.Sequential(nn.Linear(8 * 8 + 1, width), nn.GELU(), nn.Linear(width, 2 * width))
        self.mix = nn.Sequential(nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU())
        self.layers = halving_layers(width, width, halvings)

    def forward(self, signal: SignalInput) -> Tensor:
        """``values [B, C, H / s, W / s]`` in ``0 .. levels - 1`` -> ``[B, D, H / patch, W / patch]``."""
        batch, channels, rows, columns = signal.values.shape
        indices = signal.values.permute(0, 2, 3, 1).long().clamp(0, self.levels - 1) + self.first_row
        cells = self.table(indices.reshape(-1, channels)).view(batch, rows, columns, -1).permute(0, 3, 1, 2)
        scale, shift = self.side_mlp(self._side(signal))[:, :, None, None].chunk(2, dim=1)
        cells = functional.relu(self.norm(cells) * (1 + scale) + shift)
        return cast(Tensor, self.layers(self.mix(cells * signal.valid[:, None])))

    def _side(self, signal: SignalInput) -> Tensor:
        """``[B, 65]``: log2 of the quantization table, and whether the picture was a JPEG."""
        batch, device = len(signal.values), signal.values.device
        steps = signal.side.get("quantization_table", torch.ones(batch, 8, 8, device=device))
        was_jpeg = signal.side.get("was_jpeg", torch.zeros(batch, device=device))
        return torch.cat([steps.float().clamp_min(1).log2().flatten(1), was_jpeg.float().reshape(batch, 1)], dim=1)


class HistogramTokenizer(nn.Module):
    """Reads a map of counts, such as the co-occurrences of a noise residual in each cell.

    The histogram of one small cell is mostly chance, so a cell also sees the mean histograms of the windows around
    it. All enter as square roots of frequencies, in which Euclidean distance is the Hellinger distance.

    Args:
        spec: The signal; ``parameters["samples"]`` (observations a cell), stride s and channels C are used.
        width: Width D of a token.
        patch: Side of a patch in pixels.

    Raises:
        WrongUsage: The stride does not divide the patch into a power of two.

    Source: the windows and square roots of Splicebuster (WIFS 2015).
    """

    WINDOWS = (1, 5, 15)

    def __init__(self, spec: SignalSpec, width: int, patch: int) -> None:
        super().__init__()
        halvings = count_halvings(spec, patch)
        self.samples = float(spec.parameters["samples"])
        # Rare bins stay small on purpose: normalized channel by channel they would be mostly chance.
        self.scale = spec.channels**0.5
        self.mix = nn.Sequential(
            nn.Conv2d(len(self.WINDOWS) * spec.channels, width, 1), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.layers = halving_layers(width, width, halvings)

    def forward(self, signal: SignalInput) -> Tensor:
        """``values [B, C, H / s, W / s]`` -> ``[B, D, H / patch, W / patch]``."""
        valid = signal.valid[:, None].float()
        frequencies = torch.where(signal.valid[:, None], signal.values.float() / self.samples, 0.0)
        around = [_window_mean(frequencies, valid, window).sqrt() * self.scale for window in self.WINDOWS]
        return cast(Tensor, self.layers(self.mix(torch.cat(around, dim=1)) * valid))


def _window_mean(cells: Tensor, valid: Tensor, window: int) -> Tensor:
    """Mean of the valid cells of the ``window`` x ``window`` cells around each; 0 where there is none."""
    total = functional.avg_pool2d(cells, window, stride=1, padding=window // 2)
    share = functional.avg_pool2d(valid, window, stride=1, padding=window // 2)
    return total / share.clamp_min(1e-6)


def count_halvings(spec: SignalSpec, patch: int) -> int:
    """How often the map of ``spec`` must be halved until a cell is a patch.

    Raises:
        WrongUsage: No number of halvings does it.
    """
    cells, rest = divmod(patch, spec.stride)
    if rest or cells < 1 or cells & (cells - 1):
        raise WrongUsage(
            f"signal {spec.name} has stride {spec.stride}, which cannot be halved to patches of {patch} pixels; "
            f"use a stride of {patch} divided by a power of two"
        )
    return cells.bit_length() - 1


def halving_layers(channels: int, width: int, halvings: int) -> nn.Sequential:
    """Stride-2 convolutions of widths ``width / 2^(halvings - 1) .. width``, then a 1x1 convolution."""
    layers: list[nn.Module] = []
    for step in reversed(range(halvings)):
        after = width >> step
        layers += [
            nn.Conv2d(channels, after, 3, stride=2, padding=1, padding_mode="circular"),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        ]
        channels = after
    return nn.Sequential(*layers, nn.Conv2d(channels, width, 1))
