"""Running a signal and holding it to what its specification promises."""

from __future__ import annotations

import numpy as np

from signals.errors import BrokenSignal, ForensicsError
from signals.evidence import Evidence
from signals.signal import Signal, SignalMap, SignalSpec


def extract(signal: Signal, evidence: Evidence) -> SignalMap:
    """Reads a signal and checks the map, so that a fault of a plug-in cannot pass as a finding.

    Raises:
        BrokenSignal: The map does not have the shape, type or values of the signal's specification.
    """
    try:
        found = signal.extract(evidence)
    except ForensicsError:
        raise
    except Exception as error:  # a stranger's signal may raise anything
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BrokenSignal(f"signal {signal.spec.name}: it fails, {what}; tell the author of the signal") from error
    problem = find_problem(found, signal.spec, evidence)
    if problem is not None:
        raise BrokenSignal(f"signal {signal.spec.name}: {problem}; tell the author of the signal")
    return found


def find_problem(found: SignalMap, spec: SignalSpec, evidence: Evidence) -> str | None:
    """What of a map is not as the specification says; None if all is."""
    if not isinstance(found, SignalMap) or found.spec != spec:
        return "what it gives is not a map of its own specification"
    if not found.usable:
        return None if found.reason else "it is not usable and does not say why"
    values, valid = found.values, found.valid
    if not isinstance(values, np.ndarray) or not isinstance(valid, np.ndarray):
        return "its map is not an array"
    grid = spec.grid(evidence.height, evidence.width)
    if values.shape != (spec.channels, *grid) or valid.shape != grid:
        return f"its map is {values.shape} with valid {valid.shape}, not {(spec.channels, *grid)} and {grid}"
    if values.dtype != np.dtype(spec.dtype) or valid.dtype != np.bool_:
        return f"its map is of type {values.dtype} with valid {valid.dtype}, not {spec.dtype} and bool"
    if values.dtype.kind == "f" and not np.isfinite(values[:, valid]).all():
        return "its map is not finite where it says it is valid"
    if spec.range is not None and values[:, valid].size:
        low, high = float(values[:, valid].min()), float(values[:, valid].max())
        if low < spec.range[0] or high > spec.range[1]:
            return f"its map holds values from {low:g} to {high:g}, outside its range {spec.range}"
    if "levels" in spec.parameters and values.size and values.max() >= spec.parameters["levels"]:
        return f"its map has an index of {values.max()}, above its {spec.parameters['levels']} levels"
    return None
