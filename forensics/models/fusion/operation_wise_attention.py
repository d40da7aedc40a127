"""Fusion by layers of parallel operations whose weights depend on the whole picture."""

from __future__ import annotations

from typing import Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.fusion.gated_sum import GatedSum
from forensics.models.fusion.sizes import FusionSizes


class OperationWiseFusion(nn.Module):
    """Merges the streams, then refines what came out by operation-wise attention.

    Args:
        merge: ``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``.
        layers: ``[B, D, h, w]`` -> the same size.

    Source: OwAF (CBMI 2021) after Suganuma et al. (CVPR 2019). The published weights are one a picture; a merge by
        :class:`GatedSum`, which can trust different streams in different places, is our extension.
    """

    def __init__(self, merge: nn.Module, layers: nn.Module) -> None:
        super().__init__()
        self.merge = merge
        self.layers = layers

    @classmethod
    def of_sizes(cls, sizes: FusionSizes) -> Self:
        """A gated sum and one group of ``depth`` operation layers."""
        return cls(GatedSum.of_sizes(sizes), OperationWiseAttention(sizes.width, sizes.depth))

    def forward(self, streams: Tensor, present: Tensor) -> Tensor:
        """``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``.

        Raises:
            WrongUsage: A sample has no stream.
        """
        fused: Tensor = self.layers(self.merge(streams, present))
        return fused


class OperationWiseAttention(nn.Module):
    """A group of k operation layers, and the MLP that weighs the operations of all of them at once.

    The MLP reads the mean of the group's input over the picture; a softmax over the eight operations of a layer gives
    their weights.

    Args:
        width: Channels D.
        depth: Number k of operation layers.

    Source: Suganuma et al., operation-wise attention (CVPR 2019).
    """

    def __init__(self, width: int, depth: int = 4) -> None:
        super().__init__()
        weights = depth * OperationLayer.OPERATIONS
        self.attention = nn.Sequential(nn.Linear(width, 2 * weights), nn.ReLU(), nn.Linear(2 * weights, weights))
        self.layers = nn.ModuleList(OperationLayer(width) for _ in range(depth))

    def forward(self, features: Tensor) -> Tensor:
        """``[B, D, h, w]`` -> ``[B, D, h, w]``."""
        for layer, weights in zip(self.layers, self.weights(features).unbind(1), strict=True):
            features = layer(features, weights)
        return features

    def weights(self, features: Tensor) -> Tensor:
        """Which operations suit the picture: ``[B, k, 8]`` in 0..1, of sum 1 over the operations of a layer."""
        logits = self.attention(features.mean((2, 3)))
        return cast(Tensor, logits.unflatten(1, (len(self.layers), -1)).softmax(2))


class OperationLayer(nn.Module):
    """Eight operations side by side, weighed, mixed by a 1x1 convolution and ReLU, and added to the input.

    Separable convolutions of 1, 3, 5 and 7 pixels, of 3, 5 and 7 pixels two apart, and the mean of 3 x 3.

    Args:
        width: Channels D.
    """

    SEPARABLE = ((1, 1), (3, 1), (5, 1), (7, 1), (3, 2), (5, 2), (7, 2))
    OPERATIONS = len(SEPARABLE) + 1

    def __init__(self, width: int) -> None:
        super().__init__()
        self.separable = nn.ModuleList(_separable(width, size, dilation) for size, dilation in self.SEPARABLE)
        self.mix = nn.Conv2d(self.OPERATIONS * width, width, 1)

    def forward(self, features: Tensor, weights: Tensor) -> Tensor:
        """``[B, D, h, w]`` and ``weights [B, 8]`` -> ``[B, D, h, w]``."""
        results = [operation(features) for operation in self.separable]
        results.append(functional.avg_pool2d(features, 3, stride=1, padding=1, count_include_pad=False))
        weighed = torch.stack(results, dim=1) * weights[:, :, None, None, None]
        return features + functional.relu(self.mix(weighed.flatten(1, 2)))


def _separable(width: int, size: int, dilation: int) -> nn.Sequential:
    padding = dilation * (size // 2)
    return nn.Sequential(
        nn.Conv2d(width, width, size, padding=padding, dilation=dilation, groups=width),
        nn.Conv2d(width, width, 1),
    )
