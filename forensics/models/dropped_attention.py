"""Attention with dropout for CPUs, in the memory of a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from forensics.models.dropout import draw_kept, draw_seed, seeded_bits, share_kept

# About what stays in a core's share of the cache.
_WEIGHTS_AT_ONCE = 2**20


def dropped_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
    """``dropout(softmax(q k' / sqrt(d))) v`` without ever holding all of its weights, forward or backward.

    torch's fused kernel for CPUs knows no dropout. This goes through the weights a few rows at a time, keeps no
    more than that kernel does, and computes the weights and what was dropped again in the backward pass.

    Args:
        q: Queries ``[B, heads, M, d]``.
        k: Keys ``[B, heads, N, d]``.
        v: Values ``[B, heads, N, d]``.
        mask: bool ``[B, M, N]``, True where row may attend to column, at least once a row; None for everywhere.
        dropout: Probability with which a weight is dropped.

    Returns:
        ``[B, heads, M, d]``.

    Source: the recomputation of FlashAttention (Dao et al., NeurIPS 2022).
    """
    mixed: Tensor = _DroppedAttention.apply(q, k, v, mask, dropout)
    return mixed


class _DroppedAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
        ctx.dropout, ctx.seed = dropout, draw_seed()
        # The two scales are taken out of the loops.
        q, k, v = q * q.shape[-1] ** -0.5, k.contiguous(), v * (1 / share_kept(dropout))
        mixed = v.new_empty(*q.shape[:3], v.shape[3])
        with torch.autocast("cpu", enabled=False):
            for rows, keys, weights, kept in _parts(q, k, mask, dropout, ctx.seed):
                mixed[rows] = weights.mul_(kept).to(v.dtype) @ v[keys]
        ctx.save_for_backward(q, k, v, mask, mixed)
        return mixed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, mask, mixed = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        # The sum over columns of weight times gradient of the weight, for the derivative of softmax.
        along = (_wide(gradient) * _wide(mixed)).sum(-1, keepdim=True)
        with torch.autocast("cpu", enabled=False):
            for rows, keys, weights, kept in _parts(q, k, mask, ctx.dropout, ctx.seed):
                dweights = _wide(gradient[rows] @ v[keys].mT).mul_(kept)
                dlogits = dweights.sub_(along[rows]).mul_(weights).to(q.dtype)
                dq[rows] = dlogits @ k[keys]
                dk[keys] += dlogits.mT @ q[rows]
                dv[keys] += weights.mul_(kept).to(v.dtype).mT @ gradient[rows]
        return dq.mul_(q.shape[-1] ** -0.5), dk, dv.mul_(1 / share_kept(ctx.dropout)), None, None


Index = tuple[int, slice, slice]


def _parts(
    q: Tensor, k: Tensor, mask: Tensor | None, dropout: float, seed: int
) -> Iterator[tuple[Index, Index, Tensor, Tensor]]:
    """Goes through the weights: index of their queries, index of their keys, weights, what dropout keeps."""
    batch, heads, queries, _ = q.shape
    count = k.shape[2]
    bits = seeded_bits(seed)
    together = min(heads, max(1, _WEIGHTS_AT_ONCE // (queries * count)))
    steps = -(-queries * count // _WEIGHTS_AT_ONCE)
    length = -(-queries // steps)
    for sample in range(batch):
        for first in range(0, queries, length):
            rows = slice(first, first + length)
            bias = None if mask is None else _bias(mask[sample, rows])
            for head in range(0, heads, together):
                group = slice(head, head + together)
                logits = _wide(q[sample, group, rows] @ k[sample, group].mT)
                weights = (logits if bias is None else logits.add_(bias)).softmax(-1)
                kept = draw_kept(weights.shape, dropout, bits)
                yield (sample, group, rows), (sample, group, slice(None)), weights, kept


def _wide(values: Tensor) -> Tensor:
    """At least float32, in which softmax is exact enough."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def _bias(mask: Tensor) -> Tensor:
    """0 where True, minus infinity elsewhere: adding it costs far less than filling by the mask, head after head."""
    return torch.zeros(mask.shape).masked_fill_(~mask, -torch.inf)
