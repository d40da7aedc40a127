"""Activations computed again in the backward pass rather than kept: memory for time."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import (
    apply_activation_checkpointing,
    checkpoint_wrapper,
)

from forensics.models.attention import TransformerBlock


def recompute_activations(network: nn.Module) -> None:
    """Lets every transformer block of a network, and every backbone that can, keep its inputs alone.

    Outputs and gradients stay the same to the bit; parameters keep their names in ``state_dict``. Convolutions with
    batch norms are left alone: run twice, their statistics would move twice.
    """
    for part in network.modules():
        switch: Any = getattr(part, "set_grad_checkpointing", None)
        if callable(switch):
            switch(True)
    apply_activation_checkpointing(
        network,
        checkpoint_wrapper_fn=checkpoint_wrapper,
        check_fn=lambda part: isinstance(part, TransformerBlock),
    )
