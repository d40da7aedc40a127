"""Random weights of new parts."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

Part = TypeVar("Part", bound=nn.Module)


def initialize(module: Part) -> Part:
    """Xavier-uniform convolutions, linear layers and tables from a normal of 0.02 cut at two, biases zero.

    Source: OMG-Fuser.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(part.weight)
        elif isinstance(part, nn.Linear | nn.EmbeddingBag):
            nn.init.trunc_normal_(part.weight, std=0.02)
        bias = getattr(part, "bias", None)
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and bias is not None:
            nn.init.zeros_(bias)
    return module
