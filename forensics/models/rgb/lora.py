"""Low-rank adaptation: large linear layers stay as they are and each learns a small addition."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class LowRankLinear(nn.Linear):
    """A frozen linear layer plus a trained product of two thin matrices, at the start zero.

    Weight and bias are those of ``linear``, under the same names.

    Args:
        linear: Layer to adapt; its parameters are frozen.
        rank: Rank R of the addition.

    Attributes:
        down: ``[R, in_features]``, trained.
        up: ``[out_features, R]``, trained, zeros at the start.

    Source: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models (ICLR 2022), with alpha equal to R.
    """

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        # Made without memory of its own: the layer's parameters take the place of these.
        super().__init__(linear.in_features, linear.out_features, linear.bias is not None, device="meta")
        linear.requires_grad_(False)
        self.weight, self.bias = linear.weight, linear.bias
        self.down = nn.Parameter(linear.weight.new_empty(rank, linear.in_features))
        self.up = nn.Parameter(linear.weight.new_zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, inputs: Tensor) -> Tensor:
        """``[..., in_features]`` -> ``[..., out_features]``."""
        return super().forward(inputs) + functional.linear(functional.linear(inputs, self.down), self.up)

    @torch.no_grad()
    def merge(self) -> nn.Linear:
        """A plain layer that gives the same."""
        merged = nn.Linear(self.in_features, self.out_features, self.bias is not None, device="meta")
        merged.weight = nn.Parameter(self.weight + self.up @ self.down)
        if self.bias is not None:
            merged.bias = nn.Parameter(self.bias.clone())
        return merged


def add_low_rank(network: nn.Module, rank: int) -> int:
    """Adapts every linear layer of ``network`` that is larger than ``rank``, in place.

    All other parameters keep what they are, trained or frozen.

    Returns:
        Number of layers adapted.
    """
    found = [
        (parent, name, child)
        for parent in network.modules()
        for name, child in parent.named_children()
        # Subclasses compute something else, or are adapted already.
        if type(child) is nn.Linear and min(child.weight.shape) > rank and not _is_read_directly(parent, name)
    ]
    for parent, name, child in found:
        setattr(parent, name, LowRankLinear(child, rank))
    return len(found)


def merge_low_rank(network: nn.Module) -> None:
    """Puts the additions into the weights, in place: the same output from plain layers, to export or to run faster."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LowRankLinear):
                setattr(parent, name, child.merge())


def _is_read_directly(parent: nn.Module, name: str) -> bool:
    """Attention with biases of its own takes the weight of ``qkv`` and never calls the layer (BEiT, EVA, Swin V2)."""
    return name == "qkv" and getattr(parent, "q_bias", None) is not None
