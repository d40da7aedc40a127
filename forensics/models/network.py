"""What every network of the fusion family is to those who train, run, explain, expand and export it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from forensics.models.fusion import stream_similarity
from forensics.models.inputs import Localization, ModelInput, ModelOutput, SignalInput, Streams
from signals.errors import WrongUsage
from signals.signal import SignalSpec

RGB = "rgb"

Levels = tuple[Tensor, ...]


class FusionNetwork(nn.Module, ABC):
    """One stream for each signal and, where pixels are read, one for them; fused, decoded to a map, and scored.

    Any subset of the streams may be there: what is absent is left out, never replaced. The steps can be called one by
    one: ``encode`` runs the streams, ``fuse`` merges those that are there, ``decode`` localizes, ``detect`` scores.

    Args:
        signals: Specifications of the signals to read, in the order of their streams.
        reads_pixels: Whether there is a stream ``rgb`` of the pixels, the last one.
        stream_drop: Probability with which a stream is left out of a sample in training, never all of them.
        always: Names of streams that are never left out in training.
        required: Names of streams that it cannot do without.
        patch_size: Pixels a token in both directions; pictures are multiples of it.
        tile_size: Side in pixels of the pictures the network is meant to see at once.
        object_rule: When a patch belongs to an object, see :meth:`forensics.objects.ObjectMasks.membership`.

    Attributes:
        looks_at_objects: Whether ``membership`` is read at all; where not, finding the objects can be spared.
        detection: Tokens and map logits -> score logits; every family sets its own.
        stream_heads: Streams of the last level -> map logits of each stream alone, read by the training only; None
            where a family has none.
        confidence: Tokens -> confidence logits; None until it is given one.
    """

    looks_at_objects: bool = False
    detection: nn.Module

    def __init__(
        self,
        signals: Sequence[SignalSpec],
        *,
        reads_pixels: bool,
        stream_drop: float,
        always: Collection[str] = (),
        required: Collection[str] = (),
        patch_size: int,
        tile_size: int,
        object_rule: Literal["any", "majority"],
    ) -> None:
        super().__init__()
        self.specs = tuple(signals)
        self.signal_names = tuple(spec.name for spec in signals)
        self.stream_names = (*self.signal_names, RGB) if reads_pixels else self.signal_names
        self.stream_drop = stream_drop
        self.required = frozenset(required)
        self.always = frozenset(always) | self.required
        self.patch_size = patch_size
        self.tile_size = tile_size
        self.object_rule = object_rule
        self.stream_heads: nn.Module | None = None
        self.confidence: nn.Module | None = None

    @property
    @abstractmethod
    def level_widths(self) -> tuple[int, ...]:
        """Width D of each fused level, finest first."""

    @property
    def token_width(self) -> int:
        """Width D of the tokens that :meth:`decode` gives; that of the last level unless a family says otherwise."""
        return self.level_widths[-1]

    @property
    @abstractmethod
    def readers(self) -> Mapping[str, nn.Module]:
        """What turns each signal's values into numbers, by signal name; see ``forensics.models.readers``."""

    def encode(self, inputs: ModelInput, present: Tensor) -> Streams:
        """Runs every stream on the samples that have it.

        Args:
            inputs: The batch.
            present: bool ``[B, S]``: the streams to run, at most those of :meth:`presence`.

        Raises:
            WrongUsage: H or W is no multiple of the patch size, or no sample has a stream.
        """
        self.grid(inputs.rgb)
        return run_where_present(inputs, present, self.stream_names, self.run_named)

    @abstractmethod
    def run_named(self, name: str, inputs: ModelInput) -> Levels:
        """Runs the stream of that name, one of ``stream_names``: ``[B, D, h, w]`` for each level."""

    @abstractmethod
    def fuse(self, streams: Streams) -> Levels:
        """Merges the streams that are there: ``[B, D, h, w]`` for each level, finest first.

        Raises:
            WrongUsage: A sample has no stream.
        """

    @abstractmethod
    def decode(self, fused: Levels) -> Localization:
        """Fused levels -> tokens and map logits."""

    def detect(self, tokens: Tensor, map_logits: Tensor) -> Tensor:
        """Tokens ``[B, D, h, w]`` and map logits ``[B, 1, H, W]``, of any h and w -> score logits ``[B]``."""
        score_logits: Tensor = self.detection(tokens, map_logits)
        return score_logits

    @abstractmethod
    def run_stream(self, stream: nn.Module, signal: SignalInput, inputs: ModelInput) -> Levels:
        """Runs one signal's stream of this network's kind, in it or new: ``[B, D, h, w]`` for each level.

        Args:
            stream: As the family's ``build_stream`` makes it.
            signal: The signal of B pictures.
            inputs: The same B pictures.
        """

    def forward(self, inputs: ModelInput) -> ModelOutput:
        """Localizes and scores in one go; for pictures larger than a tile call the steps.

        Raises:
            WrongUsage: H or W is no multiple of the patch size, or a picture has no stream at all.
        """
        streams = self.encode(inputs, self.drop_streams(self.presence(inputs)))
        seen = self.decode(self.fuse(streams))
        confidence = None if self.confidence is None else self.confidence(seen.tokens).float()
        return ModelOutput(
            seen.map_logits.float(),
            self.detect(seen.tokens, seen.map_logits).float(),
            self.stream_logits(streams).float(),
            streams.present,
            confidence,
        )

    def localize(self, inputs: ModelInput) -> Localization:
        """The tokens and the map of one tile, from all streams that are there.

        Raises:
            WrongUsage: As :meth:`forward`.
        """
        return self.decode(self.fuse(self.encode(inputs, self.presence(inputs))))

    def presence(self, inputs: ModelInput) -> Tensor:
        """Which of the S streams each picture has: bool ``[B, S]``."""
        batch, device = inputs.rgb.shape[0], inputs.rgb.device
        columns = []
        for name in self.stream_names:
            signal = inputs.signals.get(name)
            if name == RGB:
                columns.append(torch.ones(batch, dtype=torch.bool, device=device))
            elif signal is None:
                columns.append(torch.zeros(batch, dtype=torch.bool, device=device))
            else:
                columns.append(signal.present)
        return torch.stack(columns, dim=1)

    def drop_streams(self, present: Tensor) -> Tensor:
        """Leaves streams out at random in training; a sample that would lose all keeps what it has."""
        if not self.training or self.stream_drop == 0.0:
            return present
        staying = torch.rand(present.shape, device=present.device) >= self.stream_drop
        for column, name in enumerate(self.stream_names):
            if name in self.always:
                staying[:, column] = True
        kept = present & staying
        return torch.where(kept.any(1, keepdim=True), kept, present)

    def stream_logits(self, streams: Streams) -> Tensor:
        """What each stream says alone: ``[B, S, h, w]``; ``[B, 0, h, w]`` for networks without such heads."""
        if self.stream_heads is None:
            return streams.levels[-1][:, :0, 0]
        logits: Tensor = self.stream_heads(streams.levels[-1])
        return logits

    def similarities(self, streams: Streams, fused: Levels) -> Tensor | None:
        """How much of each stream is in the fused tokens of the coarsest level, a cheap hint to explain a result.

        Returns:
            Cosine similarity ``[B, S, h, w]`` in -1..1, 0 where absent; None for networks whose streams and fused
            tokens cannot be compared.
        """
        similarity = stream_similarity(fused[-1], streams.levels[-1])
        return torch.where(streams.present[:, :, None, None], similarity, 0.0)

    def grid(self, rgb: Tensor) -> tuple[int, int]:
        """Rows and columns of the token grid of pixels ``[B, 3, H, W]``.

        Raises:
            WrongUsage: H or W is no multiple of the patch size.
        """
        height, width = rgb.shape[2:]
        if height % self.patch_size or width % self.patch_size:
            raise WrongUsage(
                f"a picture of {width} x {height} pixels does not divide into patches of {self.patch_size}; "
                "pad it to a multiple"
            )
        return height // self.patch_size, width // self.patch_size


def run_where_present(
    inputs: ModelInput, present: Tensor, names: Sequence[str], run: Callable[[str, ModelInput], Levels]
) -> Streams:
    """Runs each stream on the samples that have it and stacks what they say, with zeros elsewhere.

    Args:
        inputs: The batch of B pictures.
        present: bool ``[B, S]``.
        names: The S streams.
        run: Stream name and those pictures of the batch that have it -> ``[b, D, h, w]`` for each level; the same
            shapes for every stream.

    Raises:
        WrongUsage: No sample has a stream.
    """
    found = [_run_one(inputs, present[:, s], name, run) for s, name in enumerate(names)]
    example = next((levels for levels in found if levels is not None), None)
    if example is None:
        raise WrongUsage(
            f"no picture of the batch has a stream to read; give at least one of the signals {', '.join(names)}"
        )
    empty = tuple(torch.zeros_like(level) for level in example)
    filled = [levels or empty for levels in found]
    return Streams(tuple(torch.stack(level, dim=1) for level in zip(*filled, strict=True)), present)


def _run_one(inputs: ModelInput, present: Tensor, name: str, run: Callable[[str, ModelInput], Levels]) -> Levels | None:
    # An exported graph has the streams of its example; a graph cannot branch on data.
    if torch.compiler.is_exporting():
        return run(name, inputs) if name == RGB or name in inputs.signals else None
    if bool(present.all()):
        return run(name, inputs)
    samples = present.nonzero()[:, 0]
    if not len(samples):
        return None
    levels = run(name, inputs.select(samples))
    return tuple(level.new_zeros(len(present), *level.shape[1:]).index_copy(0, samples, level) for level in levels)
