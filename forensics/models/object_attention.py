"""Attention that stays inside objects: who may see whom, in the form each device computes fastest."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from torch.nn.attention.flex_attention import BlockMask

_BLOCK = 128
_OBJECTS_A_WORD = 63


@dataclass(frozen=True, eq=False)
class ObjectGuide:
    """Lets a patch attend to the patches it shares an object with, and to itself.

    Overlapping objects make a union: a patch of two objects sees both. Made once for a batch; what a device needs of
    it is computed when first asked for and then kept.

    Attributes:
        membership: bool ``[B, K, N]``, patch n belongs to object k; the background is an object. A patch of no object
            at all, which only padding can hold, sees itself.

    Source: OMG-Fuser, object guided attention.
    """

    membership: Tensor

    def select(self, rows: slice | Tensor) -> ObjectGuide:
        """The guide of some samples of the batch."""
        if isinstance(rows, slice) and rows == slice(None):
            return self
        return ObjectGuide(self.membership[rows])

    @cached_property
    def dense(self) -> Tensor:
        """bool ``[B, N, N]``, True where row may attend to column; symmetric."""
        return object_attention_mask(self.membership)

    @cached_property
    def words(self) -> Tensor:
        """int64 ``[B, N, ceil(K / 63)]``: the objects of each patch as bits."""
        batch, objects, patches = self.membership.shape
        padded = functional.pad(self.membership, (0, 0, 0, -objects % _OBJECTS_A_WORD))
        bits = padded.view(batch, -1, _OBJECTS_A_WORD, patches).long()
        places = torch.arange(_OBJECTS_A_WORD, device=bits.device)[:, None]
        return (bits << places).sum(2).transpose(1, 2).contiguous()

    @cached_property
    def block_mask(self) -> BlockMask:
        """The same as :attr:`dense` for FlexAttention, without anything of N x N.

        Two blocks of patches are skipped if no object has patches in both, and need no look at single patches if one
        object has all of both.
        """
        from torch.nn.attention.flex_attention import BlockMask  # seconds to import, and no CPU needs it

        batch, objects, patches = self.membership.shape
        blocks = functional.pad(self.membership, (0, -patches % _BLOCK)).view(batch, objects, -1, _BLOCK)
        full = _share_object(blocks.all(3))
        partial = object_attention_mask(blocks.any(3)) & ~full
        return BlockMask.from_kv_blocks(
            *_ordered(partial), *_ordered(full), BLOCK_SIZE=_BLOCK, mask_mod=self._sees, seq_lengths=(patches, patches)
        )

    @property
    def _sees(self) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
        words = self.words

        def sees(sample: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            seen = query == key
            for word in range(words.shape[2]):
                seen = seen | ((words[sample, query, word] & words[sample, key, word]) != 0)
            return seen

        return sees


def object_attention_mask(membership: Tensor) -> Tensor:
    """Who may see whom, as one flag a pair.

    Args:
        membership: As :class:`ObjectGuide` takes it.

    Returns:
        bool ``[B, N, N]``, symmetric.
    """
    return _share_object(membership) | torch.eye(membership.shape[2], dtype=torch.bool, device=membership.device)


def block_attention(q: Tensor, k: Tensor, v: Tensor, guide: ObjectGuide) -> Tensor:
    """Attention ``[B, heads, N, d]`` that skips the blocks no object has patches in, compiled on a GPU."""
    return cast(Tensor, _flex_attention(q.is_cuda)(q, k, v, block_mask=guide.block_mask))


@functools.cache
def _flex_attention(compiled: bool) -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=False) if compiled else flex_attention


def _share_object(members: Tensor) -> Tensor:
    """``[B, K, n]`` -> ``[B, n, n]``: whether two have an object in common."""
    # Counts of at most K ones: exact in float32, and "more than none" holds in any float type.
    counts = members.float()
    return counts.transpose(1, 2) @ counts > 0


def _ordered(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """Flags ``[B, n, n]`` -> how many a row ``[B, 1, n]``, and their columns first ``[B, 1, n, n]``."""
    columns = blocks.int().argsort(dim=-1, descending=True, stable=True)
    return blocks.sum(-1, dtype=torch.int32)[:, None], columns.to(torch.int32)[:, None]
