"""What a fusion operator is made from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FusionSizes:
    """Sizes of a fusion operator; each takes what it needs.

    Attributes:
        width: Width D of a token.
        streams: Number S of all streams, in their fixed order.
        depth: Blocks or layers of the operator.
        heads: Attention heads.
        mlp_ratio: Hidden width of MLPs in units of D.
        dropout: Probability of dropout.
        drop_path: Probability with which a sample skips a residual branch in training.
    """

    width: int
    streams: int
    depth: int = 1
    heads: int = 1
    mlp_ratio: float = 4.0
    dropout: float = 0.0
    drop_path: float = 0.0
