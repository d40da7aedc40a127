"""How operators leave out the streams that are not there."""

from __future__ import annotations

import torch
from torch import Tensor

from signals.errors import WrongUsage


def require_stream(present: Tensor) -> None:
    """Refuses a batch in which a sample has no stream; an exported graph, which cannot look, never does.

    Args:
        present: bool ``[B, S]``.

    Raises:
        WrongUsage: A sample has no stream.
    """
    if not torch.compiler.is_exporting() and not bool(present.any(1).all()):
        raise WrongUsage("a picture has no stream at all to fuse; give at least one signal or the pixels")


def blank_absent(streams: Tensor, present: Tensor) -> Tensor:
    """Streams ``[B, S, D, h, w]`` with zeros for whatever absent ones hold, NaN included."""
    return torch.where(present[:, :, None, None, None], streams, 0.0)


def present_mean(streams: Tensor, present: Tensor) -> Tensor:
    """Mean ``[B, D, h, w]`` of the streams ``[B, S, D, h, w]`` that are there: of the same scale for any number."""
    total = blank_absent(streams, present).sum(1)
    return total / present.sum(1).clamp_min(1).to(total.dtype)[:, None, None, None]


def present_softmax(logits: Tensor, present: Tensor) -> Tensor:
    """Weights ``[B, S, ...]`` that add up to 1 over the streams that are there and are exactly 0 for the others.

    Args:
        logits: Finite numbers ``[B, S, ...]``.
        present: bool ``[B, S]``.
    """
    seen = present.view(*present.shape, *(1,) * (logits.dim() - 2))
    # The lowest finite number rather than -inf keeps an exported graph finite where a sample has no stream.
    weights = torch.where(seen, logits, torch.finfo(logits.dtype).min).softmax(1)
    return torch.where(seen, weights, 0.0)
