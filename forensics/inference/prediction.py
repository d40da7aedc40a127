"""What a network and its signals say of one whole picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forensics.calibration.calibration import Reading
from forensics.inference.contributions import Contribution
from forensics.objects import ObjectMasks
from signals import SignalMap


@dataclass(frozen=True)
class Prediction:
    """One picture's result, in stored orientation.

    Attributes:
        map: float32 ``[H, W]`` in 0..1 through the checkpoint's fixed monotone remapping: 0.5 is the
            operating point chosen on development data. It is not a probability.
        valid: bool ``[H, W]``; False where nothing could be decoded.
        score: 0..1 for the whole picture, remapped likewise: 0.5 is the operating point.
        signals: Every signal the checkpoint asks for, usable or not, in its order.
        objects: The object masks that guided the streams.
        seconds: Wall time of each stage by name, in the order they ran.
        contributions: What each stream adds to the score; empty unless it was asked for. Of a picture of very many
            tiles those count that look most altered.
        similarities: By stream name: float32 ``[h, w]`` on the patch grid in -1..1, how much of the stream is in the
            fused tokens; a cheap hint of where the network looked at what.
        confidence: float32 ``[H, W]`` in 0..1: how probable the network finds it that its own map is right about a
            pixel; None for checkpoints without a confidence head.
        reading: What the checkpoint's calibration makes of the score; None for checkpoints without one.
    """

    map: NDArray[np.float32]
    valid: NDArray[np.bool_]
    score: float
    signals: tuple[SignalMap, ...]
    objects: ObjectMasks
    seconds: Mapping[str, float] = field(default_factory=dict)
    contributions: tuple[Contribution, ...] = ()
    similarities: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    confidence: NDArray[np.float32] | None = None
    reading: Reading | None = None
