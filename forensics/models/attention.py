"""Transformer blocks, and the choice of how attention is computed."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.dropout import Dropout, DropPath, Rows
from forensics.models.dropped_attention import dropped_attention
from forensics.models.object_attention import ObjectGuide, block_attention

Mask = Tensor | ObjectGuide

# Below: fused kernels take longer to start than the plain formula takes.
_SHORT = 16
# From here on a GPU skips blocks rather than reading a dense mask.
_LONG = 1024


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
            nn.Linear(width, hidden), nn.GELU(), Dropout(dropout), nn.Linear(hidden, width), Dropout(dropout)
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: Tensor, mask: Mask | None = None, wanted: int | None = None) -> Tensor:
        """Transforms tokens.

        Args:
            tokens: ``[B, N, D]``.
            mask: Who may attend to whom: a guide, or bool ``[B, N, N]``, True where row may attend to column.
            wanted: Number of leading tokens whose result is wanted; None for all.

        Returns:
            ``[B, wanted, D]``.
        """

        def mix(rows: Rows) -> Tensor:
            normed = self.attention_norm(_select(tokens, rows))
            return cast(Tensor, self.attention(normed, _select_mask(mask, rows), wanted))

        def transform(rows: Rows) -> Tensor:
            return cast(Tensor, self.mlp(self.mlp_norm(_select(mixed, rows))))

        mixed = self.drop_path.add(tokens[:, :wanted], mix)
        return self.drop_path.add(mixed, transform)


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

    def forward(self, tokens: Tensor, mask: Mask | None = None, wanted: int | None = None) -> Tensor:
        """Transforms tokens ``[B, N, D]``; see :meth:`TransformerBlock.forward`.

        The last block computes the wanted tokens alone, which changes them by no more than rounding.
        """
        for index, block in enumerate(self.blocks, start=1):
            tokens = block(tokens, mask, wanted if index == len(self.blocks) else None)
        return tokens[:, :wanted]


class SelfAttention(nn.Module):
    """Multi-head self-attention; q, k and v from one linear without bias."""

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.projection = nn.Linear(width, width)
        self.projection_dropout = Dropout(dropout)

    def forward(self, tokens: Tensor, mask: Mask | None = None, wanted: int | None = None) -> Tensor:
        """Mixes tokens ``[B, N, D]``, the same way in every head; see :meth:`TransformerBlock.forward`."""
        length, width = tokens.shape[1:]
        if wanted is None or wanted >= length:
            q, k, v = self._split(self.qkv(tokens), 3)
        else:
            of_query, of_key_and_value = self.qkv.weight.tensor_split([width])
            (q,) = self._split(functional.linear(tokens[:, :wanted], of_query), 1)
            k, v = self._split(functional.linear(tokens, of_key_and_value), 2)
        mixed = attend(q, k, v, mask, self.dropout if self.training else 0.0)
        mixed = mixed.transpose(1, 2).flatten(2)
        return cast(Tensor, self.projection_dropout(self.projection(mixed)))

    def _split(self, projected: Tensor, parts: int) -> tuple[Tensor, ...]:
        """``[B, N, parts * D]`` -> as many of ``[B, heads, N, D / heads]``."""
        batch, length, width = projected.shape
        by_head = projected.view(batch, length, parts, self.heads, width // (parts * self.heads))
        return by_head.permute(2, 0, 3, 1, 4).unbind(0)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Mask | None, dropout: float) -> Tensor:
    """``dropout(softmax(q k' / sqrt(d))) v``, computed the way that suits device and length.

    Args:
        q: Queries ``[B, heads, M, d]``, of all tokens or of the first M.
        k: Keys ``[B, heads, N, d]``.
        v: Values ``[B, heads, N, d]``.
        mask: See :meth:`TransformerBlock.forward`.
        dropout: Probability with which a weight is dropped.
    """
    queries, length = q.shape[2], k.shape[2]
    eager = not torch.compiler.is_compiling()
    blockwise = isinstance(mask, ObjectGuide) and q.is_cuda and dropout == 0.0 and queries == length >= _LONG
    if blockwise and eager:
        return block_attention(q, k, v, cast(ObjectGuide, mask))
    dense = mask.dense if isinstance(mask, ObjectGuide) else mask
    if dense is not None:
        dense = dense[:, :queries]
    if eager and q.device.type == "cpu":
        if length <= _SHORT:
            return _plain_attention(q, k, v, dense, dropout)
        if dropout > 0.0:
            return dropped_attention(q, k, v, dense, dropout)
    allowed = None if dense is None else dense[:, None]
    return functional.scaled_dot_product_attention(q, k, v, attn_mask=allowed, dropout_p=dropout)


def _plain_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
    logits = (q * q.shape[-1] ** -0.5) @ k.mT
    if mask is not None:
        logits = logits.masked_fill(~mask[:, None], -torch.inf)
    return functional.dropout(logits.softmax(-1), dropout) @ v


def _select(tokens: Tensor, rows: Rows) -> Tensor:
    return tokens if isinstance(rows, slice) else tokens.index_select(0, rows)


def _select_mask(mask: Mask | None, rows: Rows) -> Mask | None:
    if mask is None or isinstance(rows, slice):
        return mask
    return mask.select(rows) if isinstance(mask, ObjectGuide) else mask.index_select(0, rows)


def to_tokens(grid: Tensor) -> Tensor:
    """``[B, D, h, w]`` -> ``[B, h * w, D]``."""
    return grid.flatten(2).transpose(1, 2)


def to_grid(tokens: Tensor, height: int, width: int) -> Tensor:
    """``[B, h * w, D]`` -> ``[B, D, h, w]``."""
    return tokens.transpose(1, 2).reshape(tokens.shape[0], -1, height, width)
