"""The network, read top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import nn

from forensics.models.fusion.presence import require_stream
from forensics.models.inputs import Localization, ModelInput, SignalInput, Streams
from forensics.models.multistream.level_fusion import LevelFusion
from forensics.models.multistream.streams import Level, PixelStream
from forensics.models.network import RGB, FusionNetwork, Levels
from signals.signal import SignalSpec


class MultiStream(FusionNetwork):
    """One encoder for each stream, fused level by level, and one decoder to the map.

    A stream has the levels that are no finer than its own grid. At the others it holds zeros and is left out of the
    fusion.

    Args:
        signals: Specifications of the signals, in the order of their streams.
        signal_streams: Their streams, by signal name: ``SignalInput`` -> levels.
        rgb_stream: Stream of the pixels, ``[B, 3, H, W]`` -> levels, or None.
        fusion: One for each level: all streams ``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``.
        deviation: One for each fused level, which compares each cell with all of them, of the same shape; or None.
        long_range: The same for the coarsest level; or None.
        decoder: Fused levels -> map logits.
        detection: Tokens and map logits -> score logits.
        stream_heads: Streams -> map logits of each stream alone; read by the training only.
        levels: The levels, finest first; a token is a cell of the last.
        stream_drop: See :class:`FusionNetwork`, as the others.

    Source: Siopi et al., Multi-Stream Fusion Network (MMM 2023), which fuses at the last level only.
    """

    def __init__(
        self,
        signals: Sequence[SignalSpec],
        signal_streams: nn.ModuleDict,
        rgb_stream: PixelStream | None,
        fusion: Sequence[LevelFusion],
        deviation: Sequence[nn.Module] | None,
        long_range: nn.Module | None,
        decoder: nn.Module,
        detection: nn.Module,
        stream_heads: nn.Module | None = None,
        *,
        levels: Sequence[Level],
        stream_drop: float,
        tile_size: int,
        object_rule: Literal["any", "majority"],
    ) -> None:
        super().__init__(
            signals,
            reads_pixels=rgb_stream is not None,
            stream_drop=stream_drop,
            patch_size=levels[-1].stride,
            tile_size=tile_size,
            object_rule=object_rule,
        )
        self.signal_streams = signal_streams
        self.rgb_stream = rgb_stream
        self.fusion = nn.ModuleList(fusion)
        self.deviation = nn.ModuleList(deviation or [nn.Identity() for _ in levels])
        self.long_range = long_range or nn.Identity()
        self.decoder = decoder
        self.detection = detection
        self.stream_heads = stream_heads
        self.levels = tuple(levels)

    @property
    def level_widths(self) -> tuple[int, ...]:
        """Width D of each level, finest first."""
        return tuple(level.width for level in self.levels)

    @property
    def readers(self) -> Mapping[str, nn.Module]:
        """The readers of the signals' streams."""
        streams: Mapping[str, Any] = dict(self.signal_streams.items())
        return {name: stream.reader for name, stream in streams.items()}

    def fuse(self, streams: Streams) -> Levels:
        """The fused levels; zeros where no stream that is there has the level.

        Raises:
            WrongUsage: A sample has no stream.
        """
        require_stream(streams.present)
        return tuple(fuse(level, streams.present) for fuse, level in zip(self.fusion, streams.levels, strict=True))

    def decode(self, fused: Levels) -> Localization:
        """The coarsest level is the tokens; all of them make the map."""
        compared = [compare(level) for compare, level in zip(self.deviation, fused, strict=True)]
        tokens = self.long_range(compared[-1])
        return Localization(tokens, self.decoder((*compared[:-1], tokens)))

    def run_stream(self, stream: nn.Module, signal: SignalInput, inputs: ModelInput) -> Levels:
        """Runs a :class:`forensics.models.multistream.streams.SignalStream`, whose ``has_level`` tells zeros apart."""
        levels: Levels = stream(signal)
        return levels

    def run_named(self, name: str, inputs: ModelInput) -> Levels:
        """See :meth:`FusionNetwork.run_named`."""
        if name == RGB:
            assert self.rgb_stream is not None
            levels: Levels = self.rgb_stream(inputs.rgb)
            return levels
        return self.run_stream(self.signal_streams[name], inputs.signals[name], inputs)
