"""Where a set's masks mark both ends of a copy: what a map says of one end, said of the other end too."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals import Evidence
from signals.copymove.find import find_copies
from signals.copymove.matches import Match
from signals.copymove.residuals import CELL
from signals.signal import Unusable

# Correlation of the noise from which on two areas that look alike are taken for one.
_SAME_NOISE = 0.8


def both_ends(values: NDArray[np.float32], evidence: Evidence) -> NDArray[np.float32]:
    """The map, and at each area whose noise is that of another one the higher value of the two.

    A network marks what was changed, the pasted end. Where it was copied from nothing was changed, and nothing but the
    search for copies knows the place. What neither end is marked at stays unmarked.

    Args:
        values: float32 ``[H, W]`` in 0..1, in stored orientation.
        evidence: The picture.
    """
    try:
        matches = find_copies(evidence).matches
    except Unusable:
        return values
    told = values.copy()
    for match in matches:
        same = _same_noise(match, values.shape)
        if same.any():
            size = values.shape[::-1]
            here = np.where(same, values, np.float32(0))
            there = np.asarray(cv2.warpAffine(values, match.map, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP))
            carried = np.asarray(cv2.warpAffine(here, match.map, size, flags=cv2.INTER_LINEAR))
            told = np.maximum(told, np.maximum(carried, np.where(same, there, np.float32(0))))
    return told


def _same_noise(match: Match, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Pixels of the first end that the second repeats: bool ``[H, W]``."""
    cells = match.area & match.comparison.inside & (match.comparison.correlation > _SAME_NOISE)
    whole = cells.repeat(CELL, axis=0).repeat(CELL, axis=1)
    found = np.zeros(shape, dtype=np.bool_)
    box = match.box
    found[box.top : box.bottom, box.left : box.right] = whole
    return found
