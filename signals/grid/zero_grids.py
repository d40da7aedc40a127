"""Votes of pixels for the origin of the JPEG grid they lie in.

Nikoukhah, Anger, Colom, Morel and Grompone von Gioi, "ZERO: a Local JPEG Grid Origin Detector Based on the Number of
DCT Zeros and its Applications in Image Forensics", Image Processing On Line 11, 2021.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

from signals.evidence import Evidence
from signals.memo import once_per_picture
from signals.signal import SignalSpec, Unusable
from signals.validity import decoded_cells

BLOCK = 8
ORIGINS = BLOCK * BLOCK
NO_VOTE = ORIGINS
_LUMA = np.array([[0.299, 0.587, 0.114]], dtype=np.float32)
_MIN_SIZE = 3 * BLOCK
# A multiple of the block, so that every strip begins in the same place of the grid.
_STRIP = 32 * BLOCK
# A coefficient of exactly 1/2 is not zero; most of them are found exactly, see _basis.
_ZERO_BELOW = 8 * (0.5 - 1e-4)
# Codes of a block in which a vote can be read back: none is 0, an origin 1 .. 64, a block that may not vote 65.
_CODES = ORIGINS + 2


@once_per_picture
def votes(evidence: Evidence) -> NDArray[np.uint8]:
    """:func:`origin_votes` of a picture.

    Raises:
        Unusable: Smaller than 24x24 pixels, or flat: nobody votes.
    """
    if min(evidence.height, evidence.width) < _MIN_SIZE:
        raise Unusable(f"The picture is smaller than {_MIN_SIZE} x {_MIN_SIZE} pixels.")
    cast = np.full((evidence.height, evidence.width), NO_VOTE, dtype=np.uint8)
    cast[: evidence.decoded_rows] = origin_votes(gray_levels(evidence.pixels[: evidence.decoded_rows]))
    if (cast == NO_VOTE).all():
        raise Unusable("The picture is flat: no pixel tells in which grid it lies.")
    return cast


def whole_cells(spec: SignalSpec, evidence: Evidence) -> NDArray[np.bool_]:
    """True for the 8x8 cells all of whose pixels may vote: bool ``[ceil(H/8), ceil(W/8)]``."""
    whole = decoded_cells(spec, evidence, BLOCK - 1)
    whole[0] = whole[:, 0] = False
    whole[(evidence.height - BLOCK + 1) // BLOCK :] = False
    whole[:, (evidence.width - BLOCK + 1) // BLOCK :] = False
    return whole


def origin_votes(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The origin of the grid in which each pixel's 8x8 block has the most DCT coefficients that round to zero.

    Args:
        gray: uint8 ``[H, W]``, luma.

    Returns:
        uint8 ``[H, W]``: column of the origin plus 8 times its row, each in 0..7; 64 where two blocks are equal,
        where the best block is constant along its rows or columns, and within 7 pixels of the border of the picture.
    """
    height, width = gray.shape
    result = np.full((height, width), NO_VOTE, dtype=np.uint8)
    reach = BLOCK - 1
    if min(height, width) <= 2 * reach:
        return result
    # By strips, so that memory does not grow with the picture.
    for top in range(reach, height - reach, _STRIP):
        bottom = min(top + _STRIP, height - reach)
        result[top:bottom, reach : width - reach] = _strip_votes(gray[top - reach : bottom + reach])
    return result


def gray_levels(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma as JFIF weighs it, in whole grey levels: uint8 ``[H, W]`` of uint8 ``[H, W, 3]`` RGB."""
    gray = np.empty(pixels.shape[:2], dtype=np.uint8)
    for top in range(0, len(pixels), _STRIP):
        strip = pixels[top : top + _STRIP]
        luma = cv2.transform(strip.astype(np.float32), _LUMA).reshape(strip.shape[:2])
        gray[top : top + _STRIP] = np.rint(luma)
    return gray


def zero_counts(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How many of the 63 AC coefficients are below 1/2 in magnitude, of the 8x8 block that begins at each pixel.

    Args:
        gray: uint8 ``[H, W]``, at least 8x8.

    Returns:
        uint8 ``[H - 7, W - 7]``, 0..63.
    """
    rows, columns = gray.shape[0] - 7, gray.shape[1] - 7
    basis = _basis()
    # [row, frequency, column]: the blocks of one row of pixels are then a matrix of 8 rows.
    across = np.empty((gray.shape[0], BLOCK, columns), dtype=np.float32)
    shifted = np.stack([gray[:, shift : shift + columns] for shift in range(BLOCK)], axis=1, dtype=np.float32)
    np.matmul(basis, shifted, out=across)
    flat = across.reshape(gray.shape[0], BLOCK * columns)
    coefficients = np.empty((BLOCK, BLOCK * columns), dtype=np.float32)
    counts = np.empty((rows, columns), dtype=np.uint8)
    for row in range(rows):
        np.matmul(basis, flat[row : row + BLOCK], out=coefficients)
        # 255 where zero, and 255 is -1 in bytes.
        zero = cv2.inRange(coefficients, -_ZERO_BELOW, _ZERO_BELOW).reshape(ORIGINS, columns)
        np.negative(zero[1:].sum(axis=0, dtype=np.uint8), out=counts[row])
    return counts


def _basis() -> NDArray[np.float32]:
    """The DCT times the root of 8, ``[frequency, place]``: a coefficient becomes 8 times the orthonormal one.

    Frequencies 0 and 4 are whole numbers, so the coefficients that can be exactly 1/2 are free of rounding errors.
    """
    frequency, place = np.mgrid[:BLOCK, :BLOCK]
    basis = np.cos((2 * place + 1) * frequency * np.pi / 16) * np.sqrt(2)
    basis[[0, 4]] = np.sign(np.cos((2 * place + 1) * frequency * np.pi / 16)[[0, 4]])
    return np.asarray(basis, dtype=np.float32)


def _strip_votes(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Votes of all but the outer 7 pixels of a strip that begins at a multiple of 8 rows."""
    counts = zero_counts(gray).astype(np.uint16) * np.uint16(_CODES)
    y, x = np.ogrid[: counts.shape[0], : counts.shape[1]]
    origins = (y % BLOCK * BLOCK + x % BLOCK).astype(np.uint16)
    mute = _constant_blocks(gray)
    # Two codes that order equal counts in opposite ways: they agree on the origin only if there is one winner.
    forward = counts + np.where(mute, np.uint16(_CODES - 1), origins + np.uint16(1))
    backward = counts + np.where(mute, np.uint16(_CODES - 1), np.uint16(ORIGINS) - origins)
    highest = _largest_of_blocks(forward) % np.uint16(_CODES)
    lowest = _largest_of_blocks(backward) % np.uint16(_CODES)
    return np.where(highest + lowest == ORIGINS + 1, highest - 1, NO_VOTE).astype(np.uint8)


def _largest_of_blocks(codes: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The largest code of the 64 blocks over each pixel that has them all: ``[h, w]`` to ``[h - 7, w - 7]``."""
    rows, columns = codes.shape
    largest = cv2.dilate(codes, np.ones((BLOCK, BLOCK), dtype=np.uint8), anchor=(0, 0))
    return np.asarray(largest[: rows - 7, : columns - 7])


def _constant_blocks(gray: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether the block that begins at each pixel is constant along all its rows or along all its columns."""
    rows, columns = gray.shape[0] - 7, gray.shape[1] - 7
    across = (gray[:, 1:] != gray[:, :-1]).view(np.uint8)
    down = (gray[1:] != gray[:-1]).view(np.uint8)
    across = cv2.dilate(across, np.ones((8, 7), dtype=np.uint8), anchor=(0, 0))
    down = cv2.dilate(down, np.ones((7, 8), dtype=np.uint8), anchor=(0, 0))
    return np.asarray((across[:rows, :columns] == 0) | (down[:rows, :columns] == 0))


def log_tests(height: int, width: int) -> float:
    """log10 of the number of tests: 64 origins times square windows of every place and size."""
    pixels = float(height) * float(width)
    return float(np.log10(ORIGINS) + 1.5 * np.log10(pixels))


def log_nfa(tests: float, trials: int, successes: int) -> float:
    """log10 of the expected number of windows with so many votes for one origin, if votes were random.

    Args:
        tests: log10 of the number of tests.
        trials: Blocks of 8x8 pixels in the window, each of which votes independently.
        successes: How many of them vote for the origin, with probability 1/64 each.
    """
    if successes <= 0:
        return tests
    counts = np.arange(successes, trials + 1)
    ways = gammaln(trials + 1) - gammaln(counts + 1) - gammaln(trials - counts + 1)
    terms = ways + counts * np.log(1 / ORIGINS) + (trials - counts) * np.log1p(-1 / ORIGINS)
    return float(tests + logsumexp(terms) / np.log(10))


def main_grid(cast: NDArray[np.uint8]) -> int | None:
    """The origin that most pixels vote for, if that cannot be chance (NFA below 1); else None.

    Args:
        cast: uint8 ``[H, W]`` of :func:`origin_votes`.
    """
    totals = np.bincount(cast.ravel(), minlength=ORIGINS + 1)[:ORIGINS]
    origin = int(totals.argmax())
    trials = cast.size // ORIGINS
    significant = log_nfa(log_tests(*cast.shape), trials, int(totals[origin]) // ORIGINS) < 0
    return origin if significant else None


def cell_votes(cast: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How many pixels of each 8x8 cell vote for each origin: uint8 ``[ceil(H/8), ceil(W/8), 65]``; the last is none."""
    height, width = cast.shape
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    counted = np.empty((rows, columns, ORIGINS + 1), dtype=np.uint8)
    for row in range(rows):
        band: NDArray[Any] = cast[row * BLOCK : (row + 1) * BLOCK].astype(np.intp)
        band += np.arange(width) // BLOCK * (ORIGINS + 1)
        counted[row] = np.bincount(band.ravel(), minlength=columns * (ORIGINS + 1)).reshape(columns, -1)
    return counted
