"""What two branches of one scale say to each other: rectification, then fusion."""

from __future__ import annotations

import torch
from timm.layers.norm import LayerNorm2d
from torch import Tensor, nn

from forensics.models.attention import to_tokens

Pair = tuple[Tensor, Tensor]


class Rectification(nn.Module):
    """Adds to each branch what the other has, weighed by channel and by place.

    The weights of the channels come from the mean and the largest value of each in the picture, those of the places
    from both branches there; all are sigmoids.

    Args:
        width: Channels D.
        strength: Factor of both additions.

    Source: the cross-modal feature rectification of CMX (Zhang et al., T-ITS 2023).
    """

    def __init__(self, width: int, strength: float) -> None:
        super().__init__()
        self.strength = strength
        self.by_channel = nn.Sequential(nn.Linear(4 * width, width), nn.ReLU(), nn.Linear(width, 2 * width))
        self.by_place = nn.Sequential(nn.Conv2d(2 * width, width, 1), nn.ReLU(), nn.Conv2d(width, 2, 1))

    def forward(self, first: Tensor, second: Tensor) -> Pair:
        """``[B, D, h, w]`` twice -> the same twice."""
        both = torch.cat([first, second], dim=1)
        pooled = torch.cat([both.mean((2, 3)), both.amax((2, 3))], dim=1)
        channels = self.by_channel(pooled).sigmoid()[:, :, None, None].chunk(2, dim=1)
        places = self.by_place(both).sigmoid().chunk(2, dim=1)
        to_first, to_second = (
            self.strength * (channel + place) for channel, place in zip(channels, places, strict=True)
        )
        return first + to_first * second, second + to_second * first


class CrossFusion(nn.Module):
    """Each branch reads the whole of the other by attention, then both become one.

    The attention is the linear kind, which sums up the other branch in one matrix a head, so that it works on the
    finest scale too. No part depends on other samples.

    Args:
        width: Channels D; a multiple of ``heads``.
        heads: Attention heads.

    Source: the feature fusion of CMX (Zhang et al., T-ITS 2023) with the attention of Shen et al. (WACV 2021).
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.readings = nn.ModuleList(LinearCrossAttention(width, heads) for _ in range(2))
        self.mix = nn.Conv2d(2 * width, width, 1)
        self.around = nn.Sequential(
            nn.Conv2d(2 * width, width, 1),
            nn.Conv2d(width, width, 3, padding=1, groups=width),
            nn.ReLU(),
            nn.Conv2d(width, width, 1),
        )
        self.norm = LayerNorm2d(width)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """``[B, D, h, w]`` twice -> ``[B, D, h, w]``."""
        pair = to_tokens(first), to_tokens(second)
        read = self.readings[0](*pair), self.readings[1](*pair[::-1])
        both = torch.cat([tokens.transpose(1, 2).reshape_as(first) for tokens in read], dim=1)
        fused: Tensor = self.norm(self.mix(both) + self.around(both))
        return fused


class LinearCrossAttention(nn.Module):
    """Tokens read other tokens at a cost linear in their number.

    Args:
        width: Width D of a token; a multiple of ``heads``.
        heads: Attention heads.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        # The softmax runs over the tokens, so a bias of the keys would do nothing.
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.projection = nn.Linear(2 * width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, other: Tensor) -> Tensor:
        """``[B, N, D]`` and ``[B, M, D]`` -> ``[B, N, D]``."""
        # [B, N, D] -> [B, heads, N, D / heads]
        q, k, v = (
            part.view(*part.shape[:2], self.heads, -1).transpose(1, 2)
            for part in (self.query(tokens), self.key(other), self.value(other))
        )
        summary = k.softmax(2).transpose(2, 3) @ v
        read = (q.softmax(3) @ summary).transpose(1, 2).reshape_as(tokens)
        found: Tensor = self.norm(tokens + self.projection(torch.cat([tokens, read], dim=-1)))
        return found
