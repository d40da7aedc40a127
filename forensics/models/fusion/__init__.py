"""Fusion operators: ``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``, picked by name."""

from forensics.models.fusion.token_transformer import TokenFusion, stream_similarity
from signals.errors import WrongUsage

_OPERATORS = {"token_transformer": TokenFusion}


def get_fusion(name: str) -> type[TokenFusion]:
    """The class of the operator called ``name``.

    Raises:
        WrongUsage: There is none.
    """
    if name not in _OPERATORS:
        raise WrongUsage(f"unknown fusion {name!r}; choose one of {', '.join(sorted(_OPERATORS))}")
    return _OPERATORS[name]


__all__ = ["TokenFusion", "get_fusion", "stream_similarity"]
