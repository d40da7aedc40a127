"""Pixels through any convolutional encoder of segmentation-models-pytorch."""

from __future__ import annotations

import math

import torch
from segmentation_models_pytorch.encoders import get_encoder
from torch import Tensor, nn

from forensics.models.attention import Transformer, to_grid, to_tokens
from forensics.models.positions import PositionTable
from forensics.models.streams import IMAGENET_MEAN, IMAGENET_STD


class EncoderRgbStream(nn.Module):
    """The features of an encoder at the stride of a patch, and a few transformer blocks over them.

    Args:
        encoder: Name of an encoder of segmentation-models-pytorch; its weights are random.
        width: Width D of a token.
        patch: Side of a patch in pixels, a power of two up to 32.
        transformer: Blocks over all patches, without a mask.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, encoder: str, width: int, patch: int, transformer: Transformer) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN))
        self.register_buffer("std", torch.tensor(IMAGENET_STD))
        self.encoder = get_encoder(encoder, depth=int(math.log2(patch)), weights=None)
        self.project = nn.Conv2d(self.encoder.out_channels[-1], width, 1)
        self.positions = PositionTable(width)
        self.transformer = transformer

    def forward(self, rgb: Tensor) -> Tensor:
        """``[B, 3, H, W]`` in 0..1 -> ``[B, D, H / patch, W / patch]``."""
        normalized = (rgb - self.mean[:, None, None]) / self.std[:, None, None]
        tokens = self.project(self.encoder(normalized)[-1])
        tokens = tokens + self.positions(*tokens.shape[2:], tokens.device)
        return to_grid(self.transformer(to_tokens(tokens)), *tokens.shape[2:])
