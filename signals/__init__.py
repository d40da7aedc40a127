"""Forensic signals: what a picture's bytes and pixels say before any network has looked.

>>> from signals import Evidence, get_signal
>>> signal_map = get_signal("dct").extract(Evidence.open("photo.jpg"))  # doctest: +SKIP
"""

from __future__ import annotations

from signals.errors import (
    CheckpointMismatch,
    CheckpointMissing,
    ForensicsError,
    NoPictures,
    OutputNotWritable,
    UnknownSignal,
    UnreadableImage,
    UnsupportedImage,
    WrongUsage,
)
from signals.evidence import Evidence
from signals.registry import broken_signals, get_signal, list_signals, register_signal
from signals.signal import Signal, SignalMap, SignalSpec, Unusable

__all__ = [
    "CheckpointMismatch",
    "CheckpointMissing",
    "Evidence",
    "ForensicsError",
    "NoPictures",
    "OutputNotWritable",
    "Signal",
    "SignalMap",
    "SignalSpec",
    "UnknownSignal",
    "UnreadableImage",
    "UnsupportedImage",
    "Unusable",
    "WrongUsage",
    "broken_signals",
    "get_signal",
    "list_signals",
    "register_signal",
]
