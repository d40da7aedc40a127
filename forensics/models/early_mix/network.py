"""The network, read top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor, nn
from torch.nn import functional

from forensics.models.inputs import Localization, ModelInput, SignalInput, Streams
from forensics.models.network import RGB, FusionNetwork, Levels
from signals.errors import WrongUsage
from signals.signal import SignalSpec

PATCH = 32
FINEST = 4


class EarlyMix(FusionNetwork):
    """Views of the noise mixed into one modality, encoded beside the pixels, fused at four scales.

    The pixels are always read. A picture without any view goes through their branch alone.

    Args:
        signals: Specifications of the views, in their order.
        views: Their streams, by name.
        mixing: Views ``[B, V, 3, H, W]`` and ``present [B, V]`` -> ``[B, 3, H, W]``.
        encoder: Pixels, mixed modality and which samples have it -> four scales.
        decoder: Those of segmentation-models-pytorch's SegFormer: a list that begins with the size of the picture.
        localization: What the decoder gives -> map logits ``[B, 1, H, W]``.
        detection: Tokens and map logits -> score logits.
        widths: Channels of the four scales, finest first.
        stream_drop: See :class:`FusionNetwork`, as the others.

    Source: MMFusion (Triaridis and Mezaris, MMM 2024) over CMX (Zhang et al., T-ITS 2023) and SegFormer (Xie et al.,
        NeurIPS 2021).
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        signals: Sequence[SignalSpec],
        views: nn.ModuleDict,
        mixing: nn.Module,
        encoder: nn.Module,
        decoder: nn.Module,
        localization: nn.Module,
        detection: nn.Module,
        *,
        widths: Sequence[int],
        stream_drop: float,
        tile_size: int,
        object_rule: Literal["any", "majority"],
    ) -> None:
        super().__init__(
            signals,
            reads_pixels=True,
            stream_drop=stream_drop,
            required=(RGB,),
            patch_size=PATCH,
            tile_size=tile_size,
            object_rule=object_rule,
        )
        self.register_buffer("mean", torch.tensor(IMAGENET_DEFAULT_MEAN))
        self.register_buffer("std", torch.tensor(IMAGENET_DEFAULT_STD))
        self.views = views
        self.mixing = mixing
        self.encoder = encoder
        self.decoder = decoder
        self.localization = localization
        self.detection = detection
        self._widths = tuple(widths)

    @property
    def level_widths(self) -> tuple[int, ...]:
        """The four scales."""
        return self._widths

    @property
    def token_width(self) -> int:
        """What the decoder gives."""
        return next(part.in_channels for part in self.localization.modules() if isinstance(part, nn.Conv2d))

    @property
    def readers(self) -> Mapping[str, nn.Module]:
        """The readers of the views."""
        views: Mapping[str, Any] = dict(self.views.items())
        return {name: view.reader for name, view in views.items()}

    def fuse(self, streams: Streams) -> Levels:
        """Mixes the views that are there and encodes them with the pixels: four scales, finest first.

        Raises:
            WrongUsage: A sample is without pixels.
        """
        maps, present = streams.levels[0], streams.present
        if not torch.compiler.is_exporting() and not bool(present[:, -1].all()):
            raise WrongUsage("early mixing always reads the pixels; leave out other streams only")
        has_view = present[:, :-1].any(1)
        levels: Levels = self.encoder(maps[:, -1], self._mix(maps[:, :-1], present[:, :-1], has_view), has_view)
        return levels

    def decode(self, fused: Levels) -> Localization:
        """Brings the scales together at the finest; the tokens are the means over patches."""
        batch, _, rows, columns = fused[0].shape
        # The decoder asks a picture and a scale it lacks only for their size.
        size = fused[0].new_zeros(batch, 0, rows * FINEST, columns * FINEST)
        features = self.decoder([size, size, *fused])
        return Localization(functional.avg_pool2d(features, PATCH // FINEST), self.localization(features))

    def run_stream(self, stream: nn.Module, signal: SignalInput, inputs: ModelInput) -> Levels:
        """Runs a :class:`forensics.models.early_mix.views.ViewStream`."""
        return (stream(signal, *inputs.rgb.shape[2:]),)

    def similarities(self, streams: Streams, fused: Levels) -> Tensor | None:
        """None: views enter before the encoder and cannot be compared with what comes out of it."""
        return None

    def run_named(self, name: str, inputs: ModelInput) -> Levels:
        """See :meth:`FusionNetwork.run_named`."""
        if name == RGB:
            return ((inputs.rgb - self.mean[:, None, None]) / self.std[:, None, None],)
        return self.run_stream(self.views[name], inputs.signals[name], inputs)

    def _mix(self, views: Tensor, present: Tensor, has_view: Tensor) -> Tensor:
        """Mixes where there is a view, so that samples without one touch no statistics; zeros elsewhere."""
        if torch.compiler.is_exporting() or bool(has_view.all()):
            mixed: Tensor = self.mixing(views, present)
            return mixed
        empty = views.new_zeros(views.shape[0], *views.shape[2:])
        samples = has_view.nonzero()[:, 0]
        if not len(samples):
            return empty
        mixed = self.mixing(views[samples], present[samples])
        return empty.to(mixed.dtype).index_copy(0, samples, mixed)
