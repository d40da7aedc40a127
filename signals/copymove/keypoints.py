"""Seeds by keypoints: SIFT features that occur again, at another place, scale or angle, or mirrored.

Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004, with the square-root normalization of
Arandjelovic and Zisserman (CVPR 2012) and the generalized ratio test of Amerini et al. (TIFS 2011), which keeps
several copies of one area.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

MOST_KEYPOINTS = 4000
NEAREST = 16.0
_RATIO = 0.8
_MOST_COPIES = 3
_CONTRAST, _EDGE = 0.004, 10.0
_BUCKET, _ROWS = 32, 512

# What a mirrored picture does to a descriptor [row, column, direction]: rows and the sense of directions turn.
_MIRRORED = np.arange(128).reshape(4, 4, 8)[::-1][:, :, (-np.arange(8)) % 8].ravel()


@dataclass(frozen=True, eq=False)
class Keypoints:
    """Features of one picture.

    Attributes:
        places: float32 ``[N, 2]``, x and y in pixels.
        sizes: float32 ``[N]``, diameter in pixels.
        angles: float32 ``[N]``, radians.
        descriptors: float32 ``[N, 128]`` of length 1.
    """

    places: NDArray[np.float32]
    sizes: NDArray[np.float32]
    angles: NDArray[np.float32]
    descriptors: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Matches:
    """Pairs of features.

    Attributes:
        first: int ``[M]``, index of the one feature.
        second: int ``[M]``, index of the other.
        mirrored: Whether the one resembles the other in a mirror.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    mirrored: bool


def find_keypoints(luma: NDArray[np.uint8], most: int = MOST_KEYPOINTS) -> Keypoints:
    """SIFT features, also weak ones, spread over the picture.

    Args:
        luma: uint8 ``[H, W]``.
        most: Keep at most so many, the strongest of each part of the picture.
    """
    found, descriptors = cv2.SIFT.create(0, 3, _CONTRAST, _EDGE, 1.6).detectAndCompute(luma, None)
    if descriptors is None or len(found) < 2:
        empty = np.zeros(0, dtype=np.float32)
        return Keypoints(empty.reshape(0, 2), empty, empty, empty.reshape(0, 128))
    table = np.array([(*point.pt, point.size, np.deg2rad(point.angle), point.response) for point in found])
    # Features are ordered by what they are, so that nothing depends on the order of detection.
    order = np.lexsort(table.T)
    table, descriptors = table[order], descriptors[order]
    kept = _spread(table[:, :2], table[:, 4], most)
    table, descriptors = table[kept].astype(np.float32), descriptors[kept].astype(np.float32)
    descriptors = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9))
    return Keypoints(table[:, :2], table[:, 2], table[:, 3], descriptors)


def match_keypoints(keypoints: Keypoints, mirrored: bool = False, ratio: float = _RATIO) -> Matches:
    """Features that resemble each other far more than they resemble the rest.

    Args:
        keypoints: N features.
        mirrored: Compare every feature with the others as a mirror would show them.
        ratio: Largest distance of a match over that of the next best.
    """
    count = len(keypoints.places)
    if count < 3:
        return Matches(np.zeros(0, np.intp), np.zeros(0, np.intp), mirrored)
    others = keypoints.descriptors[:, _MIRRORED] if mirrored else keypoints.descriptors
    beside = _beside(keypoints.places)
    pairs = []
    for start in range(0, count, _ROWS):
        rows = slice(start, min(count, start + _ROWS))
        near, distance = _nearest(keypoints, others, beside, rows)
        ends = distance[:, :-1] < ratio * distance[:, 1:]
        for place in range(_MOST_COPIES):
            # The first so many are matches if the distance leaps after any of them.
            matched = np.flatnonzero(ends[:, place:].any(axis=1))
            pairs.append(np.stack([matched + start, near[matched, place]], axis=1))
    joined = np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)
    return Matches(joined[:, 0], joined[:, 1], mirrored)


def _nearest(
    keypoints: Keypoints, others: NDArray[np.float32], beside: NDArray[np.intp], rows: slice
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Per feature of ``rows`` the nearest others at other places and their distances, ``[n, copies + 1]``."""
    similarity = keypoints.descriptors[rows] @ others.T
    places = keypoints.places
    columns, lines = (np.abs(places[rows, axis, None] - places[:, axis]) < NEAREST for axis in range(2))
    similarity[columns & lines] = -1
    numbers = np.arange(len(similarity))
    near, values = [], []
    for _ in range(_MOST_COPIES + 1):
        best = similarity.argmax(axis=1)
        near.append(best)
        values.append(similarity[numbers, best])
        # Features of one place at two angles or scales count once.
        similarity[numbers[:, None], beside[best]] = -1
    distance = np.sqrt(np.maximum(2 - 2 * np.stack(values, axis=1), 1e-6))
    return np.stack(near, axis=1), distance


def _beside(places: NDArray[np.float32], reach: float = 3.0) -> NDArray[np.intp]:
    """Per feature those within ``reach`` of it, itself among them, repeated where others have more: ``[N, most]``."""
    near = cKDTree(places).query_ball_point(places, reach, p=np.inf)
    most = max(map(len, near))
    return np.array([found + [number] * (most - len(found)) for number, found in enumerate(near)], dtype=np.intp)


def _spread(places: NDArray[np.float64], strength: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Indices of at most so many features, taking in turn the next strongest of each square of the picture."""
    if len(places) <= most:
        return np.arange(len(places))
    squares = (places // _BUCKET).astype(np.int64)
    square = squares[:, 1] * (int(squares[:, 0].max()) + 1) + squares[:, 0]
    order = np.lexsort((-strength, square))
    _, starts, counts = np.unique(square[order], return_index=True, return_counts=True)
    rank = np.empty(len(places), dtype=np.int64)
    rank[order] = np.arange(len(places)) - np.repeat(starts, counts)
    return np.sort(np.lexsort((-strength, rank))[:most])
