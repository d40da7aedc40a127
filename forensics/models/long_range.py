"""Long range: every fused patch looks at every other."""

from __future__ import annotations

from torch import Tensor, nn

from forensics.models.attention import Transformer, to_grid, to_tokens


class LongRangeTransformer(nn.Module):
    """Full attention over all patches of a picture, without mask and without position codes.

    Args:
        transformer: Runs over the patches.

    Source: OMG-Fuser, long-range dependencies transformer.
    """

    def __init__(self, transformer: Transformer) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, fused: Tensor) -> Tensor:
        """``[B, D, h, w]`` -> ``[B, D, h, w]``."""
        return to_grid(self.transformer(to_tokens(fused)), *fused.shape[2:])
