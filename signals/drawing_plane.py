"""One number a cell, for drawing: what a person is shown of a signal, on a scale that never follows the picture."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from signals.rarity import untouched_scores
from signals.signal import Signal, SignalMap
from signals.untouched import untouched_values


@runtime_checkable
class Drawn(Protocol):
    """A signal that says itself how it is drawn. Signals of one channel with a ``range`` need not."""

    def draw(self, found: SignalMap) -> NDArray[Any]:
        """``[h, w]`` in 0..1, the same meaning in every picture."""
        ...


def drawing_plane(signal: Signal, found: SignalMap) -> NDArray[np.float32]:
    """What is drawn of a usable map: float32 ``[h, w]`` in 0..1.

    The signal's own ``draw`` if it has one; else the mean of its channels over the range of its specification;
    without a range, the mean on the scale x / (1 + x), which is fixed too.
    """
    if isinstance(signal, Drawn):
        plane = np.asarray(signal.draw(found), dtype=np.float32)
    else:
        mean = found.values.mean(axis=0, dtype=np.float32)
        bounds = found.spec.range
        plane = (mean - bounds[0]) / (bounds[1] - bounds[0]) if bounds else np.abs(mean) / (1 + np.abs(mean))
    return np.asarray(plane.clip(0, 1), dtype=np.float32)


def untouched_plane(signal: Signal, count: int) -> NDArray[np.float32] | None:
    """How untouched photos fill the scale of :func:`drawing_plane`.

    Returns:
        float32 ``[count]`` in 0..1: evenly spaced quantiles, ascending; None for a signal without a reference.
    """
    reference = untouched_values(signal.spec.name)
    if reference is None:
        return None
    if signal.spec.kind == "score":
        return untouched_scores(reference, count)
    places = (np.arange(count) + 0.5) / count * (len(reference) - 1)
    return np.interp(places, np.arange(len(reference)), reference).astype(np.float32)
