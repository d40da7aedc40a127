"""The tensors a network takes and gives. B batch, C channels, H, W pixels, h, w patches, K objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor


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

    def to(self, device: torch.device) -> ModelInput:
        """The same on another device."""
        signals = {name: signal.to(device) for name, signal in self.signals.items()}
        return ModelInput(self.rgb.to(device), signals, self.membership.to(device))


@dataclass(frozen=True)
class ModelOutput:
    """What a network says of a batch.

    Attributes:
        map_logits: float32 ``[B, 1, H, W]``; higher means altered.
        score_logits: float32 ``[B]``; higher means the picture is altered.
        stream_logits: float32 ``[B, S, h, w]``: what each stream says alone, a patch; S is 0 for networks
            without heads of their own for the streams.
        present: bool ``[B, S]``: the streams that were there.
    """

    map_logits: Tensor
    score_logits: Tensor
    stream_logits: Tensor
    present: Tensor
