"""Fusion operators: ``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``, picked by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import nn

from forensics.models.fusion.concat import Concat
from forensics.models.fusion.cross_attention import CrossAttention
from forensics.models.fusion.gated_sum import GatedSum
from forensics.models.fusion.operation_wise_attention import OperationWiseFusion
from forensics.models.fusion.sizes import FusionSizes
from forensics.models.fusion.token_transformer import TokenFusion, stream_similarity
from signals.errors import WrongUsage, did_you_mean

_OPERATORS: Mapping[str, Callable[[FusionSizes], nn.Module]] = {
    "concat": Concat.of_sizes,
    "cross_attention": CrossAttention.of_sizes,
    "gated_sum": GatedSum.of_sizes,
    "operation_wise_attention": OperationWiseFusion.of_sizes,
    "token_transformer": TokenFusion.of_sizes,
}


def list_fusions() -> list[str]:
    """Names that :func:`make_fusion` knows, sorted."""
    return sorted(_OPERATORS)


def make_fusion(name: str, sizes: FusionSizes) -> nn.Module:
    """The operator called ``name`` with random weights.

    Raises:
        WrongUsage: There is none.
    """
    if name not in _OPERATORS:
        raise WrongUsage(f"unknown fusion {name!r}{did_you_mean(name, list_fusions())}")
    return _OPERATORS[name](sizes)


__all__ = ["FusionSizes", "TokenFusion", "list_fusions", "make_fusion", "stream_similarity"]
