"""Puts an OwAF together."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from forensics.models.fusion.gated_sum import GatedSum
from forensics.models.fusion.operation_wise_attention import OperationWiseAttention, OperationWiseFusion
from forensics.models.heads import PooledDetectionHead
from forensics.models.initialization import initialize
from forensics.models.owaf.network import DepthwiseResidualBlock, MeanOfPresent, Owaf
from forensics.models.owaf.preset import OwafPreset
from forensics.models.owaf.score_stem import MinMaxReader, ScoreStem
from forensics.models.readers import NumericReader
from signals.errors import WrongUsage
from signals.signal import SignalSpec


def build(preset: OwafPreset, signals: Sequence[SignalSpec]) -> Owaf:
    """A network with random weights; see :func:`forensics.models.create_model`."""
    if not signals:
        raise WrongUsage("owaf reads no pixels and needs at least one signal; give it score signals")
    if preset.patch_size % preset.stride:
        raise WrongUsage(
            f"cells of {preset.stride} pixels do not divide patches of {preset.patch_size}; set stride to a divisor"
        )
    width = preset.width
    blocks = [DepthwiseResidualBlock(width) for _ in range(preset.residual_blocks)]
    groups = [OperationWiseAttention(width, preset.layers) for _ in range(preset.groups)]
    merge = GatedSum(width, len(signals)) if preset.gate else MeanOfPresent()
    return Owaf(
        signals,
        nn.ModuleDict({spec.name: build_stream(preset, spec) for spec in signals}),
        initialize(OperationWiseFusion(merge, nn.Sequential(*blocks, *groups))),
        initialize(nn.Conv2d(width, 1, 3, padding=1)),
        initialize(PooledDetectionHead(width)),
        stride=preset.stride,
        width=width,
        stream_drop=preset.stream_drop,
        patch_size=preset.patch_size,
        tile_size=preset.tile_size,
        object_rule=preset.object_rule,
    )


def build_stream(preset: OwafPreset, spec: SignalSpec) -> ScoreStem:
    """A new stem for ``spec`` with random weights.

    Raises:
        WrongUsage: The signal is no score map.
    """
    if spec.kind != "score":
        raise WrongUsage(
            f"owaf fuses score maps, and signal {spec.name} is a {spec.kind}; "
            "give score signals, or take a network that reads features, such as omgfuser_feature"
        )
    reader = NumericReader(spec) if preset.scaling == "fixed" else MinMaxReader(spec.channels)
    return initialize(ScoreStem(spec, reader, preset.stride, preset.width))
