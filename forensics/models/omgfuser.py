"""OMG-Fuser: object-guided fusion of forensic signals (CVPR Workshops 2024)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from forensics.models.attention import object_attention_mask
from forensics.models.fusion import stream_similarity
from forensics.models.inputs import ModelInput, ModelOutput, SignalInput
from forensics.models.positions import PositionTable
from signals.errors import WrongUsage

RGB = "rgb"


class OmgFuser(nn.Module):
    """One stream for each signal and one for the pixels, fused patch by patch, read by two heads.

    Any subset of the streams may be there: what is absent is left out, never replaced.

    Args:
        signal_streams: Streams of the signals, by signal name: ``(SignalInput, positions, mask) -> [B, D, h, w]``.
        rgb_stream: Stream of the pixels, ``[B, 3, H, W] -> [B, D, h, w]``, or None.
        positions: Position codes of the signal streams.
        fusion: ``[B, S, D, h, w]`` and ``present [B, S]`` -> ``[B, D, h, w]``.
        long_range: Blocks over all patches after fusion.
        localization: Tokens -> map logits.
        detection: Tokens and map logits -> score logits.
        stream_heads: Streams and their names -> map logits of each stream alone; read by the training only.
        stream_drop: Probability with which a stream is left out of a sample in training, never all of them.
        patch_size: Side of a patch in pixels.
        tile_size: Side in pixels of the pictures the network is meant to see at once.
        object_rule: When a patch belongs to an object, see :meth:`forensics.objects.ObjectMasks.membership`.
    """

    def __init__(
        self,
        signal_streams: nn.ModuleDict,
        rgb_stream: nn.Module | None,
        positions: PositionTable,
        fusion: nn.Module,
        long_range: nn.Module,
        localization: nn.Module,
        detection: nn.Module,
        stream_heads: nn.Module | None = None,
        *,
        stream_drop: float,
        patch_size: int,
        tile_size: int,
        object_rule: Literal["any", "majority"],
    ) -> None:
        super().__init__()
        self.signal_streams = signal_streams
        self.rgb_stream = rgb_stream
        self.positions = positions
        self.fusion = fusion
        self.long_range = long_range
        self.localization = localization
        self.detection = detection
        self.stream_heads = stream_heads
        self.stream_drop = stream_drop
        self.patch_size = patch_size
        self.tile_size = tile_size
        self.object_rule = object_rule

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Names of the signals the network reads, in the order of its streams."""
        return tuple(self.signal_streams)

    def forward(self, inputs: ModelInput) -> ModelOutput:
        """Localizes and detects in one go; for pictures larger than a tile call the three steps.

        Raises:
            WrongUsage: H or W is no multiple of the patch size, or a picture has no stream at all.
        """
        streams, present, names = self._streams(inputs)
        tokens = self.long_range(self.fusion(streams, present))
        map_logits = self.localize(tokens)
        score_logits = self.detect(tokens, map_logits)
        if self.stream_heads is None:
            alone, present = streams[:, :0, 0], present[:, :0]
        else:
            alone = self.stream_heads(streams, names)
        return ModelOutput(map_logits.float(), score_logits.float(), alone.float(), present)

    def encode(self, inputs: ModelInput) -> Tensor:
        """Everything below the heads: ``[B, D, h, w]``.

        Raises:
            WrongUsage: As :meth:`forward`.
        """
        streams, present, _ = self._streams(inputs)
        tokens: Tensor = self.long_range(self.fusion(streams, present))
        return tokens

    def localize(self, tokens: Tensor) -> Tensor:
        """Tokens ``[B, D, h, w]`` -> map logits ``[B, 1, H, W]``."""
        map_logits: Tensor = self.localization(tokens)
        return map_logits

    def detect(self, tokens: Tensor, map_logits: Tensor) -> Tensor:
        """Tokens ``[B, D, h, w]`` and map logits ``[B, 1, H, W]``, of any h and w -> score logits ``[B]``."""
        score_logits: Tensor = self.detection(tokens, map_logits)
        return score_logits

    def similarities(self, inputs: ModelInput) -> dict[str, Tensor]:
        """How much of each stream is in the fused tokens, to explain a result.

        Returns:
            By stream name (the signals', and ``rgb``): cosine similarity ``[B, h, w]`` in -1..1, 0 where absent.
        """
        streams, present, names = self._streams(inputs)
        similarity = stream_similarity(self.fusion(streams, present), streams)
        return dict(zip(names, similarity.unbind(1), strict=True))

    def _streams(self, inputs: ModelInput) -> tuple[Tensor, Tensor, list[str]]:
        """Runs every stream on the samples that have it: ``[B, S, D, h, w]``, ``present [B, S]``, the S names."""
        rows, columns = self._grid(inputs.rgb)
        names = [name for name in self.signal_names if name in inputs.signals]
        presence = [inputs.signals[name].present for name in names]
        if self.rgb_stream is not None:
            names.append(RGB)
            presence.append(torch.ones(len(inputs.rgb), dtype=torch.bool, device=inputs.rgb.device))
        if not names:
            raise WrongUsage(f"no stream to read; give at least one of the signals {', '.join(self.signal_names)}")
        present = self._drop_streams(torch.stack(presence, dim=1))

        mask = object_attention_mask(inputs.membership.flatten(2))
        positions = self.positions(rows, columns, inputs.rgb.device)
        streams = [self._run(name, inputs, positions, mask, present[:, s]) for s, name in enumerate(names)]
        found = next((stream for stream in streams if stream is not None), None)
        if found is None:
            raise WrongUsage("no picture of the batch has a stream to read; give at least one usable signal")
        filled = [torch.zeros_like(found) if stream is None else stream for stream in streams]
        return torch.stack(filled, dim=1), present, names

    def _run(self, name: str, inputs: ModelInput, positions: Tensor, mask: Tensor, present: Tensor) -> Tensor | None:
        """One stream, ``[B, D, h, w]`` with zeros for the samples without it; None if no sample has it."""
        # An exported graph has the streams of its example; a graph cannot branch on data.
        everywhere = torch.compiler.is_exporting() or bool(present.all())
        if everywhere:
            return self._stream(name, inputs, positions, mask, slice(None))
        samples = present.nonzero()[:, 0]
        if not len(samples):
            return None
        stream = self._stream(name, inputs, positions, mask, samples)
        return stream.new_zeros(len(present), *stream.shape[1:]).index_copy(0, samples, stream)

    def _stream(
        self, name: str, inputs: ModelInput, positions: Tensor, mask: Tensor, samples: slice | Tensor
    ) -> Tensor:
        stream: Tensor
        if name == RGB:
            assert self.rgb_stream is not None
            stream = self.rgb_stream(inputs.rgb[samples])
        else:
            signal = _select(inputs.signals[name], samples)
            stream = self.signal_streams[name](signal, positions, mask[samples])
        return stream

    def _drop_streams(self, present: Tensor) -> Tensor:
        """Leaves streams out at random in training; a sample that would lose all keeps what it has."""
        if not self.training or self.stream_drop == 0.0:
            return present
        kept = present & (torch.rand(present.shape, device=present.device) >= self.stream_drop)
        return torch.where(kept.any(1, keepdim=True), kept, present)

    def _grid(self, rgb: Tensor) -> tuple[int, int]:
        height, width = rgb.shape[2:]
        if height % self.patch_size or width % self.patch_size:
            raise WrongUsage(
                f"a picture of {width} x {height} pixels does not divide into patches of {self.patch_size}; "
                "pad it to a multiple"
            )
        return height // self.patch_size, width // self.patch_size


def _select(signal: SignalInput, samples: slice | Tensor) -> SignalInput:
    """The signal of some samples of the batch."""
    side = {name: tensor[samples] for name, tensor in signal.side.items()}
    return SignalInput(signal.values[samples], signal.valid[samples], signal.present[samples], side)
