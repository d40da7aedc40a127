"""Two branches of a hierarchical transformer that look at each other after every scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from forensics.models.multistream.encoders import make_encoder
from forensics.models.network import Levels
from signals.errors import WrongUsage

SCALES = 4
ENCODERS = (*(f"mit_b{size}" for size in range(6)), *(f"tu-pvt_v2_b{size}" for size in range(6)))


class DualEncoder(nn.Module):
    """Pixels and mixed modality, four scales of strides 4, 8, 16 and 32, rectified and fused at each.

    A sample without mixed modality goes through the branch of the pixels as if that were alone.

    Args:
        pixel_stages: The stages of the branch of the pixels.
        mixed_stages: Those of the mixed modality.
        rectifications: One a scale: both branches -> both branches.
        fusions: One a scale: both branches -> one.
    """

    def __init__(
        self,
        pixel_stages: nn.ModuleList,
        mixed_stages: nn.ModuleList,
        rectifications: nn.ModuleList,
        fusions: nn.ModuleList,
    ) -> None:
        super().__init__()
        self.pixel_stages = pixel_stages
        self.mixed_stages = mixed_stages
        self.rectifications = rectifications
        self.fusions = fusions

    def forward(self, pixels: Tensor, mixed: Tensor, has_mixed: Tensor) -> Levels:
        """``[B, 3, H, W]`` twice and bool ``[B]`` -> ``[B, D, h, w]`` for each scale, finest first."""
        there = has_mixed[:, None, None, None]
        levels = []
        for scale in range(SCALES):
            pixels, mixed = self.pixel_stages[scale](pixels), self.mixed_stages[scale](mixed)
            rectified, mixed = self.rectifications[scale](pixels, mixed)
            levels.append(torch.where(there, self.fusions[scale](rectified, mixed), pixels))
            pixels = torch.where(there, rectified, pixels)
        return tuple(levels)


def make_stages(name: str, weights: str | None) -> tuple[nn.ModuleList, Sequence[int]]:
    """The four stages of an encoder, each ``[B, C, h, w]`` to its scale, and their widths.

    Args:
        name: One of :data:`ENCODERS`.
        weights: File with weights of it, None for random ones.

    Raises:
        WrongUsage: No such encoder.
        CheckpointMissing: There is no file of weights.
        CheckpointMismatch: The file holds something else.
    """
    if name not in ENCODERS:
        raise WrongUsage(f"early mixing cannot use encoder {name!r}; choose one of {', '.join(ENCODERS)}")
    encoder: Any = make_encoder(name, 3, SCALES + 1, weights)
    if name.startswith("mit_"):
        stages = [
            nn.Sequential(*(getattr(encoder, f"{part}{scale}") for part in ("patch_embed", "block", "norm")))
            for scale in range(1, SCALES + 1)
        ]
    else:
        network = encoder.model
        stages = [network[f"stages_{scale}"] for scale in range(SCALES)]
        stages[0] = nn.Sequential(network["patch_embed"], stages[0])
    return nn.ModuleList(stages), encoder.out_channels[-SCALES:]
