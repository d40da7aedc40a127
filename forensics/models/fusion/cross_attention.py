"""Fusion by one query a position that attends over the streams there."""

from __future__ import annotations

from typing import Self, cast

import torch
from torch import Tensor, nn

from forensics.models.attention import to_tokens
from forensics.models.dropout import DropPath
from forensics.models.fusion.presence import blank_absent, present_mean, present_softmax, require_stream
from forensics.models.fusion.sizes import FusionSizes


class CrossAttention(nn.Module):
    """At every position the mean of the streams, refined by what it finds in each of them.

    Unlike in token fusion the streams do not see each other, so the cost is linear in their number, and every stream
    has an embedding by which the query can tell it from the others.

    Args:
        blocks: Each ``(query [B, N, D], keys [B, S, N, D], values [B, S, N, D], present [B, S]) -> [B, N, D]``.
        width: Width D of a token.
        streams: Number S of streams.
    """

    def __init__(self, blocks: nn.ModuleList, width: int, streams: int) -> None:
        super().__init__()
        self.blocks = blocks
        self.norm = nn.LayerNorm(width)
        self.embeddings = nn.Parameter(torch.empty(streams, width))
        nn.init.trunc_normal_(self.embeddings, std=0.02)

    @classmethod
    def of_sizes(cls, sizes: FusionSizes) -> Self:
        """An operator of ``depth`` blocks."""
        blocks = (
            CrossAttentionBlock(sizes.width, sizes.heads, sizes.mlp_ratio, sizes.dropout, sizes.drop_path)
            for _ in range(sizes.depth)
        )
        return cls(nn.ModuleList(blocks), sizes.width, sizes.streams)

    def forward(self, streams: Tensor, present: Tensor) -> Tensor:
        """``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``.

        Raises:
            WrongUsage: A sample has no stream.
        """
        require_stream(present)
        read = blank_absent(streams, present)
        query = to_tokens(present_mean(read, present))
        # [B, S, D, h, w] -> [B, S, h w, D]
        values = self.norm(read.flatten(3).transpose(2, 3))
        keys = values + self.embeddings[:, None]
        for block in self.blocks:
            query = block(query, keys, values, present)
        return query.transpose(1, 2).reshape_as(streams[:, 0])


class CrossAttentionBlock(nn.Module):
    """Attention of one query a position over the streams at that position, then a GELU MLP; pre-LayerNorm.

    Args:
        width: Width D of a token; a multiple of ``heads``.
        heads: Attention heads.
        mlp_ratio: Hidden width of the MLP in units of D.
        dropout: Probability for projection and MLP.
        drop_path: Probability with which a sample skips a residual branch in training.
    """

    def __init__(self, width: int, heads: int, mlp_ratio: float, dropout: float, drop_path: float) -> None:
        super().__init__()
        hidden = round(width * mlp_ratio)
        self.heads = heads
        self.query_norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.projection = nn.Sequential(nn.Linear(width, width), nn.Dropout(dropout))
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width), nn.Dropout(dropout)
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, present: Tensor) -> Tensor:
        """``query [B, N, D]``, ``keys`` and ``values [B, S, N, D]``, ``present [B, S]`` -> ``[B, N, D]``."""
        query = query + self.drop_path(self._attend(self.query_norm(query), keys, values, present))
        return cast(Tensor, query + self.drop_path(self.mlp(self.mlp_norm(query))))

    def _attend(self, query: Tensor, keys: Tensor, values: Tensor, present: Tensor) -> Tensor:
        # One query over a handful of keys: products and a sum, [B, S, N, heads, D / heads].
        q, k, v = (
            part.unflatten(-1, (self.heads, -1))
            for part in (self.query(query)[:, None], self.key(keys), self.value(values))
        )
        weights = present_softmax((q * k).sum(-1) * q.shape[-1] ** -0.5, present)
        return cast(Tensor, self.projection((weights[..., None] * v).sum(1).flatten(2)))
