"""The named sizes of early mixing, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal


@dataclass(frozen=True)
class EarlyMixPreset:
    """Sizes of an early-mix network.

    Attributes:
        tile_size: Side in pixels of the pictures it is meant to see at once.
        object_rule: When a patch belongs to an object; objects are not read.
        encoder: Encoder of both branches: ``tu-pvt_v2_b0`` .. ``tu-pvt_v2_b5`` of timm, or the published ``mit_b0`` ..
            ``mit_b5`` of SegFormer, equal in scales and widths, whose code in segmentation-models-pytorch has a license
            for research only.
        encoder_weights: File with weights for both branches, None for random ones.
        stack_widths: Channels of the three convolutions of each view's stack and of the mixing stack.
        mix_dropout: Dropout of the views before they are mixed.
        rectification: How much of the other branch is added to each, weighed by channel and by place.
        head_width: Channels of the decoder.
        stream_drop: Probability with which a view is left out of a sample in training; the pixels never are.
    """

    builder: ClassVar[str] = "forensics.models.early_mix.build"

    tile_size: int = 512
    object_rule: Literal["any", "majority"] = "any"
    encoder: str = "tu-pvt_v2_b2"
    encoder_weights: str | None = None
    stack_widths: tuple[int, int, int] = (24, 48, 96)
    mix_dropout: float = 0.33
    rectification: float = 0.5
    head_width: int = 512
    stream_drop: float = 0.15


_PAPER = EarlyMixPreset()
_SMALL = replace(_PAPER, encoder="tu-pvt_v2_b0", stack_widths=(12, 24, 48), head_width=128)

PRESETS: Mapping[str, EarlyMixPreset] = {
    "early_mix": _PAPER,
    "early_mix_small": _SMALL,
    "early_mix_tiny": replace(_SMALL, tile_size=128, stack_widths=(8, 8, 16), mix_dropout=0.0, head_width=32),
}
