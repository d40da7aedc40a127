"""Smooth patches of a picture, and the ones of least noise among them.

After Gardella, Muse, Morel and Colom, "Noisesniffer: a fully automatic image forgery detector based on noise
analysis", IWBF 2021: of the patches of like brightness those with the least energy in the low frequencies
show the noise, and of these a fixed share has the least energy in the high ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE, STEP = 5, 2
SMOOTH_SHARE, QUIET_SHARE = 0.3, 0.5
PATCHES_A_CLASS, MOST_CLASSES = 4000, 64
_PIXELS = SIDE * SIDE
_STRIP = 512
# Discrete orthogonal polynomials of degree 0, 1, 2 with squared norms 5, 10, 14. They stand for the first cosines:
# their coefficients are whole numbers, so that every machine selects the same patches.
_FLAT = np.ones(SIDE, dtype=np.float32)
_SLOPE = np.array([-2, -1, 0, 1, 2], dtype=np.float32)
_BOW = np.array([2, -1, -2, -1, 2], dtype=np.float32)
# Common denominator of the squared norms 50, 70 and 100 of the products of two.
_SCALE = 700


@dataclass(frozen=True, eq=False)
class Patches:
    """The patches of 5x5 pixels at every second pixel of both directions, all arrays ``[h, w]``.

    Attributes:
        sums: int64: sum of the pixels.
        low: int64: 700 times the energy of degrees 1 and 2 in all.
        high: int64: 700 times the energy of higher degrees.
        usable: bool: neither flat nor with a pixel at 0 or 255.
    """

    sums: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    usable: NDArray[np.bool_]


def patches(luma: NDArray[np.uint8]) -> Patches:
    """Energies of the patches of uint8 ``[H, W]``, at least 5 x 5: ``h = (H - 5) // 2 + 1``."""
    # Strips share all but the first rows of the last patches of the one above.
    tops = range(0, len(luma) - SIDE + 1, _STRIP)
    strips = [_strip_patches(luma[top : top + _STRIP - STEP + SIDE]) for top in tops]
    return Patches(
        np.concatenate([strip.sums for strip in strips]),
        np.concatenate([strip.low for strip in strips]),
        np.concatenate([strip.high for strip in strips]),
        np.concatenate([strip.usable for strip in strips]),
    )


def _strip_patches(luma: NDArray[np.uint8]) -> Patches:
    values = luma.astype(np.float32)

    def project(down: NDArray[np.float32], across: NDArray[np.float32]) -> NDArray[np.int64]:
        return _at_patches(cv2.sepFilter2D(values, cv2.CV_32F, across, down))

    sums = project(_FLAT, _FLAT)
    low = 14 * (project(_SLOPE, _FLAT) ** 2 + project(_FLAT, _SLOPE) ** 2)
    low += 10 * (project(_BOW, _FLAT) ** 2 + project(_FLAT, _BOW) ** 2)
    low += 7 * project(_SLOPE, _SLOPE) ** 2
    squares = _at_patches(cv2.sepFilter2D(values * values, cv2.CV_32F, _FLAT, _FLAT))
    energy = (_PIXELS * squares - sums * sums) * (_SCALE // _PIXELS)
    clipped = cv2.dilate(((luma == 0) | (luma == 255)).view(np.uint8), np.ones((SIDE, SIDE), dtype=np.uint8))
    usable = (_at_patches(clipped) == 0) & (energy > 0)
    return Patches(sums, low, energy - low, usable)


def _at_patches(filtered: NDArray[Any]) -> NDArray[np.int64]:
    """The values at the centers of the patches. They are whole numbers below 2 ** 24, so float32 is exact."""
    inner = np.asarray(filtered)[SIDE // 2 : -(SIDE // 2) : STEP, SIDE // 2 : -(SIDE // 2) : STEP]
    return np.asarray(inner.astype(np.int64))


def select(found: Patches) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The smooth patches and the quiet ones among them.

    Usable patches are put in classes of like brightness with about 4000 patches each, at most 64 classes. Smooth are
    the 30 % of a class with the least low energy, quiet the half of these with the least high energy; patches that
    tie with the last one are taken too.

    Returns:
        bool ``[h, w]`` twice: smooth, quiet.
    """
    smooth = np.zeros(found.usable.size, dtype=np.bool_)
    quiet = np.zeros_like(smooth)
    places = np.flatnonzero(found.usable)
    if places.size:
        low, high = found.low.reshape(-1), found.high.reshape(-1)
        for members in _brightness_classes(found.sums.reshape(-1)[places]):
            chosen = _lowest(places[members], low, SMOOTH_SHARE)
            smooth[chosen] = True
            quiet[_lowest(chosen, high, QUIET_SHARE)] = True
    return smooth.reshape(found.usable.shape), quiet.reshape(found.usable.shape)


def _brightness_classes(sums: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Members of the classes of ``[n]`` sums; equal sums share a class."""
    number = min(MOST_CLASSES, max(1, sums.size // PATCHES_A_CLASS))
    occurrences = np.bincount(sums)
    darker = np.cumsum(occurrences) - occurrences
    of_sum = (darker * number // sums.size).astype(np.uint8)
    classes = of_sum[sums]
    order = np.argsort(classes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(classes, minlength=number))[:-1])
    return [part for part in members if part.size]


def _lowest(places: NDArray[np.int64], energy: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """Those of the places whose energy is among the lowest share."""
    values = energy[places]
    rank = int(np.ceil(share * values.size)) - 1
    return np.asarray(places[values <= np.partition(values, rank)[rank]])
