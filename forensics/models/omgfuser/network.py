"""The network, read top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import nn

from forensics.models.inputs import Localization, ModelInput, SignalInput, Streams
from forensics.models.network import RGB, FusionNetwork, Levels
from forensics.models.positions import PositionTable
from signals.signal import SignalSpec


class OmgFuser(FusionNetwork):
    """Streams of tokens, guided by objects, fused patch by patch, put in order by a long-range transformer.

    Args:
        signals: Specifications of the signals, in the order of their streams.
        signal_streams: Their streams, by signal name: ``(SignalInput, positions, mask) -> [B, D, h, w]``.
        rgb_stream: Stream of the pixels, ``[B, 3, H, W] -> [B, D, h, w]``, or None.
        positions: Position codes of the signal streams.
        fusion: ``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``.
        long_range: Blocks over all patches after fusion.
        localization: Tokens -> map logits.
        detection: Tokens and map logits -> score logits.
        stream_heads: Streams -> map logits of each stream alone; read by the training only.
        width: Width D of a token.
        looks_at_objects: Whether the streams of the signals are guided by objects; where not, every patch sees all.
        stream_drop: See :class:`FusionNetwork`, as the others.
    """

    def __init__(
        self,
        signals: Sequence[SignalSpec],
        signal_streams: nn.ModuleDict,
        rgb_stream: nn.Module | None,
        positions: PositionTable,
        fusion: nn.Module,
        long_range: nn.Module,
        localization: nn.Module,
        detection: nn.Module,
        stream_heads: nn.Module | None = None,
        *,
        width: int,
        looks_at_objects: bool,
        stream_drop: float,
        patch_size: int,
        tile_size: int,
        object_rule: Literal["any", "majority"],
    ) -> None:
        super().__init__(
            signals,
            reads_pixels=rgb_stream is not None,
            stream_drop=stream_drop,
            patch_size=patch_size,
            tile_size=tile_size,
            object_rule=object_rule,
        )
        self.signal_streams = signal_streams
        self.rgb_stream = rgb_stream
        self.positions = positions
        self.fusion = fusion
        self.long_range = long_range
        self.localization = localization
        self.detection = detection
        self.stream_heads = stream_heads
        self.looks_at_objects = looks_at_objects
        self._width = width

    @property
    def level_widths(self) -> tuple[int, ...]:
        """One level of tokens."""
        return (self._width,)

    @property
    def readers(self) -> Mapping[str, nn.Module]:
        """The readers of the tokenizers."""
        streams: Mapping[str, Any] = dict(self.signal_streams.items())
        return {name: stream.tokenizer.reader for name, stream in streams.items()}

    def fuse(self, streams: Streams) -> Levels:
        """The fused tokens ``[B, D, h, w]``, as the only level."""
        return (self.fusion(streams.levels[0], streams.present),)

    def decode(self, fused: Levels) -> Localization:
        """Puts the fused tokens in relation to each other, and localizes."""
        tokens = self.long_range(fused[0])
        return Localization(tokens, self.localization(tokens))

    def run_stream(self, stream: nn.Module, signal: SignalInput, inputs: ModelInput) -> Levels:
        """Runs a :class:`forensics.models.streams.SignalStream`."""
        rows, columns = self.grid(inputs.rgb)
        positions = self.positions(rows, columns, inputs.rgb.device)
        return (stream(signal, positions, inputs.guide),)

    def run_named(self, name: str, inputs: ModelInput) -> Levels:
        """See :meth:`FusionNetwork.run_named`."""
        if name == RGB:
            assert self.rgb_stream is not None
            return (self.rgb_stream(inputs.rgb),)
        return self.run_stream(self.signal_streams[name], inputs.signals[name], inputs)
