"""Co-occurrences of a quantized noise residual, counted cell by cell.

Cozzolino, Poggi and Verdoliva, "Splicebuster: a new blind image splicing detector", WIFS 2015: residual of Eq. 1,
quantized to three levels, co-occurrences of four neighbors with their symmetries joined.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.memo import once_per_picture
from signals.signal import SignalMap, SignalSpec

# Everything is computed on thousandths of a grey level, whole numbers below 2**24, so float32 is exact.
_LUMA = np.array([[299, 587, 114]], dtype=np.float32)
# Half a quantization step: 3 * 2 / 256 of the range 0..255, halved, in thousandths.
THRESHOLD = 1000 * 255 * 3 / 256
DARK, BRIGHT = 6 * 1000, 252 * 1000
CELL, BORDER, MIN_SIZE = 8, 4, 24
CLASSES = 25
# The morphology of the saturation mask reaches this far.
_REACH = 3 + 3 + 4
_STRIP = 32 * CELL


class SplicebusterCounts:
    """How often each pattern of four neighboring residuals occurs in each 8x8 cell.

    ``values`` is uint8 ``[50, ceil(H/8), ceil(W/8)]``: 25 classes of patterns across the direction of the
    residual, then 25 along it, each at most 128 (64 pixels, two directions). The first cell begins at pixel 4.
    Pixels near clipped black or white are not counted; a cell is valid if it lies inside the picture and counts
    at least one pixel.
    """

    spec = SignalSpec(
        "splicebuster_counts", version="1", parameters={"residual_levels": 3, "step": 5.9765625, "samples": 128},
        channels=2 * CLASSES, stride=CELL, offset=BORDER, dtype="uint8",
    )  # fmt: skip
    reads = (
        "Reads how the fine noise of neighboring pixels goes together, which differs where a part comes from "
        "another camera or went through other processing."
    )
    blind_when = (
        "Sees little in flat, overexposed or very dark areas, after strong compression or downsizing, "
        "and when the inserted part has the same camera and processing as the rest."
    )

    def draw(self, found: SignalMap) -> NDArray[np.float32]:
        """The share of patterns that hold any residual at all: 0 in smooth cells, 1 in noisy ones."""
        silent = int(CLASS_OF_CODE[40])  # the pattern of four zeros
        counted = np.maximum(found.values.sum(axis=0, dtype=np.int32), 1)
        quiet = found.values[silent].astype(np.int32) + found.values[CLASSES + silent]
        return np.asarray(1 - quiet / counted, dtype=np.float32)

    def extract(self, evidence: Evidence) -> SignalMap:
        """Counts the patterns; unusable below 24x24 pixels."""
        return cell_counts(evidence)


@once_per_picture
def cell_counts(evidence: Evidence) -> SignalMap:
    """What :class:`SplicebusterCounts` extracts, computed once a picture; do not write into it."""
    spec = SplicebusterCounts.spec
    if min(evidence.height, evidence.width) < MIN_SIZE:
        return SignalMap.unusable(spec, f"The picture is smaller than {MIN_SIZE} x {MIN_SIZE} pixels.")
    rows, columns = (evidence.height - 8) // CELL, (evidence.width - 8) // CELL
    height, width = spec.grid(evidence.height, evidence.width)
    values = np.zeros((2 * CLASSES, height, width), dtype=np.uint8)
    pixels = evidence.pixels
    for top in range(0, rows, _STRIP // CELL):
        bottom = min(rows, top + _STRIP // CELL)
        values[:, top:bottom, :columns] = _count_strip(pixels, top * CELL, bottom * CELL, columns * CELL)
    valid = np.asarray(values.any(axis=0), dtype=np.bool_)
    # A cell reads pixels up to 4 rows below its own first 8, hence a row of cells more is lost.
    if evidence.decoded_rows < evidence.height:
        valid[max(0, (evidence.decoded_rows - 8) // CELL) :] = False
    # One class of patterns along and one across: every residual is zero.
    if np.count_nonzero(values.any(axis=(1, 2))) <= 2:
        return SignalMap.unusable(spec, "The picture is flat or clipped everywhere; it has no noise to read.")
    return SignalMap(spec, values, valid)


def _classes() -> NDArray[np.uint8]:
    """Pattern code 0..80 to class 0..24: a pattern, its reversal and its negatives are one class.

    Classes are numbered in the order of their smallest code; the code of (c0, c1, c2, c3) is sum of c_i * 3**i.
    """
    smallest = {}
    for pattern in itertools.product(range(3), repeat=4):
        negative = tuple(2 - c for c in pattern)
        same = (pattern, pattern[::-1], negative, negative[::-1])
        smallest[_code(pattern)] = min(_code(p) for p in same)
    order = sorted(set(smallest.values()))
    return np.array([order.index(smallest[code]) for code in range(81)], dtype=np.uint8)


def _code(pattern: tuple[int, ...]) -> int:
    return sum(level * 3**place for place, level in enumerate(pattern))


CLASS_OF_CODE = _classes()


def _count_strip(pixels: NDArray[np.uint8], top: int, bottom: int, width: int) -> NDArray[np.uint8]:
    """Counts of the cells whose pixels are rows ``top + 4 .. bottom + 4``: uint8 ``[50, cells, cells]``."""
    first = max(0, top + BORDER - _REACH)
    last = min(pixels.shape[0], bottom + BORDER + _REACH)
    thousandths = np.asarray(cv2.transform(pixels[first:last].astype(np.float32), _LUMA), dtype=np.float32)
    kept = _unsaturated(thousandths)[top + BORDER - first :][: bottom - top, BORDER : BORDER + width]
    thousandths = thousandths[top - first : bottom + 2 * BORDER - first]
    horizontal = _levels(thousandths, axis=1)
    vertical = _levels(thousandths, axis=0)
    across = (_codes(horizontal, 0, width), _codes(vertical, 1, width))
    along = (_codes(horizontal, 1, width), _codes(vertical, 0, width))
    return np.concatenate([_histograms(pair, kept) for pair in (across, along)])


def _levels(thousandths: NDArray[np.float32], axis: int) -> NDArray[np.uint8]:
    """Residual of Eq. 1 along an axis in levels 0, 1, 2, for all but two pixels at each side of both axes."""
    inner = [slice(2, -2), slice(2, -2)]

    def tap(shift: int) -> NDArray[np.float32]:
        window = inner.copy()
        size = thousandths.shape[axis]
        window[axis] = slice(2 + shift, size - 2 + shift)
        return thousandths[window[0], window[1]]

    residual = 3 * (tap(1) - tap(0)) + tap(-1) - tap(2)
    return (residual > -THRESHOLD).view(np.uint8) + (residual >= THRESHOLD).view(np.uint8)


def _codes(levels: NDArray[np.uint8], axis: int, width: int) -> NDArray[np.uint8]:
    """Class of the run of four levels at -2 .. +1 along an axis, for all but two at each side of both axes."""
    code: NDArray[np.uint8] = np.zeros((levels.shape[0] - 4, levels.shape[1] - 4), dtype=np.uint8)
    window = [slice(2, -2), slice(2, -2)]
    for place in range(4):
        window[axis] = slice(place, levels.shape[axis] - 4 + place)
        code += levels[window[0], window[1]] * np.uint8(3**place)
    return np.asarray(cv2.LUT(code[:, :width], _LOOK_UP), dtype=np.uint8)


_LOOK_UP = np.zeros(256, dtype=np.uint8)
_LOOK_UP[:81] = CLASS_OF_CODE


def _histograms(pair: tuple[NDArray[np.uint8], ...], kept: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Counts of 25 classes over the kept pixels of each cell, summed over the pair: uint8 ``[25, h, w]``."""
    rows, columns = kept.shape[0] // CELL, kept.shape[1] // CELL
    cell = (np.arange(rows)[:, None] * columns + np.arange(columns)).repeat(CELL, 0).repeat(CELL, 1)
    counts = np.zeros(rows * columns * 32, dtype=np.int64)
    for classes in pair:
        index = cell * 32 + np.where(kept, classes, 31)
        counts += np.bincount(index.ravel(), minlength=counts.size)
    return counts.reshape(rows, columns, 32)[..., :CLASSES].transpose(2, 0, 1).astype(np.uint8)


def _unsaturated(thousandths: NDArray[np.float32]) -> NDArray[np.bool_]:
    """False on and near areas clipped to black or white."""
    dark = (thousandths < DARK).view(np.uint8)
    bright = (thousandths > BRIGHT).view(np.uint8)
    dark_areas = cv2.morphologyEx(dark, cv2.MORPH_OPEN, disk(3))
    bright_areas = cv2.morphologyEx(bright, cv2.MORPH_OPEN, disk(2))
    near = cv2.dilate(cv2.max(dark_areas, bright_areas), np.ones((9, 9), dtype=np.uint8))
    return np.asarray(near == 0)


def disk(radius: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(x * x + y * y <= radius * radius, dtype=np.uint8)
