"""Areas whose learned features of processing history do not follow those of most of the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.noise.learned.noise import CELL, cell_features
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable

WINDOW = 11
"""Cells of 8 pixels along one side of a window."""
CHANNELS_READ = 12
"""The first channels, in which histories differ most."""
_LEAST_VALID, _LEAST_WINDOWS = 0.5, 60
# Chosen, with the window and the channels, on forgeries of the calibration cameras.
_MAJORITY, _SHRINKAGE, _STEPS = 0.75, 0.6, 6

Array = NDArray[np.float64]


class NoiseScore(Score):
    """Squared distance of the features around a cell from those of most of the picture, in units of their spread.

    Every cell of 8 x 8 pixels reads the mean feature of the valid cells within 88 x 88 pixels around it, of those
    that are inside the picture; it is valid if at least half of them are.
    """

    spec = score_spec("noise_score", "1", CELL, parameters={"window": CELL * WINDOW, "channels": CHANNELS_READ})
    reads = (
        "Reads learned traces of processing history in windows of 88 pixels and marks the windows that do not follow "
        "the ones most of the picture shares, as parts from another camera or processing do."
    )
    blind_when = (
        "Sees little when the changed part is smaller than about 50 pixels, covers most of the picture or has the same "
        "history; flat, blurred or strongly textured areas can look foreign without being so."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """The squared distance, 0 and up; about the number of channels (12) where nothing is unusual."""
        found = cell_features(evidence)
        if not found.usable:
            raise Unusable(found.reason or "There are no features.")
        features, share = window_means(found.values[:CHANNELS_READ], found.valid)
        usable = found.valid & (share >= _LEAST_VALID)
        return Statistic(unlikeness(features, usable), usable)


def window_means(values: NDArray[np.float16], valid: NDArray[np.bool_], window: int = WINDOW) -> tuple[Array, Array]:
    """The mean feature of the valid cells of the window around each cell.

    Args:
        values: float16 ``[C, h, w]``.
        valid: bool ``[h, w]``.
        window: Cells along its side, odd.

    Returns:
        Means float64 ``[h, w, C]``, and the share of the cells of the window that are valid, ``[h, w]``; cells
        outside the picture count neither way.
    """

    def window_sum(plane: Array) -> Array:
        return np.asarray(cv2.boxFilter(plane, -1, (window, window), normalize=False, borderType=cv2.BORDER_CONSTANT))

    there = valid.astype(np.float64)
    counted = window_sum(there)
    sums = [window_sum(plane * there) for plane in values.astype(np.float64)]
    return np.stack(sums, axis=2) / np.maximum(counted, 1)[..., None], counted / window_sum(np.ones_like(there))


def unlikeness(features: Array, usable: NDArray[np.bool_]) -> Array:
    """Squared distance of every window to the middle of what most usable windows hold, in units of their spread.

    Middle and spread are those of the nearest three quarters, found by the concentration steps of Rousseeuw and Van
    Driessen, "A fast algorithm for the minimum covariance determinant estimator", Technometrics 1999, from the median
    on. The spread is drawn towards that of a sphere: channels vary alike where the history is one, and the windows of
    one picture are too much alike to tell more.

    Args:
        features: float64 ``[h, w, C]``.
        usable: bool ``[h, w]``: the windows to compare with.

    Returns:
        float64 ``[h, w]``, also of the windows that are not usable.

    Raises:
        Unusable: Fewer than 60 usable windows, or all alike.
    """
    samples = features[usable]
    if len(samples) < _LEAST_WINDOWS:
        raise Unusable("Too little of the picture is large enough and not clipped to compare its noise.")
    middle: Array = np.median(samples, axis=0)
    distances = np.square(samples - middle).sum(axis=1)
    for _ in range(_STEPS):
        nearest = samples[distances <= np.quantile(distances, _MAJORITY)]
        middle = np.asarray(nearest.mean(axis=0), dtype=np.float64)
        spread = _drawn_to_sphere(np.cov(nearest, rowvar=False))
        inverse = np.asarray(np.linalg.inv(spread), dtype=np.float64)
        distances = _squared(samples - middle, inverse)
    return _squared(features - middle, inverse)


def _drawn_to_sphere(covariance: Array) -> Array:
    mean = np.trace(covariance) / len(covariance)
    if not mean > 0:
        raise Unusable("The picture is flat or the same everywhere; its noise cannot be compared.")
    return np.asarray((1 - _SHRINKAGE) * covariance + _SHRINKAGE * mean * np.eye(len(covariance)))


def _squared(differences: Array, inverse: Array) -> Array:
    return np.asarray(((differences @ inverse) * differences).sum(axis=-1))
