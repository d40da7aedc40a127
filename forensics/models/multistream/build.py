"""Puts a multi-stream network together."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from forensics.models.attention import Transformer
from forensics.models.fusion import FusionSizes, make_fusion
from forensics.models.heads import PooledDetectionHead, StreamHeads
from forensics.models.initialization import initialize
from forensics.models.long_range import LongRangeTransformer
from forensics.models.multistream.decoder import LevelDecoder
from forensics.models.multistream.deviation import Deviation
from forensics.models.multistream.encoders import make_encoder, pixel_statistics
from forensics.models.multistream.level_fusion import LevelFusion
from forensics.models.multistream.network import MultiStream
from forensics.models.multistream.preset import MultiStreamPreset
from forensics.models.multistream.streams import Level, LevelEncoder, PixelStream, SignalStream
from forensics.models.network import RGB
from forensics.models.readers import make_reader
from signals.errors import WrongUsage
from signals.signal import SignalSpec


def build(preset: MultiStreamPreset, signals: Sequence[SignalSpec]) -> MultiStream:
    """A network with random weights; see :func:`forensics.models.create_model`."""
    if not signals and preset.rgb_encoder is None:
        raise WrongUsage("a network without pixels needs at least one signal")
    levels = _levels(preset)
    streams = {spec.name: build_stream(preset, spec) for spec in signals}
    pixels = _pixel_stream(preset, levels)
    has_level = {name: stream.has_level for name, stream in streams.items()}
    if pixels is not None:
        has_level[RGB] = pixels.has_level
    coarsest = levels[-1].width
    return MultiStream(
        signals,
        nn.ModuleDict(streams),
        pixels,
        [
            _fusion(preset, level, [s for s, has in enumerate(has_level.values()) if has[number]])
            for number, level in enumerate(levels)
        ],
        [Deviation(level.width) for level in levels] if preset.deviation else None,
        _long_range(preset, coarsest),
        LevelDecoder(levels, preset.decoder),
        initialize(PooledDetectionHead(coarsest)),
        initialize(StreamHeads(list(has_level), coarsest)) if preset.stream_heads else None,
        levels=levels,
        stream_drop=preset.stream_drop,
        tile_size=preset.tile_size,
        object_rule=preset.object_rule,
    )


def build_stream(preset: MultiStreamPreset, spec: SignalSpec) -> SignalStream:
    """A new stream for ``spec`` with random weights.

    Raises:
        WrongUsage: The signal's stride fits none of the levels.
    """
    levels = _levels(preset)
    coarsest = levels[-1].stride
    if spec.stride > coarsest or not _is_power_of_two(spec.stride):
        strides = ", ".join(str(level.stride) for level in levels)
        raise WrongUsage(
            f"signal {spec.name} has stride {spec.stride}, which fits none of the levels of strides {strides}; "
            f"use a power of two up to {coarsest}"
        )
    entered = [level for level in levels if preset.signal_levels == "all" or level is levels[-1]]
    reader = initialize(make_reader(spec, preset.stem_width))
    encoder = _level_encoder(preset.signal_encoder, preset.stem_width, spec.stride, entered, levels)
    stream = SignalStream(reader, preset.stem_width, encoder)
    initialize(stream.stem)
    return stream


def _pixel_stream(preset: MultiStreamPreset, levels: Sequence[Level]) -> PixelStream | None:
    if preset.rgb_encoder is None:
        return None
    encoder = _level_encoder(preset.rgb_encoder, 3, 1, levels, levels, preset.rgb_weights)
    return PixelStream(encoder, *pixel_statistics(preset.rgb_encoder, preset.rgb_weights))


def _level_encoder(
    name: str,
    channels: int,
    stride: int,
    entered: Sequence[Level],
    levels: Sequence[Level],
    weights: str | None = None,
) -> LevelEncoder:
    coarsest = levels[-1].stride
    depth = (coarsest // stride).bit_length() - 1
    encoder = make_encoder(name, channels, depth, weights) if depth else None
    found = {
        stride << halvings: width for halvings, width in enumerate(encoder.out_channels if encoder else [channels])
    }
    strides = {level.stride for level in entered}
    widths = {at: width if at in strides else 0 for at, width in found.items()}
    level_encoder = LevelEncoder(encoder, widths, levels)
    initialize(level_encoder.projections)
    return level_encoder


def _fusion(preset: MultiStreamPreset, level: Level, streams: Sequence[int]) -> LevelFusion:
    if len(streams) < 2:
        return LevelFusion(streams, None)
    sizes = FusionSizes(level.width, len(streams), preset.fusion_depth, preset.heads, preset.mlp_ratio)
    return LevelFusion(streams, initialize(make_fusion(preset.fusion, sizes)))


def _long_range(preset: MultiStreamPreset, width: int) -> LongRangeTransformer | None:
    if not preset.long_range_depth:
        return None
    transformer = Transformer(preset.long_range_depth, width, preset.heads, preset.mlp_ratio)
    return initialize(LongRangeTransformer(transformer))


def _levels(preset: MultiStreamPreset) -> list[Level]:
    strides, widths = preset.strides, preset.widths
    halvings = strides[-1].bit_length() - 1
    rising = all(_is_power_of_two(stride) for stride in strides) and list(strides) == sorted(set(strides))
    if not rising or len(widths) != len(strides) or len(preset.decoder) != halvings:
        raise WrongUsage(
            f"strides {tuple(strides)}, widths {tuple(widths)} and decoder {tuple(preset.decoder)} do not make levels; "
            f"give rising powers of two, a width for each, and {halvings} decoder widths, one a halving of the last"
        )
    return [Level(stride, width) for stride, width in zip(strides, widths, strict=True)]


def _is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0
