"""Maps from one end of a copy to the other: affine, fitted to matched keypoints, several in one picture.

A map is float64 ``[2, 3]``: ``(x', y') = A (x, y) + t`` from the first end to the second, in pixels. A negative
determinant of A is a flip.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.copymove.keypoints import Keypoints, Matches

Map = NDArray[np.float64]

_MOST_ANCHORS = 600
_REACH = 250.0
_NEAR, _FAR = 4.0, 0.12
_ANGLE, _SCALE = np.deg2rad(25), np.log(1.4)
_INLIER = 2.5
_LARGEST_SCALE, _LARGEST_STRETCH = 4.0, 1.8
_FOR_AFFINE = 8


@dataclass(frozen=True, eq=False)
class Fit:
    """A map that pairs of keypoints agree with.

    Attributes:
        map: From the first end to the second.
        support: Number of pairs.
        center: x and y of the middle of the pairs' first ends.
        radius: Distance from there within which they lie, in pixels.
    """

    map: Map
    support: int
    center: tuple[float, float]
    radius: float


def translation(dx: float, dy: float) -> Map:
    """The map that moves by ``(dx, dy)``."""
    return np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]])


def inverse(map_: Map) -> Map:
    """The map from the second end to the first."""
    linear = np.linalg.inv(map_[:, :2])
    return np.column_stack([linear, -linear @ map_[:, 2]])


def apply(map_: Map, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The places ``[N, 2]`` to which points ``[N, 2]`` are mapped."""
    return np.asarray(points @ map_[:, :2].T + map_[:, 2])


def scale_of(map_: Map) -> float:
    """How much larger the second end is than the first, as a ratio of lengths."""
    return float(np.sqrt(abs(np.linalg.det(map_[:, :2]))))


def rotation_of(map_: Map) -> float:
    """Angle in radians by which the second end is turned, after the flip if there is one."""
    linear = map_[:, :2].copy()
    if np.linalg.det(linear) < 0:
        linear[:, 0] *= -1
    return float(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))


def is_whole(map_: Map) -> bool:
    """Whether a map has whole numbers only: it moves, turns by quarters or mirrors without resampling."""
    return bool(np.abs(map_ - np.rint(map_)).max() < 1e-9)


def is_flip(map_: Map) -> bool:
    """Whether one end is a mirror image of the other."""
    return bool(np.linalg.det(map_[:, :2]) < 0)


def is_plausible(map_: Map) -> bool:
    """Whether a map is one that a person makes: not too large a scale, not squashed."""
    if not np.isfinite(map_).all():
        return False
    strengths = np.linalg.svd(map_[:, :2], compute_uv=False)
    return bool(
        strengths[1] > 1 / _LARGEST_SCALE
        and strengths[0] < _LARGEST_SCALE
        and strengths[0] < _LARGEST_STRETCH * strengths[1]
    )


def fit_maps(keypoints: Keypoints, matches: Matches, most: int) -> list[Fit]:
    """Maps on which matches agree, best supported first.

    Every match alone tells a similarity by its places, sizes and angles. The one most others nearby agree with is
    fitted to these (RANSAC), they are set aside, and so on.

    Args:
        keypoints: The features.
        matches: Pairs of them.
        most: Fit at most so many maps.
    """
    first = np.concatenate([matches.first, matches.second])
    second = np.concatenate([matches.second, matches.first])
    if not len(first):
        return []
    alone = _similarities(keypoints, first, second, matches.mirrored)
    source = keypoints.places[first].astype(np.float64)
    target = keypoints.places[second].astype(np.float64)
    anchors = np.unique(np.linspace(0, len(matches.first) - 1, _MOST_ANCHORS).astype(np.intp))
    agreeing = _agreement(alone[anchors], source[anchors], alone, source, target)
    free = np.ones(len(first), dtype=np.bool_)
    fits: list[Fit] = []
    while len(fits) < most:
        votes = (agreeing & free).sum(axis=1)
        best = int(votes.argmax())
        if votes[best] < 1:
            break
        chosen = np.flatnonzero(agreeing[best] & free)
        fit, inside = _fit(source[chosen], target[chosen], alone[anchors[best]], matches.mirrored)
        used = np.zeros(len(first), dtype=np.bool_)
        used[chosen[inside]] = True
        used[anchors[best]] = True
        # A pair and its reverse are one observation.
        half = len(matches.first)
        free &= ~(used | np.roll(used, half))
        if is_plausible(fit):
            places = source[chosen[inside]] if inside.any() else source[chosen]
            center = places.mean(axis=0)
            radius = float(np.hypot(*(places - center).T).max())
            fits.append(Fit(fit, int(inside.sum()), (float(center[0]), float(center[1])), radius))
    return sorted(fits, key=lambda one: -one.support)


def _similarities(
    keypoints: Keypoints, first: NDArray[np.intp], second: NDArray[np.intp], mirrored: bool
) -> NDArray[np.float64]:
    """The map that each match tells by itself: ``[M, 2, 3]``."""
    scale = (keypoints.sizes[second] / keypoints.sizes[first]).astype(np.float64)
    angle = keypoints.angles[second].astype(np.float64)
    start = keypoints.angles[first].astype(np.float64)
    # Mirrored left to right, a direction becomes pi less itself.
    turn = angle - (np.pi - start if mirrored else start)
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    sign = -1.0 if mirrored else 1.0
    linear = np.stack([np.stack([sign * cosine, -sine], -1), np.stack([sign * sine, cosine], -1)], axis=1)
    places = keypoints.places.astype(np.float64)
    moved = np.einsum("mij,mj->mi", linear, places[first])
    return np.concatenate([linear, (places[second] - moved)[..., None]], axis=2)


def _agreement(
    maps: NDArray[np.float64],
    anchors: NDArray[np.float64],
    alone: NDArray[np.float64],
    source: NDArray[np.float64],
    target: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Which matches ``[N]`` lie near each anchor ``[K]`` and where its map puts them: bool ``[K, N]``."""
    result = np.zeros((len(maps), len(source)), dtype=np.bool_)
    scales = np.log(np.abs(np.linalg.det(alone[:, :, :2]))) / 2
    angles = np.arctan2(alone[:, 1, 1], alone[:, 0, 1])
    for row, (map_, anchor) in enumerate(zip(maps, anchors, strict=True)):
        distance = np.hypot(*(source - anchor).T)
        error = np.hypot(*(apply(map_, source) - target).T)
        scale = np.log(np.abs(np.linalg.det(map_[:, :2]))) / 2
        turn = np.abs(angles - np.arctan2(map_[1, 1], map_[0, 1]))
        turn = np.minimum(turn, 2 * np.pi - turn)
        result[row] = (
            (distance < _REACH)
            & (error < _NEAR + _FAR * distance)
            & (np.abs(scales - scale) < _SCALE)
            & (turn < _ANGLE)
        )
    return result


def _fit(
    source: NDArray[np.float64], target: NDArray[np.float64], alone: Map, mirrored: bool
) -> tuple[Map, NDArray[np.bool_]]:
    """The map of some matches and which of them lie within reach of it."""
    everything = np.ones(len(source), dtype=np.bool_)
    different = len(np.unique(np.round(source), axis=0))
    if different < 2:
        return alone, everything
    if different < _FOR_AFFINE:
        sign = np.array([-1.0, 1.0]) if mirrored else np.ones(2)
        found, inside = cv2.estimateAffinePartial2D(
            source * sign, target, method=cv2.RANSAC, ransacReprojThreshold=_INLIER, maxIters=500
        )
        if found is None:
            return alone, everything
        found = np.column_stack([found[:, :2] * sign, found[:, 2]])
    else:
        found, inside = cv2.estimateAffine2D(
            source, target, method=cv2.RANSAC, ransacReprojThreshold=_INLIER, maxIters=1000
        )
        if found is None:
            return alone, everything
    fitted: Map = np.asarray(found, dtype=np.float64)
    if (np.linalg.det(fitted[:, :2]) < 0) != mirrored:
        return alone, everything
    return fitted, np.asarray(inside.ravel() > 0, dtype=np.bool_)
