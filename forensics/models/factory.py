"""Builds a network from a preset and the signals it is to read."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from torch import nn

from forensics.models.network import RGB, FusionNetwork
from forensics.models.presets import get_preset
from signals.errors import WrongUsage
from signals.signal import SignalSpec


def create_model(name: str, signals: Sequence[SignalSpec], **overrides: Any) -> FusionNetwork:
    """Builds a network with random weights.

    Args:
        name: One of :func:`forensics.models.list_models`.
        signals: Specifications of the signals to read, in the order of the streams.
        **overrides: Fields of the preset to change, such as
            :class:`forensics.models.omgfuser.preset.OmgFuserPreset`.

    Raises:
        WrongUsage: An unknown name or setting, a signal given twice, a signal that the family cannot read.
        CheckpointMissing: Weights asked for are not there.

    Example:
        >>> from signals.signal import SignalSpec
        >>> model = create_model("omgfuser_feature_tiny", [SignalSpec("noise", "1")])
        >>> model.signal_names
        ('noise',)
    """
    preset = get_preset(name, **overrides)
    names = [spec.name for spec in signals]
    if len(set(names)) != len(names):
        raise WrongUsage(f"signals {', '.join(names)} name one twice; name each once")
    if RGB in names:
        raise WrongUsage(f"a signal cannot be called {RGB!r}, the name of the pixels; give it another name")
    for reserved in sorted(set(names) & set(dir(nn.ModuleDict()))):
        raise WrongUsage(f"a signal cannot be called {reserved!r}, a word of PyTorch's own; give it another name")
    network: FusionNetwork = import_module(preset.builder).build(preset, tuple(signals))
    return network


def create_stream(name: str, spec: SignalSpec, **overrides: Any) -> nn.Module:
    """A new stream for ``spec``, of the kind and sizes of a network; see :meth:`FusionNetwork.run_stream`.

    Args:
        name: Name of the network.
        spec: The signal.
        **overrides: As :func:`create_model`.

    Raises:
        WrongUsage: As :func:`create_model`, or the family cannot take a further signal.
    """
    preset = get_preset(name, **overrides)
    stream: nn.Module = import_module(preset.builder).build_stream(preset, spec)
    return stream
