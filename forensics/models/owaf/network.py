"""The network, read top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from torch import Tensor, nn
from torch.nn import functional

from forensics.models.fusion.presence import present_mean, require_stream
from forensics.models.inputs import Localization, ModelInput, SignalInput, Streams
from forensics.models.network import FusionNetwork, Levels
from signals.signal import SignalSpec


class Owaf(FusionNetwork):
    """Score maps on a common grid, merged, refined by operation-wise attention; no pixels.

    Args:
        signals: Specifications of the maps, in the order of their streams.
        stems: Their stems, by name.
        fusion: ``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``.
        localization: ``[B, D, h, w]`` -> map logits ``[B, 1, h, w]`` on the common grid.
        detection: Tokens and map logits -> score logits.
        stride: Pixels from one cell of the common grid to the next.
        width: Channels D.
        stream_drop: See :class:`FusionNetwork`, as the others.

    Source: OwAF (Charitidis et al., CBMI 2021).
    """

    def __init__(
        self,
        signals: Sequence[SignalSpec],
        stems: nn.ModuleDict,
        fusion: nn.Module,
        localization: nn.Module,
        detection: nn.Module,
        *,
        stride: int,
        width: int,
        stream_drop: float,
        patch_size: int,
        tile_size: int,
        object_rule: Literal["any", "majority"],
    ) -> None:
        super().__init__(
            signals,
            reads_pixels=False,
            stream_drop=stream_drop,
            patch_size=patch_size,
            tile_size=tile_size,
            object_rule=object_rule,
        )
        self.stems = stems
        self.fusion = fusion
        self.localization = localization
        self.detection = detection
        self.stride = stride
        self._width = width

    @property
    def level_widths(self) -> tuple[int, ...]:
        """One level, on the common grid."""
        return (self._width,)

    @property
    def readers(self) -> Mapping[str, nn.Module]:
        """The readers of the stems."""
        stems: Mapping[str, Any] = dict(self.stems.items())
        return {name: stem.reader for name, stem in stems.items()}

    def fuse(self, streams: Streams) -> Levels:
        """The merged and refined maps ``[B, D, h, w]``, as the only level."""
        return (self.fusion(streams.levels[0], streams.present),)

    def decode(self, fused: Levels) -> Localization:
        """Localizes on the common grid and enlarges; the tokens are the means over patches."""
        tokens = functional.avg_pool2d(fused[0], self.patch_size // self.stride)
        logits = self.localization(fused[0])
        return Localization(tokens, functional.interpolate(logits, scale_factor=self.stride, mode="bilinear"))

    def run_stream(self, stream: nn.Module, signal: SignalInput, inputs: ModelInput) -> Levels:
        """Runs a :class:`forensics.models.owaf.score_stem.ScoreStem`."""
        rows, columns = (side // self.stride for side in inputs.rgb.shape[2:])
        return (stream(signal, rows, columns),)

    def run_named(self, name: str, inputs: ModelInput) -> Levels:
        """See :meth:`FusionNetwork.run_named`."""
        return self.run_stream(self.stems[name], inputs.signals[name], inputs)


class MeanOfPresent(nn.Module):
    """The published merge: one convolution of all maps is the sum of one a map, here over the number of maps."""

    def forward(self, streams: Tensor, present: Tensor) -> Tensor:
        """``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``.

        Raises:
            WrongUsage: A sample has no stream.
        """
        require_stream(present)
        return present_mean(streams, present)


class DepthwiseResidualBlock(nn.Module):
    """Adds two separable 3x3 convolutions with a ReLU between them to their input.

    Args:
        width: Channels D.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, groups=width),
            nn.Conv2d(width, width, 1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, groups=width),
            nn.Conv2d(width, width, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """``[B, D, h, w]`` -> ``[B, D, h, w]``."""
        return cast(Tensor, features + self.branch(features))
