"""Splicebuster: areas whose noise statistics do not follow those of most of the picture.

Cozzolino, Poggi and Verdoliva, "Splicebuster: a new blind image splicing detector", WIFS 2015.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.noise.outlier_mixture import fit, whitening
from signals.noise.splicebuster_counts import cell_counts
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

WINDOW = 16
"""Cells of 8 pixels along one side of a window."""
_COMPONENTS = 25
# Observations of a cell: 64 pixels in two directions.
_SAMPLES = 128
_LEAST_WEIGHT = 0.85
_LEAST_WINDOWS, _WINDOWS_A_COMPONENT = 60, 10
_MOST_SAMPLES = 100_000

Array = NDArray[np.float64]


class Splicebuster(Score):
    """Squared Mahalanobis distance of the noise statistics around a cell from those of most of the picture.

    Every cell of 8x8 pixels reads the window of 128x128 pixels centered on it; nearer than that to the border, the
    nearest window inside the picture. Not valid where more than 15 % of the window is clipped black or white.
    """

    spec = score_spec(
        "splicebuster", "1", 8,
        parameters={"window": 8 * WINDOW, "components": _COMPONENTS, "least_weight": _LEAST_WEIGHT, "pooling": "count"},
    )  # fmt: skip
    reads = (
        "Reads the statistics of the fine noise in windows of 128 pixels and marks the windows that do not follow "
        "the ones most of the picture shares, as parts from another camera or processing do."
    )
    blind_when = (
        "Sees little when the pasted part is smaller than about 64 pixels, covers most of the picture or has the same "
        "camera and processing; smooth or strongly textured areas can look foreign without being so."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """The squared distance, 0 and up; about the number of components (25) where nothing is unusual."""
        found = cell_counts(evidence)
        if not found.usable:
            raise Unusable(found.reason or "There are no counts.")
        rows, columns = (evidence.decoded_rows - 8) // 8, (evidence.width - 8) // 8
        if min(rows, columns) < WINDOW:
            raise Unusable(f"The picture is smaller than {8 * WINDOW + 8} x {8 * WINDOW + 8} pixels.")
        features, weights = window_features(found.values[:, :rows, :columns], "count")
        usable = weights >= _LEAST_WEIGHT
        distances = unlikeness(features, usable)
        height, width = found.valid.shape
        # Window i is centered at pixel 67.5 + 8 i, as is cell i + 8.
        row = np.clip(np.arange(height) - WINDOW // 2, 0, distances.shape[0] - 1)[:, None]
        column = np.clip(np.arange(width) - WINDOW // 2, 0, distances.shape[1] - 1)
        return Statistic(distances[row, column], usable[row, column] & decoded_cells(self.spec, evidence))


def window_features(counts: NDArray[np.uint8], pooling: Literal["cell", "count"]) -> tuple[Array, Array]:
    """The feature of every window of 16x16 cells: two normalized histograms, square-rooted.

    Args:
        counts: uint8 ``[50, h, w]`` of :class:`signals.noise.splicebuster_counts.SplicebusterCounts`, inner cells only.
        pooling: ``count`` adds up the counts of the window; ``cell`` averages the cells' own histograms, so that a
            cell of which one pixel counts weighs as much as another. The two differ near clipped areas only.

    Returns:
        Features float64 ``[h - 15, w - 15, 50]``, in which the squares of 25 values add up to 2, and weights
        float64 ``[h - 15, w - 15]``, the part of the window's pixels that counts, 0..1.
    """
    counted = counts[:25].sum(axis=0, dtype=np.int64)
    weights = _window_sums(counted) / (_SAMPLES * WINDOW**2)
    features = np.empty((*weights.shape, len(counts)))
    total = np.maximum(_window_sums(counted), 1)
    if pooling == "cell":
        total = np.maximum(_window_sums(counted / _SAMPLES), 1 / _SAMPLES)
    for channel, plane in enumerate(counts):
        pooled = plane.astype(np.int64) if pooling == "count" else plane / np.maximum(counted, 1)
        # Sums of quotients can come out below zero by a rounding error.
        features[..., channel] = np.sqrt(np.maximum(2 * _window_sums(pooled), 0) / total)
    return features, weights


def unlikeness(features: Array, usable: NDArray[np.bool_]) -> Array:
    """Squared Mahalanobis distance of every window to the Gaussian that most usable windows follow.

    Args:
        features: float64 ``[h, w, D]`` of :func:`window_features`.
        usable: bool ``[h, w]``: the windows the Gaussian is fitted to.

    Returns:
        float64 ``[h, w]``, also of the windows that are not usable.

    Raises:
        Unusable: Fewer than 60 usable windows, or all alike.
    """
    places = np.flatnonzero(usable)
    if len(places) < _LEAST_WINDOWS:
        raise Unusable("Too little of the picture is large enough and not clipped to compare its noise.")
    # Neighboring windows share nearly all of their pixels.
    samples = features.reshape(-1, features.shape[2])[places[:: -(-len(places) // _MOST_SAMPLES)]]
    matrix = whitening(samples, min(_COMPONENTS, len(samples) // _WINDOWS_A_COMPONENT))
    if not len(matrix):
        raise Unusable("The picture is flat or the same everywhere; its noise cannot be compared.")
    gaussian = fit(samples @ matrix.T)
    rows = [gaussian.squared_distance(row @ matrix.T) for row in features]
    return np.stack(rows)


def _window_sums(plane: NDArray[np.int64] | Array) -> NDArray[np.int64] | Array:
    """Sums over 16x16 cells at every position: ``[h, w]`` to ``[h - 15, w - 15]``; exact for whole numbers."""
    sums = np.zeros((plane.shape[0] + 1, plane.shape[1] + 1), dtype=plane.dtype)
    sums[1:, 1:] = plane.cumsum(axis=0).cumsum(axis=1)
    rows = sums[WINDOW:] - sums[:-WINDOW]
    return np.asarray(rows[:, WINDOW:] - rows[:, :-WINDOW])
