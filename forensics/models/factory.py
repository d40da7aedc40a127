"""Builds a network from a preset and the signals it is to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from torch import nn

from forensics.models.attention import Transformer
from forensics.models.fusion import get_fusion
from forensics.models.heads import DetectionTransformer, LocalizationHead, PooledDetectionHead, StreamHeads
from forensics.models.long_range import LongRangeTransformer
from forensics.models.omgfuser import RGB, OmgFuser
from forensics.models.positions import PositionTable
from forensics.models.presets import Preset, get_preset
from forensics.models.streams import ConvRgbStream, SignalStream
from forensics.models.tokenizers import make_tokenizer
from signals.errors import WrongUsage
from signals.signal import SignalSpec

Part = TypeVar("Part", bound=nn.Module)


def create_model(name: str, signals: Sequence[SignalSpec], **overrides: Any) -> OmgFuser:
    """Builds a network with random weights.

    Args:
        name: One of :func:`forensics.models.list_models`.
        signals: Specifications of the signals to read, in the order of the streams.
        **overrides: Fields of :class:`forensics.models.presets.Preset` to change.

    Raises:
        WrongUsage: An unknown name or setting, a signal given twice, a stride that does not fit the patch.
        CheckpointMissing: The weights asked for by ``rgb_weights`` are not there.

    Example:
        >>> from signals.signal import SignalSpec
        >>> model = create_model("omgfuser_feature_tiny", [SignalSpec("noise", "1")])
        >>> model.signal_names
        ('noise',)
    """
    preset = get_preset(name, **overrides)
    names = [spec.name for spec in signals]
    if len(set(names)) != len(names):
        raise WrongUsage(f"signals {', '.join(names)} name one twice; name each once")
    if not names and preset.rgb == "none":
        raise WrongUsage("a network without pixels needs at least one signal")
    return OmgFuser(
        nn.ModuleDict({spec.name: make_signal_stream(spec, preset) for spec in signals}),
        _rgb_stream(preset),
        PositionTable(preset.width, (_tile_grid(preset),) * 2 if preset.store_positions else None),
        initialize(get_fusion(preset.fusion)(_transformer(preset, preset.fusion_depth), preset.width)),
        initialize(LongRangeTransformer(_transformer(preset, preset.long_range_depth))),
        initialize(LocalizationHead(preset.width)),
        initialize(_detection(preset)),
        _stream_heads(names, preset),
        stream_drop=preset.stream_drop,
        patch_size=preset.patch_size,
        tile_size=preset.tile_size,
        object_rule=preset.object_rule,
    )


def make_signal_stream(spec: SignalSpec, preset: Preset) -> SignalStream:
    """A new stream for ``spec`` with random weights, of the sizes of ``preset``.

    Raises:
        WrongUsage: The signal's stride does not fit the patch.
    """
    tokenizer = make_tokenizer(spec, preset.width, preset.patch_size)
    return initialize(SignalStream(tokenizer, _transformer(preset, preset.stream_depth)))


def initialize(module: Part) -> Part:
    """Xavier-uniform convolutions, linear layers and tables from a normal of 0.02 cut at two, biases zero.

    Source: OMG-Fuser.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(part.weight)
        elif isinstance(part, nn.Linear | nn.EmbeddingBag):
            nn.init.trunc_normal_(part.weight, std=0.02)
        bias = getattr(part, "bias", None)
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and bias is not None:
            nn.init.zeros_(bias)
    return module


def _rgb_stream(preset: Preset) -> nn.Module | None:
    if preset.rgb == "none":
        return None
    if preset.rgb == "conv":
        return initialize(ConvRgbStream(preset.width, _transformer(preset, preset.rgb_depth)))
    if preset.rgb == "encoder":
        from forensics.models.encoder_rgb import EncoderRgbStream

        transformer = _transformer(preset, preset.rgb_depth)
        return EncoderRgbStream(preset.rgb_encoder, preset.width, preset.patch_size, transformer)
    from forensics.models.dino import PATCH, DinoRgbStream, load_dinov2_small

    backbone = load_dinov2_small(preset.rgb_weights)
    frozen = backbone if preset.rgb == "dino_frozen" else backbone.patch_embed
    frozen.requires_grad_(False)
    # A valid convolution of this size turns the backbone's grid of a tile into the token grid.
    kernel = preset.tile_size // PATCH - _tile_grid(preset) + 1
    stream = DinoRgbStream(backbone, preset.width, kernel, preset.patch_size)
    initialize(stream.match)
    return stream


def _stream_heads(names: list[str], preset: Preset) -> nn.Module | None:
    if not preset.stream_heads:
        return None
    return initialize(StreamHeads(names if preset.rgb == "none" else [*names, RGB], preset.width))


def _detection(preset: Preset) -> nn.Module:
    if preset.detection == "pooled":
        return PooledDetectionHead(preset.width)
    transformer = Transformer(preset.detection_depth, preset.width, preset.heads, preset.mlp_ratio)
    return DetectionTransformer(transformer, preset.width)


def _transformer(preset: Preset, depth: int) -> Transformer:
    return Transformer(depth, preset.width, preset.heads, preset.mlp_ratio, preset.dropout, preset.drop_path)


def _tile_grid(preset: Preset) -> int:
    return preset.tile_size // preset.patch_size
