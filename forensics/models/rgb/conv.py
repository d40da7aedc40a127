"""Pixels and their residuals through a small convolutional stem."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.attention import Transformer, to_grid, to_tokens
from forensics.models.positions import PositionTable

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class ConvRgbStream(nn.Module):
    """Pixels and their high-pass residuals through a small convolutional stem and a few transformer blocks.

    Trained from scratch: the backbone of presets that need no download.

    Args:
        width: Width D of a token, a multiple of four.
        transformer: Blocks over all patches, without a mask.

    Source: the residuals are second-order filters of the spatial rich model (Fridrich and Kodovsky, TIFS 2012).
    """

    mean: Tensor
    std: Tensor
    kernels: Tensor

    RESIDUAL_LIMIT = 8 / 255

    def __init__(self, width: int, transformer: Transformer) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN))
        self.register_buffer("std", torch.tensor(IMAGENET_STD))
        self.register_buffer("kernels", _second_order_kernels(), persistent=False)
        layers: list[nn.Module] = []
        before = 6
        for after in (width // 4, width // 2, width, width):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
            before = after
        self.stem = nn.Sequential(*layers, nn.Conv2d(width, width, 1))
        self.positions = PositionTable(width)
        self.transformer = transformer

    def forward(self, rgb: Tensor) -> Tensor:
        """``[B, 3, H, W]`` in 0..1 -> ``[B, D, H / 16, W / 16]``."""
        normalized = (rgb - self.mean[:, None, None]) / self.std[:, None, None]
        tokens = self.stem(torch.cat([normalized, self.residuals(rgb)], dim=1))
        tokens = tokens + self.positions(*tokens.shape[2:], tokens.device)
        return to_grid(self.transformer(to_tokens(tokens)), *tokens.shape[2:])

    def layers(self) -> list[nn.Module]:
        """The parameters in modules from the input to the output, for learning rates by depth."""
        return [self.stem, *self.transformer.blocks]

    def residuals(self, rgb: Tensor) -> Tensor:
        """Second derivatives of the gray picture across, down and mixed: ``[B, 3, H, W]`` in -1..1.

        Clipped at 8 gray levels, above which they show edges rather than noise.
        """
        gray = functional.pad(rgb.mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
        residuals = functional.conv2d(gray, self.kernels)
        return residuals.clamp(-self.RESIDUAL_LIMIT, self.RESIDUAL_LIMIT) / self.RESIDUAL_LIMIT


def _second_order_kernels() -> Tensor:
    """``[3, 1, 3, 3]``, each with a center of -1 and a sum of 0."""
    across = [[0.0, 0.0, 0.0], [0.5, -1.0, 0.5], [0.0, 0.0, 0.0]]
    down = [[0.0, 0.5, 0.0], [0.0, -1.0, 0.0], [0.0, 0.5, 0.0]]
    mixed = [[-0.25, 0.5, -0.25], [0.5, -1.0, 0.5], [-0.25, 0.5, -0.25]]
    return torch.tensor([across, down, mixed])[:, None]
