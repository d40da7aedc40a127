"""The network, read top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NoReturn

import torch
from segmentation_models_pytorch import Unet
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor, nn

from forensics.models.inputs import Localization, ModelInput, SignalInput, Streams
from forensics.models.network import FusionNetwork, Levels
from signals.errors import WrongUsage


class RgbUnet(FusionNetwork):
    """A U-Net on pixels alone and a score: what any network that reads signals has to beat.

    Args:
        unet: A U-Net of segmentation-models-pytorch of one class and five halvings.
        detection: Tokens and map logits -> score logits.
        tile_size: See :class:`FusionNetwork`, as the others.

    Source: Ronneberger et al. (MICCAI 2015).
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, unet: Unet, detection: nn.Module, *, tile_size: int, object_rule: Literal["any", "majority"]
    ) -> None:
        super().__init__(
            (), reads_pixels=True, stream_drop=0.0, patch_size=32, tile_size=tile_size, object_rule=object_rule
        )
        self.register_buffer("mean", torch.tensor(IMAGENET_DEFAULT_MEAN))
        self.register_buffer("std", torch.tensor(IMAGENET_DEFAULT_STD))
        self.unet: Any = unet
        self.detection = detection

    @property
    def level_widths(self) -> tuple[int, ...]:
        """Widths of the encoder's maps at 1/2 ... 1/32 of the picture; some encoders have none at 1/2."""
        return tuple(self.unet.encoder.out_channels[1:])

    @property
    def readers(self) -> Mapping[str, nn.Module]:
        """None: there are no signals."""
        return {}

    def fuse(self, streams: Streams) -> Levels:
        """The maps of the only stream.

        Raises:
            WrongUsage: A sample does not have it.
        """
        if not torch.compiler.is_exporting() and not bool(streams.present.all()):
            raise WrongUsage("a network that reads pixels only was to go without them; leave the stream rgb there")
        return tuple(level[:, 0] for level in streams.levels)

    def decode(self, fused: Levels) -> Localization:
        """The map at 1/32 is the tokens; all of them make the map of the picture."""
        coarsest = fused[-1]
        rows, columns = (side * self.patch_size for side in coarsest.shape[2:])
        # Of the pixels themselves the decoder reads the size.
        pixels = coarsest.new_zeros(coarsest.shape[0], 0, rows, columns)
        return Localization(coarsest, self.unet.segmentation_head(self.unet.decoder([pixels, *fused])))

    def run_stream(self, stream: nn.Module, signal: SignalInput, inputs: ModelInput) -> NoReturn:
        """There is no stream to run.

        Raises:
            WrongUsage: Always.
        """
        raise reads_pixels_only([])

    def run_named(self, name: str, inputs: ModelInput) -> Levels:
        """See :meth:`FusionNetwork.run_named`."""
        normalized = (inputs.rgb - self.mean[:, None, None]) / self.std[:, None, None]
        return tuple(self.unet.encoder(normalized)[1:])


def reads_pixels_only(signals: list[str]) -> WrongUsage:
    """The error of a signal that is given to the baseline."""
    given = f" {', '.join(signals)}" if signals else "s"
    return WrongUsage(f"rgb_unet reads pixels only and cannot take the signal{given}; use multistream for signals")
