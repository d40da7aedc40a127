"""Signals by name: the ones that ship, and those that other packages add through entry points."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable

from signals.errors import UnknownSignal, WrongUsage, did_you_mean
from signals.signal import Signal

ENTRY_POINT_GROUP = "tracefuse.signals"

SignalFactory = Callable[[], Signal]

# "module:attribute", so that naming a signal does not import what it computes with.
_BUILT_IN = {
    "adq1": "signals.compression.adq1:Adq1",
    "adq2": "signals.compression.adq2:Adq2",
    "bayar": "signals.noise.bayar:Bayar",
    "blk": "signals.grid.blk:Blk",
    "cagi": "signals.grid.cagi:Cagi",
    "cfa_dirik": "signals.interpolation.cfa_dirik:CfaDirik",
    "cfa_ferrara": "signals.interpolation.cfa_ferrara:CfaFerrara",
    "copymove": "signals.copymove.features:Copymove",
    "copymove_altered": "signals.copymove.altered:CopymoveAltered",
    "copymove_duplicated": "signals.copymove.duplicated:CopymoveDuplicated",
    "dct": "signals.compression.dct:Dct",
    "dct_ye": "signals.compression.dct_ye:DctYe",
    "ela": "signals.compression.ela:Ela",
    "ela_score": "signals.compression.ela_score:ElaScore",
    "ghost": "signals.compression.ghost:Ghost",
    "nadq": "signals.compression.nadq:Nadq",
    "noise": "signals.noise.learned.noise:Noise",
    "noise_low": "signals.noise.noise_low:NoiseLow",
    "noise_median": "signals.noise.noise_median:NoiseMedian",
    "noise_pca": "signals.noise.noise_pca:NoisePca",
    "noise_score": "signals.noise.learned.noise_score:NoiseScore",
    "noise_wavelet": "signals.noise.noise_wavelet:NoiseWavelet",
    "resampling": "signals.interpolation.resampling:Resampling",
    "splicebuster": "signals.noise.splicebuster:Splicebuster",
    "splicebuster_counts": "signals.noise.splicebuster_counts:SplicebusterCounts",
    "srm": "signals.noise.srm:Srm",
    "zero": "signals.grid.zero:Zero",
    "zero_votes": "signals.grid.zero_votes:ZeroVotes",
}
_registered: dict[str, SignalFactory] = {}
_instances: dict[str, Signal] = {}


def register_signal(name: str, factory: SignalFactory) -> None:
    """Makes a signal known under a name, for this process.

    Args:
        name: Name of the signal; must equal the ``spec.name`` of what ``factory`` makes.
        factory: Makes the signal; called once, when the signal is first asked for.

    Raises:
        WrongUsage: The name is taken.
    """
    if name in _BUILT_IN or name in _registered:
        raise WrongUsage(f"{name}: a signal of this name exists already; names are unique; choose another name.")
    _registered[name] = factory


def list_signals() -> list[str]:
    """Names of all signals that can be made, sorted; broken third-party signals are left out."""
    names = {*_BUILT_IN, *_registered, *_entry_points()}
    return sorted(names - set(broken_signals()))


def broken_signals() -> dict[str, str]:
    """Third-party signals that are installed but cannot be loaded, each with the reason in one line."""
    reasons = {}
    for name in _entry_points():
        try:
            _from_entry_point(name)
        except Exception as error:  # a stranger's package may raise anything
            reasons[name] = f"{type(error).__name__}: {error}".splitlines()[0]
    return reasons


def get_signal(name: str) -> Signal:
    """The signal of a name.

    Args:
        name: One of :func:`list_signals`.

    Returns:
        The signal; the same object each time.

    Raises:
        UnknownSignal: No such signal, or it is installed but cannot be loaded.
    """
    if name in _instances:
        return _instances[name]
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        _instances[name] = getattr(importlib.import_module(module), attribute)()
        return _instances[name]
    if name in _registered:
        _instances[name] = _checked(name, _registered[name]())
        return _instances[name]
    if name in _entry_points():
        try:
            return _from_entry_point(name)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            message = f"{name}: the package that adds this signal cannot be loaded; {reason}; reinstall that package."
            raise UnknownSignal(message) from error
    raise UnknownSignal(f"{name}: no signal of this name{did_you_mean(name, list_signals())}")


def signal_group(name: str) -> str:
    """The trace that a signal reads, so that related signals can be judged together.

    Returns:
        ``compression``, ``grid``, ``noise``, ``interpolation`` or ``copymove`` for a built-in signal, else its own
        name.
    """
    module = _BUILT_IN.get(name, "").split(":")[0].split(".")
    return module[1] if len(module) > 2 else name


def _entry_points() -> dict[str, importlib.metadata.EntryPoint]:
    found = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)
    return {point.name: point for point in found if point.name not in _BUILT_IN and point.name not in _registered}


def _from_entry_point(name: str) -> Signal:
    if name not in _instances:
        _instances[name] = _checked(name, _entry_points()[name].load()())
    return _instances[name]


def _checked(name: str, signal: Signal) -> Signal:
    if not isinstance(signal, Signal):
        raise WrongUsage(f"{name}: what is made under this name is no signal; see docs/add-a-signal.md.")
    if signal.spec.name != name:
        raise WrongUsage(f"{name}: the signal calls itself {signal.spec.name!r}; give it one name.")
    return signal
