"""Supposed copies: where to look closer, from correlation of blocks and from keypoints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.copymove.keypoints import find_keypoints, match_keypoints
from signals.copymove.shifts import Shift, find_shifts, normalized_residual
from signals.copymove.transform import Map, apply, fit_maps, inverse, scale_of, translation

_MOST_SHIFTS, _MOST_FLIPS = 12, 4
_MOST_FITS, _MOST_FLIPPED_FITS = 12, 8
_SAME_SHIFT = 2


@dataclass(frozen=True, eq=False)
class Candidate:
    """A map to be tested.

    Attributes:
        map: From the smaller end to the larger.
        center: x and y in the smaller end.
        radius: Pixels round it in which the map is thought to hold.
        support: Blocks or pairs of keypoints that speak for it.
    """

    map: Map
    center: tuple[float, float]
    radius: float
    support: float

    @classmethod
    def between(cls, map_: Map, center: tuple[float, float], radius: float, support: float) -> Candidate:
        """The candidate with its ends in order."""
        if scale_of(map_) >= 1:
            return cls(map_, center, radius, support)
        there = apply(map_, np.array([center]))[0]
        return cls(inverse(map_), (float(there[0]), float(there[1])), radius * scale_of(map_), support)


def find_candidates(luma: NDArray[np.uint8]) -> list[Candidate]:
    """Maps worth testing, the most promising of either kind first.

    Args:
        luma: uint8 ``[H, W]`` of bounded size.
    """
    by_blocks = [*_by_shifts(luma, mirrored=False), *_by_shifts(luma, mirrored=True)]
    keypoints = find_keypoints(luma)
    by_points = []
    for mirrored in (False, True):
        most = _MOST_FLIPPED_FITS if mirrored else _MOST_FITS
        for fit in fit_maps(keypoints, match_keypoints(keypoints, mirrored), most):
            by_points.append(Candidate.between(fit.map, fit.center, fit.radius + 16, fit.support))
    by_points.sort(key=lambda one: -one.support)
    return [*by_blocks, *by_points]


def _by_shifts(luma: NDArray[np.uint8], mirrored: bool) -> list[Candidate]:
    """One candidate for each displacement."""
    shifts, block = find_shifts(normalized_residual(luma), mirrored)
    groups: dict[tuple[int, int], list[Shift]] = {}
    for shift in shifts:
        same = (key for key in groups if _alike(key, (shift.dx, shift.dy), mirrored))
        groups.setdefault(next(same, (shift.dx, shift.dy)), []).append(shift)
    strongest = sorted(groups.values(), key=lambda group: -sum(one.strength**2 for one in group))
    candidates = []
    for group in strongest[: _MOST_FLIPS if mirrored else _MOST_SHIFTS]:
        best = group[0]
        map_ = translation(best.dx, best.dy)
        if mirrored:
            map_ = np.array([[-1.0, 0.0, luma.shape[1] - 1 - best.dx], [0.0, 1.0, best.dy]])
        center = (best.x + block / 2, best.y + block / 2)
        candidates.append(Candidate(map_, center, block / 2, len(group)))
    return candidates


def _alike(one: tuple[int, int], other: tuple[int, int], mirrored: bool) -> bool:
    """Whether two displacements are one, or one is the way back."""
    back = (other[0], -other[1]) if mirrored else (-other[0], -other[1])
    return any(max(abs(one[0] - way[0]), abs(one[1] - way[1])) <= _SAME_SHIFT for way in (other, back))
