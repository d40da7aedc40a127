"""The tensors a network takes and gives. B batch, C channels, H, W pixels, h, w patches, K objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from forensics.models.object_attention import ObjectGuide


@dataclass(frozen=True)
class SignalInput:
    """One signal of a batch.

    Attributes:
        values: ``[B, C, H / stride, W / stride]`` in the signal's own dtype.
        valid: bool ``[B, H / stride, W / stride]``.
        present: bool ``[B]``; False where the signal could not be read and is left out.
        side: Named tensors ``[B, ...]``.
    """

    values: Tensor
    valid: Tensor
    present: Tensor
    side: Mapping[str, Tensor] = field(default_factory=dict)

    def to(self, device: torch.device) -> SignalInput:
        """The same on another device."""
        side = {name: value.to(device) for name, value in self.side.items()}
        return SignalInput(self.values.to(device), self.valid.to(device), self.present.to(device), side)

    def select(self, samples: Tensor) -> SignalInput:
        """The signal of some samples of the batch, given by their numbers."""
        side = {name: value[samples] for name, value in self.side.items()}
        return SignalInput(self.values[samples], self.valid[samples], self.present[samples], side)


@dataclass(frozen=True)
class ModelInput:
    """A batch. H and W are multiples of the network's patch size.

    Attributes:
        rgb: float32 ``[B, 3, H, W]`` in 0..1.
        signals: By signal name; a signal that no picture of the batch has may be missing.
        membership: bool ``[B, K, h, w]``: patch (i, j) belongs to object k. The background is one of the objects.
    """

    rgb: Tensor
    signals: Mapping[str, SignalInput]
    membership: Tensor

    @cached_property
    def guide(self) -> ObjectGuide:
        """Which patches may attend to which, made once for all streams."""
        return ObjectGuide(self.membership.flatten(2))

    def to(self, device: torch.device) -> ModelInput:
        """The same on another device."""
        signals = {name: signal.to(device) for name, signal in self.signals.items()}
        return ModelInput(self.rgb.to(device), signals, self.membership.to(device))

    def select(self, samples: Tensor) -> ModelInput:
        """Some samples of the batch, given by their numbers."""
        signals = {name: signal.select(samples) for name, signal in self.signals.items()}
        return ModelInput(self.rgb[samples], signals, self.membership[samples])


@dataclass(frozen=True)
class Streams:
    """What the streams say of a batch before they are fused.

    Attributes:
        levels: ``[B, S, D, h, w]`` for each level of detail, finest first; one level where tokens are fused. What
            absent streams hold is never read.
        present: bool ``[B, S]``.
    """

    levels: tuple[Tensor, ...]
    present: Tensor

    def only(self, present: Tensor) -> Streams:
        """The same with fewer streams there; bool ``[B, S]`` or ``[S]``."""
        return Streams(self.levels, self.present & present)


@dataclass(frozen=True)
class Localization:
    """Where a picture was changed, and what a score is made from.

    Attributes:
        tokens: ``[B, D, h, w]``, one a patch.
        map_logits: ``[B, 1, H, W]``; higher means altered.
    """

    tokens: Tensor
    map_logits: Tensor


@dataclass(frozen=True)
class ModelOutput:
    """What a network says of a batch.

    Attributes:
        map_logits: float32 ``[B, 1, H, W]``; higher means altered.
        score_logits: float32 ``[B]``; higher means the picture is altered.
        stream_logits: float32 ``[B, S, h, w]``: what each stream says alone, a patch; S is 0 for networks
            without heads of their own for the streams.
        present: bool ``[B, S]``: the streams that were read.
        confidence_logits: float32 ``[B, 1, H, W]``; higher means the map is more likely right. None for networks
            without a confidence head.
    """

    map_logits: Tensor
    score_logits: Tensor
    stream_logits: Tensor
    present: Tensor
    confidence_logits: Tensor | None = None
