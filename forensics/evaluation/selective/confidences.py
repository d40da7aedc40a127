"""Confidence functions by name: how sure a model looks of its answer about one picture.

Other packages add theirs through entry points of the group ``tracefuse.confidences``.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.selective.output_space import OutputDistribution, prediction_density, spatial_entropy
from signals.errors import WrongUsage, did_you_mean

ENTRY_POINT_GROUP = "tracefuse.confidences"

MASK_LEVELS = tuple(level / 10 for level in range(1, 10))
MASK_TOLERANCE = 0.5
_LEAST = 1e-7


@dataclass(frozen=True)
class Answer:
    """What a model says about one picture.

    Attributes:
        map: float ``[H, W]`` in 0..1, 0.5 and above is marked as changed.
        score: 0..1 for the whole picture, 0.5 and above is called changed; None without one.
        confidence: float ``[H, W]`` in 0..1, the model's own map of where its answer is right; None without one.
    """

    map: NDArray[np.floating]
    score: float | None = None
    confidence: NDArray[np.floating] | None = None


# Larger is surer; None where the answer lacks what the function reads.
Confidence = Callable[[Answer], float | None]


def max_probability(answer: Answer) -> float | None:
    """How far the score is on its side, 0.5..1: the baseline that every other function must beat."""
    return None if answer.score is None else max(answer.score, 1 - answer.score)


def entropy(answer: Answer) -> float:
    """Less the mean entropy of the map's pixels in nats, -ln 2 .. 0."""
    p = np.clip(np.asarray(answer.map, np.float64), _LEAST, 1 - _LEAST)
    return float((p * np.log(p) + (1 - p) * np.log1p(-p)).mean())


def mean_confidence(answer: Answer) -> float:
    """Mean of the model's own confidence map, or, without one, of how far each pixel is on its side; 0..1."""
    if answer.confidence is not None:
        return float(np.mean(answer.confidence, dtype=np.float64))
    return float(np.maximum(answer.map, 1 - answer.map).mean(dtype=np.float64))


def soft_dice(answer: Answer) -> float:
    """Soft Dice confidence, ``2 sum(p y) / (sum(p) + sum(y))`` with y the marked pixels; 0..1 (arXiv 2402.10665).

    It is the Dice score that the map expects of its own mask; 0 where nothing is marked.
    """
    marked = answer.map >= 0.5
    total = float(answer.map.sum(dtype=np.float64)) + int(marked.sum())
    return 2 * float(answer.map[marked].sum(dtype=np.float64)) / total if total else 0.0


def mask_density(answer: Answer) -> float:
    """Prediction density of the mask at 0.5 among the masks at the levels 0.1, 0.2 .. 0.9; 1/9..1.

    The share of levels whose mask has an IoU of one half or more with it: a mask that hardly depends on the level.
    """
    masks = masks_at_levels(answer.map)
    middle = MASK_LEVELS.index(0.5)
    # The likeliest answer is the one that is shown; all levels weigh the same otherwise.
    weights = np.full(len(MASK_LEVELS), 1.0)
    weights[middle] += 1e-9
    return prediction_density(OutputDistribution(weights / weights.sum(), masks), MASK_TOLERANCE)


def mask_agreement(answer: Answer) -> float:
    """Less the spatial entropy of the masks at those levels in nats, -ln 9 .. 0."""
    masks = masks_at_levels(answer.map)
    return -spatial_entropy(OutputDistribution(np.full(len(masks), 1 / len(masks)), masks), MASK_TOLERANCE)


def masks_at_levels(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """1 - IoU between the masks at all pairs of levels, ``[9, 9]``; two empty masks are equal."""
    # Masks at rising levels lie within each other: only their sizes matter.
    sizes = np.array([np.count_nonzero(values >= level) for level in MASK_LEVELS], np.float64)
    smaller, larger = np.minimum.outer(sizes, sizes), np.maximum.outer(sizes, sizes)
    return np.asarray(1 - np.divide(smaller, larger, out=np.ones_like(larger), where=larger > 0))


_BUILT_IN: Mapping[str, Confidence] = MappingProxyType(
    {
        "max_probability": max_probability,
        "entropy": entropy,
        "mean_confidence": mean_confidence,
        "soft_dice": soft_dice,
        "mask_density": mask_density,
        "mask_agreement": mask_agreement,
    }
)


def list_confidences() -> list[str]:
    """Names of all confidence functions, those of other packages included."""
    return sorted({*_BUILT_IN, *(point.name for point in _entry_points())})


def get_confidence(name: str) -> Confidence:
    """The confidence function of that name.

    Raises:
        WrongUsage: There is none, or the package that adds it cannot be loaded.
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    for point in _entry_points():
        if point.name == name:
            try:
                loaded: Confidence = point.load()
            except Exception as error:  # a stranger's package may raise anything
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                raise WrongUsage(f"confidence {name}: cannot be loaded ({reason}); reinstall its package") from error
            return loaded
    raise WrongUsage(f"confidence {name}: unknown{did_you_mean(name, list_confidences())}")


def all_confidences(answer: Answer) -> dict[str, float]:
    """What every function that can read the answer says of it; what is not a finite number is left out.

    A function of another package that cannot be loaded or raises is left out too: it must not end an evaluation.
    """
    found = {name: _finite(name, answer) for name in list_confidences()}
    return {name: value for name, value in found.items() if value is not None}


def _finite(name: str, answer: Answer) -> float | None:
    try:
        value = get_confidence(name)(answer)
        return float(value) if value is not None and math.isfinite(value) else None
    except Exception:  # a stranger's package may raise anything
        if name in _BUILT_IN:
            raise
        return None


def _entry_points() -> tuple[importlib.metadata.EntryPoint, ...]:
    return tuple(importlib.metadata.entry_points(group=ENTRY_POINT_GROUP))
