"""Heads: where a picture was changed, and whether it was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.attention import Transformer, to_tokens


class LocalizationHead(nn.Module):
    """Transposed convolutions from the patch grid to pixels.

    A 1x1 layer, stages that double the size and halve the width, a last doubling to one channel.

    Args:
        width: Width D of a token, a multiple of half the patch size.
        patch_size: Pixels a patch in both directions, a power of two; the published one is 16.

    Source: OMG-Fuser, localization head (its sigmoid is left to the loss and the caller).
    """

    def __init__(self, width: int, patch_size: int = 16) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ConvTranspose2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU()]
        for _ in range(int(math.log2(patch_size)) - 1):
            layers += [
                *_doubling(width, width // 2),
                nn.Conv2d(width // 2, width // 2, 3, padding=1),
                nn.BatchNorm2d(width // 2),
                nn.ReLU(),
            ]
            width //= 2
        self.layers = nn.Sequential(*layers, *_doubling(width, 1), nn.Conv2d(1, 1, 3, padding=1))

    def forward(self, tokens: Tensor) -> Tensor:
        """``[B, D, h, w]`` -> logits ``[B, 1, patch h, patch w]``."""
        return cast(Tensor, self.layers(tokens))


class DetectionTransformer(nn.Module):
    """A token of its own reads all patches; a linear layer turns it into the score.

    Grids of more than ``max_tokens`` patches are averaged down first, since attention costs their square.

    Args:
        transformer: Runs over the detection token and the patches.
        width: Width D of a token.
        max_tokens: Most patches that enter the transformer.

    Source: OMG-Fuser, detection head.
    """

    def __init__(self, transformer: Transformer, width: int, max_tokens: int = 4096) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.empty(width))
        self.transformer = transformer
        self.score = nn.Linear(width, 1)
        self.max_tokens = max_tokens
        nn.init.trunc_normal_(self.token, std=0.02)

    def forward(self, tokens: Tensor, map_logits: Tensor) -> Tensor:
        """``[B, D, h, w]`` -> logits ``[B]``; ``map_logits`` is not read."""
        rows, columns = tokens.shape[2:]
        shrink = 1
        while max(1, rows // shrink) * max(1, columns // shrink) > self.max_tokens:
            shrink += 1
        if shrink > 1:
            size = (max(1, rows // shrink), max(1, columns // shrink))
            tokens = functional.adaptive_avg_pool2d(tokens, size)
        sequence = to_tokens(tokens)
        token = self.token.to(sequence.dtype).expand(sequence.shape[0], 1, -1)
        read = self.transformer(torch.cat([token, sequence], dim=1), wanted=1)
        return cast(Tensor, self.score(read[:, 0])[:, 0])


class PooledDetectionHead(nn.Module):
    """Scores a grid of any size from its mean and from its most suspicious patches.

    Patches are ranked by the map's mean logit in them. An MLP reads the mean logit of the top 1, 5, 20 and 100 % of
    the patches (at least one) and a short summary of two tokens, the mean of all and the mean of the top 5 %, so that
    a picture of many tiles gets one score. The summary is short because tokens also tell what a picture shows.

    Args:
        width: Width D of a token.
        summary: Width of the summary.
    """

    FRACTIONS = (0.01, 0.05, 0.2, 1.0)
    TOKEN_FRACTION = 0.05

    def __init__(self, width: int, summary: int = 8) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.summary = nn.Sequential(nn.Linear(2 * width, summary), nn.GELU())
        self.mlp = nn.Sequential(nn.Linear(summary + len(self.FRACTIONS), 32), nn.GELU(), nn.Linear(32, 1))

    def forward(self, tokens: Tensor, map_logits: Tensor) -> Tensor:
        """``tokens [B, D, h, w]`` and ``map_logits [B, 1, H, W]`` -> logits ``[B]``."""
        sequence = self.norm(to_tokens(tokens))
        rows, columns = tokens.shape[2:]
        suspicion = functional.adaptive_avg_pool2d(map_logits, (rows, columns)).flatten(1)
        ranked, where = suspicion.sort(dim=1, descending=True)
        tops = [ranked[:, : _share(fraction, ranked.shape[1])].mean(1) for fraction in self.FRACTIONS]
        top = where[:, : _share(self.TOKEN_FRACTION, where.shape[1]), None].expand(-1, -1, sequence.shape[2])
        summary = self.summary(torch.cat([sequence.mean(1), sequence.gather(1, top).mean(1)], dim=1))
        return cast(Tensor, self.mlp(torch.cat([summary, torch.stack(tops, dim=1).to(summary)], dim=1))[:, 0])


def _share(fraction: float, count: int) -> int:
    return max(1, math.ceil(fraction * count))


class StreamHeads(nn.Module):
    """One linear map a stream, from its tokens to map logits of its own.

    They teach every stream to find edits alone, so that none rides on the others, and are not read in analysis.

    Args:
        names: Names of the streams.
        width: Width D of a token.

    Source: the auxiliary heads of deeply supervised nets (Lee et al., AISTATS 2015).
    """

    def __init__(self, names: Sequence[str], width: int) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({name: nn.Conv2d(width, 1, 1) for name in names})

    def forward(self, streams: Tensor) -> Tensor:
        """Streams ``[B, S, D, h, w]`` in the order of their names -> logits ``[B, S, h, w]``."""
        return torch.cat([head(streams[:, s]) for s, head in enumerate(self.heads.values())], dim=1)


def _doubling(before: int, after: int) -> list[nn.Module]:
    return [
        nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1),
        nn.BatchNorm2d(after),
    ]
