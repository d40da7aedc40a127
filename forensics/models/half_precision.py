"""Weights in half the room."""

from __future__ import annotations

import torch
from torch import Tensor, nn


@torch.no_grad()
def round_to_half(model: nn.Module) -> None:
    """Rounds parameters and buffers to what half precision can hold, in place; what is too large for it stays."""
    for values in model.state_dict().values():
        if values.dtype == torch.float32 and torch.isfinite(half := values.half()).all():
            values.copy_(half)


def compact(values: Tensor) -> Tensor:
    """In half precision where nothing is lost by it, as for weights that were rounded before; else as they are."""
    half = values.half()
    return half if values.dtype == torch.float32 and torch.equal(half.float(), values) else values
