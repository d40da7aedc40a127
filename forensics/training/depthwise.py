"""Depthwise convolutions in single precision, where half precision makes them slow."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def keep_depthwise_single(network: nn.Module) -> None:
    """Runs every depthwise convolution outside of autocast, in float32.

    On CPUs the backward pass of a depthwise convolution takes several times as long in bfloat16 as in float32 with
    channels last, which is more than all that bfloat16 saves elsewhere in an EfficientNet.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1:
            module.register_forward_pre_hook(_leave_autocast)
            module.register_forward_hook(_return_to_autocast, always_call=True)


def _leave_autocast(module: Any, inputs: tuple[Tensor]) -> tuple[Tensor]:
    kind = inputs[0].device.type
    module.was_in_autocast = torch.is_autocast_enabled(kind)
    torch.set_autocast_enabled(kind, False)
    return (inputs[0].float(),)


def _return_to_autocast(module: Any, inputs: tuple[Tensor], output: Tensor) -> None:
    torch.set_autocast_enabled(inputs[0].device.type, module.was_in_autocast)
