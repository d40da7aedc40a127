"""Where the shown map and score have their 0.5, chosen on pictures that no step of the training saw."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from forensics.calibration.threshold import lowest_threshold
from forensics.models.checkpoint import OperatingPoint

MAP_CANDIDATES = logit(np.linspace(0.02, 0.98, 97))


@dataclass(frozen=True)
class Development:
    """One development picture as a network with its operating point at zero sees it.

    Attributes:
        map: float32 ``[H, W]``, the sigmoid of the map logits.
        score: The sigmoid of the score logit.
        truth: bool ``[H, W]``, True where changed; all False for a pristine picture.
    """

    map: NDArray[np.float32]
    score: float
    truth: NDArray[np.bool_]


def choose_operating_point(pictures: Iterable[Development], false_alarms: float) -> OperatingPoint:
    """Chooses both logits.

    The map's is the one with the best mean pixel F1 over the forged pictures. The score's is the lowest at which
    at most ``false_alarms`` of the pristine pictures are flagged. Without forged or without pristine pictures that
    logit stays 0, with a warning.

    Args:
        pictures: Forged and pristine development pictures.
        false_alarms: Largest tolerated fraction of flagged pristine pictures.
    """
    f1, pristine = [], []
    for picture in pictures:
        if picture.truth.any():
            f1.append(_f1_by_candidate(picture))
        else:
            pristine.append(picture.score)
    default = OperatingPoint()
    for found, kind in ((f1, "forged"), (pristine, "authentic")):
        if not found:
            warnings.warn(f"no {kind} development picture: part of the operating point was not chosen", stacklevel=2)
    map_logit = float(MAP_CANDIDATES[np.argmax(np.mean(f1, axis=0))]) if f1 else default.map_logit
    score_logit = default.score_logit
    if pristine:
        logits = logit(np.clip(np.array(pristine, np.float64), 1e-6, 1 - 1e-6))
        score_logit = lowest_threshold(logits, np.ones(len(logits)), false_alarms)
    return OperatingPoint(map_logit, score_logit)


def _f1_by_candidate(picture: Development) -> NDArray[np.float64]:
    """F1 at every candidate, from two histograms over the candidates."""
    edges = np.concatenate([[-np.inf], expit(MAP_CANDIDATES), [np.inf]])
    hits = np.histogram(picture.map[picture.truth], edges)[0]
    alarms = np.histogram(picture.map[~picture.truth], edges)[0]
    true_positive = hits[::-1].cumsum()[::-1][1:]
    false_positive = alarms[::-1].cumsum()[::-1][1:]
    f1: NDArray[np.float64] = 2 * true_positive / (true_positive + false_positive + picture.truth.sum())
    return f1
