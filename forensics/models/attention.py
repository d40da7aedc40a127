"""Transformer blocks, and the mask that keeps attention inside objects."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


class TransformerBlock(nn.Module):
    """A pre-LayerNorm block: self-attention, then a GELU MLP.

    Args:
        width: Width D of a token; a multiple of ``heads``.
        heads: Attention heads.
        mlp_ratio: Hidden width of the MLP in units of D.
        dropout: Probability for attention weights, projection and MLP.
        drop_path: Probability with which a sample skips a residual branch in training.

    Source: OMG-Fuser (CVPRW 2024), after ViT.
    """

    def __init__(
        self, width: int, heads: int, mlp_ratio: float = 4.0, dropout: float = 0.0, drop_path: float = 0.0
    ) -> None:
        super().__init__()
        hidden = round(width * mlp_ratio)
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, dropout)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width), nn.Dropout(dropout)
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Transforms tokens ``[B, N, D]``; ``mask`` bool ``[B, N, N]``, True where row may attend to column."""
        tokens = tokens + self.drop_path(self.attention(self.attention_norm(tokens), mask))
        return cast(Tensor, tokens + self.drop_path(self.mlp(self.mlp_norm(tokens))))


class Transformer(nn.Module):
    """A stack of equal blocks, without a norm after the last.

    Args:
        depth: Number of blocks.
        width: Width D of a token.
        heads: Attention heads.
        mlp_ratio: Hidden width of the MLPs in units of D.
        dropout: See :class:`TransformerBlock`.
        drop_path: See :class:`TransformerBlock`; the same for every block.
    """

    def __init__(
        self,
        depth: int,
        width: int,
        heads: int,
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(TransformerBlock(width, heads, mlp_ratio, dropout, drop_path) for _ in range(depth))

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Transforms tokens ``[B, N, D]``; ``mask`` as in :class:`TransformerBlock`."""
        for block in self.blocks:
            tokens = block(tokens, mask)
        return tokens


class SelfAttention(nn.Module):
    """Multi-head self-attention; q, k and v from one linear without bias."""

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.projection = nn.Linear(width, width)
        self.projection_dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mixes tokens ``[B, N, D]``; ``mask`` bool ``[B, N, N]`` is the same for every head."""
        batch, length, width = tokens.shape
        # [B, N, 3D] -> three of [B, heads, N, D / heads]
        q, k, v = self.qkv(tokens).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=None if mask is None else mask[:, None],
            dropout_p=self.dropout if self.training else 0.0,
        )
        mixed = mixed.transpose(1, 2).reshape(batch, length, width)
        return cast(Tensor, self.projection_dropout(self.projection(mixed)))


class DropPath(nn.Module):
    """Zeroes whole samples of a residual branch in training and scales up the others.

    Source: Huang et al., Deep Networks with Stochastic Depth (2016).
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, branch: Tensor) -> Tensor:
        """Takes and gives ``[B, N, D]``."""
        if not self.training or self.probability == 0.0:
            return branch
        keep = 1.0 - self.probability
        kept = torch.rand(len(branch), 1, 1, device=branch.device) < keep
        return branch * kept.to(branch.dtype) / keep


def object_attention_mask(membership: Tensor) -> Tensor:
    """Lets a patch attend to the patches it shares an object with, and to itself.

    Overlapping objects make a union: a patch of two objects sees both.

    Args:
        membership: bool ``[B, K, N]``, patch n belongs to object k; the background is an object.

    Returns:
        bool ``[B, N, N]``, symmetric. A patch of no object at all, which only padding can hold, sees itself.

    Source: OMG-Fuser, object guided attention.
    """
    # Counts of at most K ones: exact in float32, and "more than none" holds in any float type.
    members = membership.float()
    shared = members.transpose(1, 2) @ members > 0
    return shared | torch.eye(members.shape[2], dtype=torch.bool, device=members.device)


def to_tokens(grid: Tensor) -> Tensor:
    """``[B, D, h, w]`` -> ``[B, h * w, D]``."""
    return grid.flatten(2).transpose(1, 2)


def to_grid(tokens: Tensor, height: int, width: int) -> Tensor:
    """``[B, h * w, D]`` -> ``[B, D, h, w]``."""
    return tokens.transpose(1, 2).reshape(len(tokens), -1, height, width)
