"""Double compression on shifted grids ("NADQ"). Bianchi and Piva, IEEE TIFS 7 (2012) 1003-1017, non-aligned case."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.block_dct import block_dct, luma
from signals.compression.lattice import STEPS, Lattice, fit_lattices, rounded_multiples
from signals.evidence import Evidence
from signals.luma_blocks import luma_blocks
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

# The first six of the zig-zag scan.
FREQUENCIES = tuple((row, column) for row in range(3) for column in range(3 - row))

_MIN_SIZE = 128
_QUARTERS = 4
# No 8-bit picture has a larger DCT coefficient.
LARGEST = 1024
_MEDIAN = 5
# The share comes out low where the last saving was coarse; what is pasted is rarely a third of a picture.
_LEAST_MAJORITY = 0.3
# A frequency speaks if its lattice makes the values e ** 8 times as likely.
_LEAST_GAIN = 8.0
# Blocks of less variance hold too little of the grid; flat areas lie on the lattice of the last saving.
_LEAST_VARIANCE = 1.0


@dataclass(frozen=True, eq=False)
class ShiftedGrid:
    """The grid on which a part of the picture was compressed before it came to its present place.

    Attributes:
        row: First row of pixels of the grid, 0..7.
        column: First column, 0..7; not both are 0.
        lattice: Of its DC coefficients, in the part of the picture where it shows most.
        share: Part of the blocks of the whole picture whose DC coefficients keep to this lattice.
    """

    row: int
    column: int
    lattice: Lattice
    share: float


class Nadq(Score):
    """Log-likelihood ratio that a block differs from most of the picture in having been compressed on a shifted grid.

    The grid is the one of 63 on which the DC coefficients lie most clearly on a lattice. If most blocks were
    compressed on it, as in a cropped picture, the altered ones are those that were not; else those that were, as what
    was pasted from another JPEG. The raw statistic is the sum of ``log p(x | one) / p(x | other)`` over six frequencies
    (the first alone where the grid is shifted along one axis only), the median of 5 x 5 blocks; 0 if no grid shows.
    """

    spec = score_spec("nadq", "1", 8, parameters={"frequencies": len(FREQUENCIES), "median": _MEDIAN})
    reads = (
        "Reads whether DCT coefficients cluster at the steps of an earlier JPEG saving whose 8x8 grid is shifted "
        "against the present one, and finds the part that has this trace, or lacks it."
    )
    blind_when = (
        "Sees nothing without the JPEG file, when the earlier grid fell onto the present one, or when the last saving "
        "was as coarse as the earlier one or coarser."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """The log-likelihood ratio of every cell, median of 5 x 5 cells."""
        if not luma_blocks(evidence).was_jpeg:
            raise Unusable("The picture is no JPEG file: that its last saving was on this grid is not known.")
        known = evidence.decoded_rows
        if min(known, evidence.width) < _MIN_SIZE:
            raise Unusable(f"The picture is smaller than {_MIN_SIZE} x {_MIN_SIZE} pixels.")
        pixels = evidence.pixels[:known]
        counts = dc_histograms(pixels)
        if not counts.any():
            raise Unusable("The picture is nearly flat: no block holds texture.")
        values = np.zeros(self.spec.grid(evidence.height, evidence.width), dtype=np.float32)
        grid = find_grid(counts)
        if grid is not None:
            ratios = log_ratios(pixels, grid)
            found = ratios if grid.share < _LEAST_MAJORITY else -ratios
            cells = on_picture_grid(found, grid, -(-known // 8), -(-evidence.width // 8))
            values[: len(cells)] = cv2.medianBlur(cells.astype(np.float32), _MEDIAN)
        return Statistic(values, decoded_cells(self.spec, evidence, reach=8 * (_MEDIAN // 2 + 1)))


def dc_histograms(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Histograms of the DC coefficients of textured blocks, for every position of the grid and part of the picture.

    Args:
        pixels: uint8 ``[H, W, 3]``, at least 64 x 64.

    Returns:
        int64 ``[4, 4, 8, 8, 2049]``: for each quarter of the height and width, by the block's first pixel, and each
        first row and column of the grid the counts of the values -1024 .. 1024.
    """
    height, width = pixels.shape[:2]
    rows, columns = (-(-size * np.arange(_QUARTERS + 1) // _QUARTERS) for size in (height, width))
    rows[-1], columns[-1] = height - 7, width - 7
    counts = np.zeros((_QUARTERS, _QUARTERS, 8, 8, 2 * LARGEST + 1), dtype=np.int64)
    for y in range(_QUARTERS):
        for x in range(_QUARTERS):
            # With the seven rows and columns that its last blocks reach into.
            part = luma(pixels[rows[y] : rows[y + 1] + 7, columns[x] : columns[x + 1] + 7]) - 128
            index = _dc_index(part)
            for row in range(8):
                for column in range(8):
                    plane = index[(row - rows[y]) % 8 :: 8, (column - columns[x]) % 8 :: 8].ravel()
                    counts[y, x, row, column] = np.bincount(plane, minlength=2 * LARGEST + 2)[:-1]
    return counts


def _dc_index(brightness: NDArray[np.float32]) -> NDArray[np.int16]:
    """DC coefficient of the block at every pixel, rounded, + 1024; 2049 where it has no texture."""
    mean = cv2.boxFilter(brightness, cv2.CV_32F, (8, 8), anchor=(0, 0))[:-7, :-7]
    square = cv2.sqrBoxFilter(brightness, cv2.CV_32F, (8, 8), anchor=(0, 0))[:-7, :-7]
    index = np.rint(8 * mean).astype(np.int16) + np.int16(LARGEST)
    index[square - mean * mean < _LEAST_VARIANCE] = 2 * LARGEST + 1
    return np.asarray(index, dtype=np.int16)


def find_grid(histograms: NDArray[np.int64]) -> ShiftedGrid | None:
    """The shifted grid whose DC coefficients lie on a lattice more clearly than those of the others.

    Looked for in the whole picture and in nine windows of half its size: what is pasted is most of a small window.
    What all grids have belongs to the picture. What a grid shares with a stronger neighbor, or with its mirror images
    about the present grid, leaks from there: half of a shifted block may be half of a present one.

    Args:
        histograms: int64 ``[4, 4, 8, 8, 2049]``, what :func:`dc_histograms` gives.

    Returns:
        The grid; None if there is none.
    """
    corners = range(_QUARTERS - 1)
    views = [
        histograms.sum(axis=(0, 1)),
        *(histograms[y : y + 2, x : x + 2].sum(axis=(0, 1)) for y in corners for x in corners),
    ]
    flat = np.concatenate([view.reshape(64, -1) for view in views])
    best: tuple[int, Lattice] | None = None
    most = 0.0
    for step in STEPS:
        lattices = fit_lattices(flat, step, beyond_first=False)
        gains = np.array([lattice.gain for lattice in lattices]).reshape(-1, 8, 8)
        around = np.max([np.roll(gains, shift, (1, 2)) for shift in _NEIGHBORS], axis=0)
        usual = np.median(gains.reshape(-1, 64)[:, 1:], axis=1)
        mirrored = np.max(np.where(_MIRRORS >= 0, gains.reshape(-1, 64)[:, _MIRRORS], 0.0), axis=1)
        excess = (gains > around).reshape(-1, 64) * (gains.reshape(-1, 64) - np.maximum(mirrored, usual[:, None]))
        excess[:, 0] = 0.0
        view, place = divmod(int(excess.argmax()), 64)
        if excess[view, place] > most:
            most = float(excess[view, place])
            best = place, lattices[64 * view + place]
    if best is None:
        return None
    place, lattice = best
    spreads = (lattice.spread,)
    whole = fit_lattices(flat[place : place + 1], lattice.step, beyond_first=False, spreads=spreads)[0]
    return ShiftedGrid(place // 8, place % 8, lattice, whole.share)


_NEIGHBORS = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if (row, column) != (0, 0)]


def _mirror_images() -> NDArray[np.intp]:
    """``[8, 64]``: the places of the mirror images of each of the 64 grids; -1 where an image is the grid itself."""
    row, column = np.divmod(np.arange(64), 8)
    turned = [
        (sign_a * a % 8, sign_b * b % 8)
        for a, b in ((row, column), (column, row))
        for sign_a in (1, -1)
        for sign_b in (1, -1)
    ]
    places = np.array([8 * a + b for a, b in turned])
    return np.asarray(np.where(places == np.arange(64), -1, places), dtype=np.intp)


_MIRRORS = _mirror_images()


def log_ratios(pixels: NDArray[np.uint8], grid: ShiftedGrid) -> NDArray[np.float64]:
    """How much likelier each block of the shifted grid is if it was compressed on it.

    Args:
        pixels: uint8 ``[H, W, 3]``.
        grid: What :func:`find_grid` found.

    Returns:
        float64 ``[(H - row) // 8, (W - column) // 8]``, natural logarithm; 0 for blocks without texture.
    """
    height, width = (pixels.shape[0] - grid.row) // 8 * 8, (pixels.shape[1] - grid.column) // 8 * 8
    blocks = block_dct(pixels[grid.row : grid.row + height, grid.column : grid.column + width])
    total = np.zeros(blocks.shape[:2])
    energy = np.einsum("hwuv,hwuv->hw", blocks, blocks) - blocks[:, :, 0, 0] ** 2
    textured = energy >= 64 * _LEAST_VARIANCE
    # On a grid that is shifted along one axis only, the steps of the last saving show in the AC coefficients.
    for place in FREQUENCIES if grid.row and grid.column else FREQUENCIES[:1]:
        values = np.rint(blocks[:, :, *place]).astype(np.intp) + LARGEST
        lattice = grid.lattice
        if place != (0, 0):
            histogram = np.bincount(values[textured], minlength=2 * LARGEST + 1)[None]
            fits = [fit_lattices(histogram, step, beyond_first=True)[0] for step in STEPS]
            lattice = max(fits, key=lambda fit: fit.gain)
            if lattice.gain < _LEAST_GAIN:
                continue
        total += _value_ratios(lattice, beyond_first=place != (0, 0))[values]
    return np.where(textured, total, 0.0)


def _value_ratios(lattice: Lattice, *, beyond_first: bool) -> NDArray[np.float64]:
    """Log-likelihood ratio of the values -1024 .. 1024."""
    ratio = rounded_multiples(-LARGEST, LARGEST, lattice.step, 1, 0.0, lattice.spread)
    logarithms = np.log(lattice.share * ratio + (1 - lattice.share))
    if beyond_first:
        logarithms[2 * np.abs(np.arange(-LARGEST, LARGEST + 1)) < lattice.step] = 0
    return np.asarray(logarithms)


def on_picture_grid(values: NDArray[np.float64], grid: ShiftedGrid, height: int, width: int) -> NDArray[np.float64]:
    """Values of shifted blocks on the picture's own: the mean over the area of each cell, ``[height, width]``."""
    padded = np.pad(values, 1, mode="edge")
    rows = np.minimum(np.arange(height), values.shape[0])
    columns = np.minimum(np.arange(width), values.shape[1])
    upper, lower = padded[rows], padded[rows + 1]
    across = upper * (grid.row / 8) + lower * (1 - grid.row / 8)
    return np.asarray(across[:, columns] * (grid.column / 8) + across[:, columns + 1] * (1 - grid.column / 8))
