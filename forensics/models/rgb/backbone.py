"""Pixels through any backbone of timm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.attention import Transformer, to_grid, to_tokens
from forensics.models.positions import PositionTable
from forensics.models.rgb.tuning import hold_frozen_parts, parameters_by_depth
from forensics.models.rgb.weights import find_package, load_weights
from signals.errors import WrongUsage, did_you_mean


@dataclass(frozen=True)
class Backbone:
    """A network of timm cut after the layer whose features are read.

    Attributes:
        network: The network, without what comes after that layer.
        level: Index of the layer among the network's intermediate features.
        norm: Whether the network's last norm belongs to the features.
        stride: Pixels from one feature to the next.
        channels: Width of a feature.
        fixed_size: Height and width of the only pictures it takes; None where any multiple of the stride will do.
        mean: Of the pixels in 0..1 it was trained on, a channel.
        std: Likewise.
    """

    network: Any
    level: int
    norm: bool
    stride: int
    channels: int
    fixed_size: tuple[int, int] | None
    mean: tuple[float, ...]
    std: tuple[float, ...]


def make_backbone(name: str, patch: int, weights: str | None = None) -> Backbone:
    """Builds a backbone that gives the features whose stride is nearest to a patch, the deepest of those.

    Args:
        name: Name of a network of timm, with or without the tag of its weights.
        patch: Side of a patch in pixels.
        weights: A file, ``package`` or ``hub``, see :func:`forensics.models.rgb.weights.load_weights`; None for
            random ones.

    Raises:
        WrongUsage: timm has no such network, or it gives no grid of features, or no package holds its weights.
        CheckpointMissing: The weights are not on this machine.
        CheckpointMismatch: The file holds something else.
    """
    if not timm.is_model(name):
        raise WrongUsage(f"{name}: timm has no backbone of this name{did_you_mean(name, timm.list_models())}")
    network = _create(name)
    if not hasattr(network, "forward_intermediates"):
        raise WrongUsage(f"{name} gives no grid of features; take a backbone that does, such as convnext_tiny")
    if weights is not None:
        load_weights(network, name, weights)
    strides = [layer["reduction"] for layer in network.feature_info]
    level = min(range(len(strides)), key=lambda index: (abs(math.log2(strides[index] / patch)), -index))
    # A plain transformer keeps one stride, and its last norm is part of what it was trained to give.
    norm = len(set(strides)) == 1
    channels = network.feature_info[level]["num_chs"]
    known = network.pretrained_cfg
    mean, std = known["mean"], known["std"]
    if weights == "package":
        package = find_package(name)
        mean, std = package.mean, package.std
    fixed_size = None if _takes_any_size(name, strides[-1]) else tuple(known["input_size"][1:])
    network.prune_intermediate_layers([level], prune_norm=not norm, prune_head=True)
    return Backbone(network, level, norm, strides[level], channels, fixed_size, mean, std)


class BackboneRgbStream(nn.Module):
    """The features of a backbone brought to the token grid, and optional transformer blocks over them.

    What is frozen of the backbone stays in evaluation mode in training too.

    Args:
        backbone: The backbone, tuned by :func:`forensics.models.rgb.tuning.tune` or not.
        width: Width D of a token.
        patch: Side of a patch in pixels.
        transformer: Blocks over all patches, without a mask; may have none.
        kernel: Side of the valid convolution from features to tokens. The paper's is larger than 1 and takes the
            feature grid of a tile to its token grid; with 1 the features are interpolated where the grids differ.

    Source: OMG-Fuser (CVPRW 2024), whose backbone is DINOv2 ViT-S/14 (TMLR 2024).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone, width: int, patch: int, transformer: Transformer, kernel: int = 1) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(backbone.mean))
        self.register_buffer("std", torch.tensor(backbone.std))
        self.match = nn.Conv2d(backbone.channels, width, kernel)
        self.backbone: Any = backbone.network
        self.positions = PositionTable(width)
        self.transformer = transformer
        self.patch = patch
        self.stride = backbone.stride
        self.fixed_size = backbone.fixed_size
        self._level, self._norm = backbone.level, backbone.norm

    def forward(self, rgb: Tensor) -> Tensor:
        """``[B, 3, H, W]`` in 0..1 -> ``[B, D, H / patch, W / patch]``."""
        grid = (rgb.shape[2] // self.patch, rgb.shape[3] // self.patch)
        tokens: Tensor = self.match(self.features(rgb))
        if tuple(tokens.shape[2:]) != grid:
            tokens = functional.interpolate(tokens, grid, mode="bilinear")
        if not len(self.transformer.blocks):
            return tokens
        tokens = tokens + self.positions(*grid, tokens.device)
        return to_grid(self.transformer(to_tokens(tokens)), *grid)

    def features(self, rgb: Tensor) -> Tensor:
        """``[B, 3, H, W]`` in 0..1 -> about ``[B, channels, H / stride, W / stride]``."""
        normalized = (rgb - self.mean[:, None, None]) / self.std[:, None, None]
        size = self.fixed_size or tuple(self._multiple(side) for side in rgb.shape[2:])
        if size != tuple(rgb.shape[2:]):
            normalized = functional.interpolate(normalized, size, mode="bilinear", antialias=True)
        features: list[Tensor] = self.backbone.forward_intermediates(
            normalized, indices=[self._level], norm=self._norm, stop_early=True, intermediates_only=True
        )
        return features[0]

    def layers(self) -> list[nn.Module]:
        """The parameters in modules from the input to the output, for learning rates by depth."""
        return [*parameters_by_depth(self.backbone), self.match, *self.transformer.blocks]

    def train(self, mode: bool = True) -> BackboneRgbStream:
        """Switches to training, but for what is frozen."""
        super().train(mode)
        hold_frozen_parts(self.backbone)
        return self

    def _multiple(self, side: int) -> int:
        nearest = (side + self.stride // 2) // self.stride
        return max(nearest, self.match.kernel_size[0]) * self.stride


def _create(name: str) -> Any:
    try:
        return timm.create_model(name, pretrained=False, num_classes=0, dynamic_img_size=True)
    except TypeError:  # a network whose builder knows no such setting
        return timm.create_model(name, pretrained=False, num_classes=0)


def _takes_any_size(name: str, stride: int) -> bool:
    """Tries an odd size on a copy without memory."""
    with torch.device("meta"):
        probe = _create(name).eval()
        try:
            probe.forward_intermediates(torch.zeros(1, 3, 5 * stride, 7 * stride), intermediates_only=True)
        except (AssertionError, RuntimeError, ValueError):
            return False
    return True
