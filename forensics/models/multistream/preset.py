"""The named sizes of the multi-stream networks, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal


@dataclass(frozen=True)
class MultiStreamPreset:
    """Sizes of a multi-stream network.

    ``multistream`` is the network of Siopi et al. (MMM 2023) in its outline: an encoder for each stream, weights not
    shared, 32 channels of each in the bottleneck at 1/32 of the picture, fused there and only there by concatenation;
    two channels of the pixels at 1/2 as the only skip; one thin decoder; 256 x 256 pixels. Ours are the encoders
    (segmentation-models-pytorch instead of five stages of the paper's own, 8.0 million parameters each), signals read
    as numbers on their own grids instead of as resized RGB pictures, norms and activations in the decoder, the score,
    the heads of the streams and the streams left out in training.

    ``multistream_pyramid`` fuses at every level, each stream from the level of its own stride on, then compares each
    place with the rest of the picture.

    Attributes:
        tile_size: Side in pixels of the pictures it is meant to see at once.
        strides: Pixels a cell of each level, powers of two, finest first; the last is the patch.
        widths: Width D of each level.
        signal_levels: Levels at which signals are fused with the pixels, which have all of them.
        fusion: Name of the fusion operator.
        decoder: Widths of the decoder, a doubling each, down to pixels.
        rgb_encoder: Encoder of the pixels, a name of segmentation-models-pytorch; None to read no pixels.
        rgb_weights: File with weights of that encoder; ``package`` for an installed package that holds them; None for
            random ones.
        signal_encoder: Encoder of each signal, with random weights.
        stem_width: Channels in which a signal enters its encoder.
        fusion_depth: Blocks or layers of the fusion at each level.
        heads: Attention heads of the fusion and of the blocks of long range.
        mlp_ratio: Hidden width of their MLPs in units of D.
        deviation: Whether the fused levels also say how far each place is from the rest of the picture.
        long_range_depth: Transformer blocks over all cells of the coarsest fused level.
        stream_drop: Probability with which a stream is left out of a sample in training.
        stream_heads: Whether every stream has a map head of its own in training.
        object_rule: When a patch belongs to an object; these networks do not look at objects.
    """

    builder: ClassVar[str] = "forensics.models.multistream.build"

    tile_size: int
    strides: tuple[int, ...]
    widths: tuple[int, ...]
    signal_levels: Literal["coarsest", "all"]
    fusion: str
    decoder: tuple[int, ...]
    rgb_encoder: str | None = "resnet18"
    rgb_weights: str | None = None
    signal_encoder: str = "resnet18"
    stem_width: int = 16
    fusion_depth: int = 1
    heads: int = 4
    mlp_ratio: float = 2.0
    deviation: bool = False
    long_range_depth: int = 0
    stream_drop: float = 0.2
    stream_heads: bool = True
    object_rule: Literal["any", "majority"] = "any"


_BOTTLENECK = MultiStreamPreset(
    tile_size=256,
    strides=(2, 32),
    widths=(2, 32),
    signal_levels="coarsest",
    fusion="concat",
    decoder=(32, 16, 16, 8, 8),
)
_PYRAMID = MultiStreamPreset(
    tile_size=512,
    strides=(4, 8, 16, 32),
    widths=(64, 128, 192, 256),
    signal_levels="all",
    fusion="gated_sum",
    decoder=(256, 128, 64, 32, 16),
    rgb_encoder="resnet34",
)
_SMALL = "tu-mobilenetv2_050"
_TINY = "tu-mobilenetv2_035"

PRESETS: Mapping[str, MultiStreamPreset] = {
    "multistream": _BOTTLENECK,
    "multistream_small": replace(_BOTTLENECK, tile_size=512, rgb_encoder=_SMALL, signal_encoder=_SMALL),
    "multistream_tiny": replace(_BOTTLENECK, tile_size=128, rgb_encoder=_TINY, signal_encoder=_TINY, stem_width=8),
    "multistream_pyramid": _PYRAMID,
    "multistream_pyramid_small": replace(
        _PYRAMID, widths=(32, 48, 64, 96), decoder=(96, 64, 32, 16, 16), rgb_encoder=_SMALL, signal_encoder=_SMALL
    ),
    "multistream_pyramid_tiny": replace(
        _PYRAMID,
        tile_size=128,
        widths=(16, 24, 32, 32),
        decoder=(32, 24, 16, 16, 8),
        rgb_encoder=_TINY,
        signal_encoder=_TINY,
        stem_width=8,
    ),
}
