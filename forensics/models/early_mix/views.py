"""Views of a picture's noise: each made a map of three channels, all mixed into one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from forensics.models.fusion.presence import blank_absent
from forensics.models.inputs import SignalInput
from forensics.models.readers import Reader

CHANNELS = 3


class ViewStream(nn.Module):
    """One signal as a map of three channels, a vector a pixel.

    Convolutions run on the signal's own grid, which says the same as on pixels at a fraction of the cost.

    Args:
        reader: Signal -> ``[B, C, h, w]``.
        stride: Pixels from one cell of the signal to the next.
        widths: Channels of the three convolutions.
    """

    def __init__(self, reader: Reader, stride: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.reader = reader
        self.stride = stride
        self.stack = nn.Sequential(nn.Conv2d(reader.channels, widths[0], 3, padding=1, bias=False), *_rest(widths))

    def forward(self, signal: SignalInput, height: int, width: int) -> Tensor:
        """A signal of pictures of ``height x width`` -> ``[B, 3, height, width]``."""
        view: Tensor = self.stack(self.reader(signal))
        if self.stride > 1:
            view = functional.interpolate(view, scale_factor=self.stride, mode="nearest")
        return view[..., :height, :width]


class MixedModality(nn.Module):
    """All views that are there, mixed into one map of three channels.

    The first convolution reads the concatenated views. Without a bias it is a sum of one convolution a view, from
    which an absent one is left out; the sum is divided by the share of views in it, as dropout would.

    Args:
        views: Number V of views.
        widths: Channels of the three convolutions.
        dropout: Of the views' values.

    Source: the early fusion of MMFusion (Triaridis and Mezaris, MMM 2024); leaving views out is ours.
    """

    def __init__(self, views: int, widths: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.join = nn.Conv2d(CHANNELS * views, widths[0], 3, padding=1, bias=False)
        self.rest = nn.Sequential(*_rest(widths))

    def forward(self, views: Tensor, present: Tensor) -> Tensor:
        """``[B, V, 3, H, W]`` and ``present [B, V]``, one at least a sample -> ``[B, 3, H, W]``."""
        share = present.to(views.dtype).mean(1).clamp_min(1 / present.shape[1])
        joined = self.join(self.dropout(blank_absent(views, present)).flatten(1, 2))
        mixed: Tensor = self.rest(joined / share[:, None, None, None])
        return mixed


def _rest(widths: Sequence[int]) -> list[nn.Module]:
    """What follows the first of three 3x3 convolutions with BatchNorm and ReLU, up to the 1x1 to three channels."""
    layers: list[nn.Module] = [nn.BatchNorm2d(widths[0]), nn.ReLU()]
    for before, after in pairwise(widths):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return [*layers, nn.Conv2d(widths[-1], CHANNELS, 1)]
