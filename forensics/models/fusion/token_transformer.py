"""Fusion of any number of streams by a transformer over the streams of one patch."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.attention import Transformer
from forensics.models.fusion.presence import blank_absent, require_stream
from forensics.models.fusion.sizes import FusionSizes


class TokenFusion(nn.Module):
    """Token fusion transformer: at every patch one learned token reads the tokens of all streams there.

    No stream has an embedding of its own, so the number and the order of the streams are free.

    Args:
        transformer: Runs over sequences of the fusion token and the streams' tokens.
        width: Width D of a token.

    Source: OMG-Fuser, token fusion transformer.
    """

    def __init__(self, transformer: Transformer, width: int) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.empty(width))
        self.transformer = transformer
        nn.init.trunc_normal_(self.token, std=0.02)

    @classmethod
    def of_sizes(cls, sizes: FusionSizes) -> TokenFusion:
        """An operator of ``depth`` blocks, whatever the number of streams."""
        transformer = Transformer(
            sizes.depth, sizes.width, sizes.heads, sizes.mlp_ratio, sizes.dropout, sizes.drop_path
        )
        return cls(transformer, sizes.width)

    def forward(self, streams: Tensor, present: Tensor) -> Tensor:
        """Fuses the streams that are there; absent ones are left out, not masked.

        Args:
            streams: ``[B, S, D, h, w]``; what absent streams hold is never read.
            present: bool ``[B, S]``, at least one True a sample.

        Returns:
            ``[B, D, h, w]``.

        Raises:
            WrongUsage: A sample has no stream.
        """
        if torch.compiler.is_exporting():
            return self._fuse_masked(streams, present)
        if bool(present.all()):
            return self._fuse(streams)
        require_stream(present)
        counts = present.sum(1)
        rows_of, fused = [], []
        # The order of streams is free, so samples with equally many streams make one batch.
        for count in sorted(set(counts.tolist())):
            rows = (counts == count).nonzero()[:, 0]
            columns = present[rows].byte().argsort(dim=1, descending=True, stable=True)[:, :count]
            rows_of.append(rows)
            fused.append(self._fuse(streams[rows[:, None], columns]))
        return torch.cat(fused)[torch.cat(rows_of).argsort()]

    def _fuse_masked(self, streams: Tensor, present: Tensor) -> Tensor:
        """The same up to rounding for a graph, which cannot branch on data: nothing attends to absent streams."""
        batch, count, _, rows, columns = streams.shape
        attended = functional.pad(present, (1, 0), value=True)
        # [B, 1 + S] -> [B h w, 1 + S, 1 + S]
        mask = attended[:, None, None].expand(batch, rows * columns, count + 1, count + 1).flatten(0, 1)
        return self._fuse(blank_absent(streams, present), mask)

    def _fuse(self, streams: Tensor, mask: Tensor | None = None) -> Tensor:
        batch, count, width, rows, columns = streams.shape
        # [B, S, D, h, w] -> [B h w, S, D]: one short sequence a patch
        sequences = streams.permute(0, 3, 4, 1, 2).reshape(-1, count, width)
        token = self.token.to(sequences.dtype).expand(sequences.shape[0], 1, width)
        fused = self.transformer(torch.cat([token, sequences], dim=1), mask, wanted=1)[:, 0]
        return cast(Tensor, fused.view(batch, rows, columns, width).permute(0, 3, 1, 2))


def stream_similarity(fused: Tensor, streams: Tensor) -> Tensor:
    """How much of each stream is in the result: cosine similarity at every patch.

    Args:
        fused: ``[B, D, h, w]``.
        streams: ``[B, S, D, h, w]``.

    Returns:
        ``[B, S, h, w]`` in -1..1.

    Source: OMG-Fuser, the explanation maps of its streams.
    """
    return functional.cosine_similarity(fused[:, None], streams, dim=2)
