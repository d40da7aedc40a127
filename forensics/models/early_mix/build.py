"""Puts an early-mix network together."""

from __future__ import annotations

from collections.abc import Sequence

from segmentation_models_pytorch.base import SegmentationHead
from segmentation_models_pytorch.base.initialization import initialize_decoder, initialize_head
from segmentation_models_pytorch.decoders.segformer.decoder import SegformerDecoder
from torch import nn

from forensics.models.early_mix.cross_modal import CrossFusion, Rectification
from forensics.models.early_mix.dual_encoder import DualEncoder, make_stages
from forensics.models.early_mix.network import FINEST, EarlyMix
from forensics.models.early_mix.preset import EarlyMixPreset
from forensics.models.early_mix.views import MixedModality, ViewStream
from forensics.models.heads import PooledDetectionHead
from forensics.models.initialization import initialize
from forensics.models.readers import make_reader
from signals.errors import WrongUsage
from signals.signal import SignalSpec

HEAD_WIDTH = 32


def build(preset: EarlyMixPreset, signals: Sequence[SignalSpec]) -> EarlyMix:
    """A network with random weights or those of a file; see :func:`forensics.models.create_model`."""
    if not signals:
        raise WrongUsage("early mixing needs at least one signal to mix; give one, or take a network of pixels alone")
    encoder, widths = _encoder(preset)
    decoder = SegformerDecoder([3, 0, *widths], 1 + len(widths), preset.head_width)
    localization = SegmentationHead(preset.head_width, 1, kernel_size=1, upsampling=FINEST)
    initialize_decoder(decoder)
    initialize_head(localization)
    return EarlyMix(
        signals,
        nn.ModuleDict({spec.name: _view(preset, spec) for spec in signals}),
        initialize(MixedModality(len(signals), preset.stack_widths, preset.mix_dropout)),
        encoder,
        decoder,
        localization,
        initialize(PooledDetectionHead(preset.head_width)),
        widths=widths,
        stream_drop=preset.stream_drop,
        tile_size=preset.tile_size,
        object_rule=preset.object_rule,
    )


def build_stream(preset: EarlyMixPreset, spec: SignalSpec) -> nn.Module:
    """Refuses: views are mixed before they are encoded, so none can be added behind that.

    Raises:
        WrongUsage: Always.
    """
    raise WrongUsage(
        f"early mixing cannot take a further signal such as {spec.name}: its views are mixed before they are encoded; "
        "train a network with the signal from the start, or expand one of another family, such as omgfuser_feature"
    )


def _view(preset: EarlyMixPreset, spec: SignalSpec) -> ViewStream:
    reader = make_reader(spec, preset.stack_widths[0])
    return initialize(ViewStream(reader, spec.stride, preset.stack_widths))


def _encoder(preset: EarlyMixPreset) -> tuple[DualEncoder, Sequence[int]]:
    pixel_stages, widths = make_stages(preset.encoder, preset.encoder_weights)
    mixed_stages, _ = make_stages(preset.encoder, preset.encoder_weights)
    rectifications = nn.ModuleList(Rectification(width, preset.rectification) for width in widths)
    fusions = nn.ModuleList(CrossFusion(width, width // HEAD_WIDTH) for width in widths)
    return DualEncoder(pixel_stages, mixed_stages, initialize(rectifications), initialize(fusions)), widths
