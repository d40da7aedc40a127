"""The named sizes of OwAF, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal


@dataclass(frozen=True)
class OwafPreset:
    """Sizes of an OwAF.

    Attributes:
        tile_size: Side in pixels of the pictures it is meant to see at once.
        object_rule: When a patch belongs to an object; objects are not read.
        patch_size: Side in pixels of a token of the detection head.
        stride: Pixels from one cell of the common grid to the next; divides the patch.
        width: Channels C.
        residual_blocks: Blocks between the merged maps and the first group.
        groups: Groups of operation layers, each with weights of its own.
        layers: Operation layers of a group.
        scaling: What makes the maps alike: their mean and deviation over the training pictures, or, as published,
            smallest and largest value of each map. The first is the default: a map that says nothing anywhere stays
            so, while its own extremes would blow up what is chance, and differ from tile to tile.
        gate: Whether positions weigh the maps. As published the merged map is their sum, here over their number.
        stream_drop: Probability with which a map is left out of a sample in training.
    """

    builder: ClassVar[str] = "forensics.models.owaf.build"

    tile_size: int = 512
    object_rule: Literal["any", "majority"] = "majority"
    patch_size: int = 16
    stride: int = 4
    width: int = 16
    residual_blocks: int = 4
    groups: int = 10
    layers: int = 4
    scaling: Literal["fixed", "minmax"] = "fixed"
    gate: bool = False
    stream_drop: float = 0.15


_PAPER = OwafPreset()
_SMALL = replace(_PAPER, stride=8, groups=4, residual_blocks=2, gate=True)

PRESETS: Mapping[str, OwafPreset] = {
    "owaf": _PAPER,
    "owaf_small": _SMALL,
    "owaf_tiny": replace(_SMALL, tile_size=128, groups=1, residual_blocks=1),
}
