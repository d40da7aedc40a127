"""Puts an OMG-Fuser together."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from forensics.models.attention import Transformer
from forensics.models.fusion import FusionSizes, make_fusion
from forensics.models.heads import DetectionTransformer, LocalizationHead, PooledDetectionHead, StreamHeads
from forensics.models.initialization import initialize
from forensics.models.long_range import LongRangeTransformer
from forensics.models.network import RGB
from forensics.models.omgfuser.network import OmgFuser
from forensics.models.omgfuser.preset import OmgFuserPreset
from forensics.models.positions import PositionTable
from forensics.models.rgb.conv import ConvRgbStream
from forensics.models.streams import SignalStream
from forensics.models.tokenizers import make_tokenizer
from signals.errors import WrongUsage, did_you_mean
from signals.signal import SignalSpec


def build(preset: OmgFuserPreset, signals: Sequence[SignalSpec]) -> OmgFuser:
    """A network with random weights; see :func:`forensics.models.create_model`."""
    if not signals and preset.rgb == "none":
        raise WrongUsage("a network without pixels needs at least one signal")
    names = [spec.name for spec in signals]
    stream_names = names if preset.rgb == "none" else [*names, RGB]
    return OmgFuser(
        signals,
        nn.ModuleDict({spec.name: build_stream(preset, spec) for spec in signals}),
        _rgb_stream(preset),
        PositionTable(preset.width, (_tile_grid(preset),) * 2 if preset.store_positions else None),
        initialize(make_fusion(preset.fusion, _fusion_sizes(preset, len(stream_names)))),
        initialize(LongRangeTransformer(_transformer(preset, preset.long_range_depth))),
        initialize(LocalizationHead(preset.width)),
        initialize(_detection(preset)),
        initialize(StreamHeads(stream_names, preset.width)) if preset.stream_heads else None,
        width=preset.width,
        looks_at_objects=preset.object_guidance,
        stream_drop=preset.stream_drop,
        patch_size=preset.patch_size,
        tile_size=preset.tile_size,
        object_rule=preset.object_rule,
    )


def build_stream(preset: OmgFuserPreset, spec: SignalSpec) -> SignalStream:
    """A new stream for ``spec`` with random weights.

    Raises:
        WrongUsage: The signal's stride does not fit the patch.
    """
    tokenizer = make_tokenizer(spec, preset.width, preset.patch_size)
    return initialize(SignalStream(tokenizer, _transformer(preset, preset.stream_depth)))


def _rgb_stream(preset: OmgFuserPreset) -> nn.Module | None:
    if preset.rgb == "none":
        return None
    transformer = _transformer(preset, preset.rgb_depth)
    if preset.rgb == "conv":
        return initialize(ConvRgbStream(preset.width, transformer))
    if preset.rgb != "backbone":
        kinds = ("backbone", "conv", "none")
        raise WrongUsage(f"{preset.rgb}: no stream of the pixels is called that{did_you_mean(preset.rgb, kinds)}")
    from forensics.models.rgb.backbone import BackboneRgbStream, make_backbone
    from forensics.models.rgb.tuning import tune

    backbone = make_backbone(preset.rgb_backbone, preset.patch_size, preset.rgb_weights)
    tune(backbone.network, preset.rgb_training)
    stream = BackboneRgbStream(backbone, preset.width, preset.patch_size, initialize(transformer), preset.rgb_kernel)
    initialize(stream.match)
    return stream


def _detection(preset: OmgFuserPreset) -> nn.Module:
    if preset.detection == "pooled":
        return PooledDetectionHead(preset.width)
    transformer = Transformer(preset.detection_depth, preset.width, preset.heads, preset.mlp_ratio)
    return DetectionTransformer(transformer, preset.width)


def _fusion_sizes(preset: OmgFuserPreset, streams: int) -> FusionSizes:
    return FusionSizes(
        preset.width,
        streams,
        preset.fusion_depth,
        preset.heads,
        preset.mlp_ratio,
        preset.dropout,
        preset.drop_path,
    )


def _transformer(preset: OmgFuserPreset, depth: int) -> Transformer:
    return Transformer(depth, preset.width, preset.heads, preset.mlp_ratio, preset.dropout, preset.drop_path)


def _tile_grid(preset: OmgFuserPreset) -> int:
    return preset.tile_size // preset.patch_size
