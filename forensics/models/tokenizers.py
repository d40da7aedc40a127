"""From a signal's map on its own grid to one token a patch."""

from __future__ import annotations

from torch import Tensor, nn

from forensics.models.inputs import SignalInput
from forensics.models.readers import Reader, make_reader
from signals.errors import WrongUsage
from signals.signal import SignalSpec


class Tokenizer(nn.Module):
    """Halves what a reader reads until a cell is a patch.

    As many stride-2 3x3 convolutions with circular padding as are needed, the widths doubling up to D, each with
    BatchNorm and ReLU, then a 1x1 convolution.

    Args:
        reader: Signal -> ``[B, C, H / s, W / s]``.
        width: Width D of a token.
        halvings: How often; see :func:`count_halvings`.

    Source: OMG-Fuser, signal tokenizer.
    """

    def __init__(self, reader: Reader, width: int, halvings: int) -> None:
        super().__init__()
        self.reader = reader
        self.layers = halving_layers(reader.channels, width, halvings)

    def forward(self, signal: SignalInput) -> Tensor:
        """``values [B, C, H / s, W / s]`` -> ``[B, D, H / patch, W / patch]``."""
        tokens: Tensor = self.layers(self.reader(signal))
        return tokens


def make_tokenizer(spec: SignalSpec, width: int, patch: int) -> Tokenizer:
    """The tokenizer of a signal with the reader that it needs.

    Args:
        spec: The signal.
        width: Width D of a token.
        patch: Side of a patch in pixels.

    Raises:
        WrongUsage: The signal's stride does not divide the patch into a power of two.
    """
    return Tokenizer(make_reader(spec, width), width, count_halvings(spec, patch))


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
