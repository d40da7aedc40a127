"""The named sizes of the baseline, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal


@dataclass(frozen=True)
class RgbUnetPreset:
    """Sizes of a U-Net that reads pixels only.

    Attributes:
        tile_size: Side in pixels of the pictures it is meant to see at once.
        encoder: Name of an encoder of segmentation-models-pytorch.
        weights: File with weights of the encoder; None for random ones.
        decoder: Widths of the decoder, a doubling each, from 1/32 of the picture to pixels.
        object_rule: When a patch belongs to an object; the network does not look at objects.
    """

    builder: ClassVar[str] = "forensics.models.rgb_baseline.build"

    tile_size: int = 512
    encoder: str = "resnet34"
    weights: str | None = None
    decoder: tuple[int, ...] = (256, 128, 64, 32, 16)
    object_rule: Literal["any", "majority"] = "any"


_UNET = RgbUnetPreset()

PRESETS: Mapping[str, RgbUnetPreset] = {
    "rgb_unet": _UNET,
    "rgb_unet_small": replace(_UNET, encoder="tu-mobilenetv2_050", decoder=(96, 64, 32, 16, 16)),
    "rgb_unet_tiny": replace(_UNET, tile_size=128, encoder="tu-mobilenetv2_035", decoder=(32, 24, 16, 16, 8)),
}
