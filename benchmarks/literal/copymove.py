"""Copy-move by SIFT, ratio test and RANSAC, written plainly: Amerini et al., TIFS 2011, sections III-A to III-C."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals import Evidence

RATIO, NEAREST, INLIER, FEWEST = 0.6, 16.0, 3.0, 4
REACH = 12


def literal(evidence: Evidence) -> NDArray[np.bool_]:
    """Where keypoints agree on a map from one part of the picture to another: bool ``[H, W]``, both ends."""
    mask = np.zeros((evidence.height, evidence.width), dtype=np.uint8)
    points, descriptors = cv2.SIFT.create().detectAndCompute(cv2.cvtColor(evidence.pixels, cv2.COLOR_RGB2GRAY), None)
    if descriptors is None or len(points) < FEWEST:
        return mask > 0
    places = np.array([point.pt for point in points])
    pairs = []
    for index, descriptor in enumerate(descriptors):
        distances = np.linalg.norm(descriptors - descriptor, axis=1)
        distances[np.linalg.norm(places - places[index], axis=1) < NEAREST] = np.inf
        nearest, second = np.argsort(distances)[:2]
        if np.isfinite(distances[second]) and distances[nearest] < RATIO * distances[second]:
            pairs.append((index, nearest))
    # One map after the other, as there may be several copies.
    while len(pairs) >= FEWEST:
        first, second = np.array(pairs).T
        map_, inside = cv2.estimateAffinePartial2D(
            places[first], places[second], method=cv2.RANSAC, ransacReprojThreshold=INLIER
        )
        if map_ is None or inside.sum() < FEWEST:
            break
        for index in np.flatnonzero(inside):
            for point in (places[first[index]], places[second[index]]):
                cv2.circle(mask, (round(point[0]), round(point[1])), REACH, 1, -1)
        pairs = [pair for pair, used in zip(pairs, inside.ravel(), strict=True) if not used]
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((2 * REACH + 1,) * 2, np.uint8)) > 0)
