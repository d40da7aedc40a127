"""The convolutional network that reads the processing history of pixels.

In the line of Cozzolino and Verdoliva, "Noiseprint", TIFS 2020, and of Noiseprint++ (Guillaro et al., "TruFor", CVPR
2023); here with a fixed high-pass in front, and with cells of 8 x 8 pixels on the JPEG grid as the unit of output.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

CELL = 8
CHANNELS = 24
# Width at full, half, quarter and eighth resolution, and how many further convolutions follow the first of each.
_WIDTHS, _FURTHER = (16, 24, 64, 96), (0, 2, 4, 2)
REACH = 64
"""Pixels around a cell that its values depend on, at most; rounded up to a power of 2."""


class NoiseExtractor(nn.Module):
    """Pixels to features of their history, a vector of 24 numbers for each cell of 8 x 8 pixels.

    13 convolutions, about 0.4 million parameters. Few layers work at full resolution, so that large pictures stay
    affordable; the three that halve it keep to the grid of 8 pixels, so that the phase of JPEG blocks is readable.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [Layer(3, _WIDTHS[0]), *(Residual(_WIDTHS[0]) for _ in range(_FURTHER[0]))]
        for (before, width), further in zip(pairwise(_WIDTHS), _FURTHER[1:], strict=True):
            layers += [Layer(before, width, stride=2), *(Residual(width) for _ in range(further))]
        self.body = nn.Sequential(*layers)
        self.head = nn.Conv2d(_WIDTHS[-1], CHANNELS, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """``[B, 3, H, W]`` in 0..255, H and W multiples of 8, to ``[B, 24, H / 8, W / 8]``."""
        features: Tensor = self.head(self.describe(pixels))
        return features

    def describe(self, pixels: Tensor) -> Tensor:
        """What the head reads: ``[B, 96, H / 8, W / 8]``."""
        described: Tensor = self.body(high_pass(pixels))
        return described

    def fold(self) -> NoiseExtractor:
        """Merges every batch normalization into the convolution before it, for inference; returns itself."""
        self.eval()
        for layer in self.modules():
            if isinstance(layer, Layer) and isinstance(layer.norm, nn.BatchNorm2d):
                layer.convolution = fuse_conv_bn_eval(layer.convolution, layer.norm)
                layer.norm = nn.Identity()
        return self


class Layer(nn.Module):
    """Convolution of 3 x 3, batch normalization until it is folded, ReLU.

    A cell sees zeros beyond the border of the picture.
    """

    def __init__(self, before: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(width)

    def forward(self, features: Tensor) -> Tensor:
        """``[B, before, H, W]`` to ``[B, width, H / stride, W / stride]``."""
        return functional.relu(self.norm(self.convolution(features)))


class Residual(Layer):
    """A layer beside a short cut."""

    def __init__(self, width: int) -> None:
        super().__init__(width, width)

    def forward(self, features: Tensor) -> Tensor:
        """``[B, width, H, W]`` to the same."""
        return features + super().forward(features)


def high_pass(pixels: Tensor) -> Tensor:
    """What lightness and color differ by from their means over 3 x 3 pixels, on a logarithmic scale.

    Content is mostly gone, and edges, large differences, no longer outweigh noise.

    Args:
        pixels: ``[B, 3, H, W]``, red, green, blue in 0..255.

    Returns:
        ``[B, 3, H, W]``: sign(d) log(1 + 2 |d|) of the differences d of Y, Cb and Cr in grey levels.
    """
    red, green, blue = pixels.unbind(1)
    lightness = 0.299 * red + 0.587 * green + 0.114 * blue
    channels = torch.stack([lightness, 0.564 * (blue - lightness), 0.713 * (red - lightness)], dim=1)
    around = functional.avg_pool2d(functional.pad(channels, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    difference = channels - around
    return difference.sign() * torch.log1p(2 * difference.abs())
