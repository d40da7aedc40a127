"""From the fused levels to pixels."""

from __future__ import annotations

from collections.abc import Sequence

from segmentation_models_pytorch.base import SegmentationHead
from segmentation_models_pytorch.base.initialization import initialize_decoder, initialize_head
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from torch import Tensor, nn

from forensics.models.multistream.streams import Level
from forensics.models.network import Levels


class LevelDecoder(nn.Module):
    """The decoder of a U-Net: doubles the coarsest level until its cells are pixels, and joins each level on the way.

    Args:
        levels: The levels, finest first.
        widths: Widths after each doubling, as many as it takes from the coarsest level to pixels.

    Source: Ronneberger et al. (MICCAI 2015), as in segmentation-models-pytorch.
    """

    def __init__(self, levels: Sequence[Level], widths: Sequence[int]) -> None:
        super().__init__()
        by_stride = {level.stride: level.width for level in levels}
        self.level_of = {level.stride: number for number, level in enumerate(levels)}
        self.strides = [1 << halvings for halvings in range(len(widths) + 1)]
        channels = [by_stride.get(stride, 0) for stride in self.strides]
        self.decoder = UnetDecoder(channels, tuple(widths), n_blocks=len(widths), interpolation_mode="bilinear")
        self.head = SegmentationHead(widths[-1], 1)
        initialize_decoder(self.decoder)
        initialize_head(self.head)

    def forward(self, fused: Levels) -> Tensor:
        """``[B, D, h, w]`` for each level -> map logits ``[B, 1, H, W]``."""
        coarsest = fused[-1]
        rows, columns = (side * self.strides[-1] for side in coarsest.shape[2:])
        # The decoder takes a map at every power of two; one without channels says nothing.
        maps = [
            fused[self.level_of[stride]]
            if stride in self.level_of
            else coarsest.new_zeros(coarsest.shape[0], 0, rows // stride, columns // stride)
            for stride in self.strides
        ]
        map_logits: Tensor = self.head(self.decoder(maps))
        return map_logits
