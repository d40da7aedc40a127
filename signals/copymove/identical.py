"""Areas that are equal to the last bit, in pictures that were kept without loss since they were copied.

A camera's noise never repeats. What two textured areas share to the last bit is a copy, whatever the noise of the rest
of the picture. How surprising an area is, is what a lossless coder pays for it: the bits of each pixel, given its
neighbors, under the statistics of the picture itself. Areas from about 16 pixels a side on are found. What software
draws, not a camera, may repeat to the last bit too; blocks that can be predicted, blocks that occur again and again,
and areas without variety, such as text and drawings, are left out. A photo that a page shows twice is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.copymove.shifts import NEAREST

BLOCK = 8
# In what once was a JPEG, blocks of few coefficients repeat by chance: displacements of whole blocks prove nothing.
_GRID = 8
# Bits a pixel that a block costs at least, and the share of its pixels that may be just what was predicted.
_LEAST_BITS = 1.0
_MOST_PREDICTED = 0.5
# A block that occurs again so often is a repeating pattern.
_MOST_REPEATS = 5
_MOST_SHIFTS = 16
# Chance repeats of single blocks of a JPEG, if it was enlarged since, hold fewer.
_FEWEST_BLOCKS = 64
# Squares of 2x2 pixels hardly ever come twice in a photo's texture; in text, drawings and frames a few do all the time.
_LEAST_VARIETY = 0.4
_COUNTED = 4096
# The coder takes the errors of its predictions for independent, which they are not.
_TRUST = 0.5
_MOST_DECADES = 250.0
_CONTEXTS = (0, 1, 3, 6, 10, 16, 28, 60)

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Identical:
    """One area that occurs twice.

    Attributes:
        dx: Columns from the first end to the second.
        dy: Rows from the first end to the second, 0 or more.
        first: bool ``[H, W]``: the first end.
        decades: -log10 of the number of areas as surprising that chance would repeat in the picture, if the errors of
            the coder's predictions were independent; half of its bits are counted.
    """

    dx: int
    dy: int
    first: Mask
    decades: float


def find_identical(pixels: Pixels, luma: Pixels) -> list[Identical]:
    """The areas that occur again elsewhere, bit for bit, most surprising first.

    Args:
        pixels: uint8 RGB ``[H, W, 3]``.
        luma: uint8 ``[H, W]`` of the same.
    """
    height, width = luma.shape
    if min(height, width) < 2 * BLOCK:
        return []
    bits, predicted = coded_bits(luma)
    textured = (_block_means(bits) >= _LEAST_BITS) & (_block_means(predicted) <= _MOST_PREDICTED)
    pairs = _equal_blocks(pixels, textured)
    repeated = np.zeros_like(textured)
    repeated.ravel()[pairs.ravel()] = True
    found = []
    for dy, dx in _displacements(pairs, textured.shape[1]):
        area = _equal_area(pixels, repeated, dy, dx)
        surprise = float(bits[area].sum()) * _TRUST * np.log10(2) - 2 * np.log10(height * width)
        if surprise > 0 and _variety(luma, area) >= _LEAST_VARIETY:
            found.append(Identical(dx, dy, area, min(_MOST_DECADES, float(surprise))))
    return sorted(found, key=lambda one: -one.decades)


def coded_bits(luma: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Bits that each pixel costs a lossless coder: the median edge prediction of JPEG-LS, errors coded by context.

    Source: Weinberger, Seroussi and Sapiro, "The LOCO-I lossless image compression algorithm", 2000.

    Returns:
        float32 ``[H, W]``: the bits, and 1 where the prediction is right; the first row and column, which have no
        neighbors, cost nothing and count as predicted.
    """
    plain = luma.astype(np.int16)
    left, above, corner = plain[1:, :-1], plain[:-1, 1:], plain[:-1, :-1]
    guess = np.clip(left + above - corner, np.minimum(left, above), np.maximum(left, above))
    error = plain[1:, 1:] - guess
    context = np.searchsorted(_CONTEXTS, np.arange(511), side="right").astype(np.uint16) - np.uint16(1)
    symbol = context[np.abs(left - corner) + np.abs(above - corner)] * np.uint16(512)
    symbol += (error + 256).astype(np.uint16)
    counts = np.bincount(symbol.ravel(), minlength=512 * len(_CONTEXTS)).reshape(-1, 512)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cost = -np.log2(np.maximum(share, 1e-12)).astype(np.float32)
    bits, predicted = np.zeros(luma.shape, dtype=np.float32), np.ones(luma.shape, dtype=np.float32)
    bits[1:, 1:] = cost.ravel()[symbol]
    predicted[1:, 1:] = error == 0
    return bits, predicted


def _variety(luma: Pixels, area: Mask) -> float:
    """Different squares of 2x2 pixels among evenly spread ones of an area, over the number of these: 0..1."""
    rows, columns = np.nonzero(area[:-1, :-1])
    some = slice(None, None, max(1, -(-len(rows) // _COUNTED)))
    rows, columns = rows[some], columns[some]
    square = [luma[rows + y, columns + x].astype(np.uint32) for y in (0, 1) for x in (0, 1)]
    kinds = np.unique(square[0] | square[1] << np.uint32(8) | square[2] << np.uint32(16) | square[3] << np.uint32(24))
    return len(kinds) / max(1, len(rows))


def _block_means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of all blocks, by their corner: ``[H - 7, W - 7]``."""
    means = cv2.blur(values, (BLOCK, BLOCK), anchor=(0, 0))
    return np.asarray(means[: values.shape[0] - BLOCK + 1, : values.shape[1] - BLOCK + 1], dtype=np.float32)


def _equal_blocks(pixels: Pixels, textured: Mask) -> NDArray[np.int64]:
    """Pairs of textured blocks that are equal, by their places in ``textured``, the earlier first: int64 ``[n, 2]``."""
    places = np.flatnonzero(textured)
    hashes = _hashes(pixels).ravel()[places]
    order = np.argsort(hashes, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(hashes[order]) != 0, [True]]))
    sizes = np.diff(starts)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for size in range(2, _MOST_REPEATS + 1):
        groups = starts[:-1][sizes == size]
        members = places[order[groups[:, None] + np.arange(size)]]
        pairs += [members[:, [one, other]] for one, other in combinations(range(size), 2)]
    return np.concatenate(pairs)


def _hashes(pixels: Pixels) -> NDArray[np.uint64]:
    """A number for the content of each block, by its corner; arithmetic modulo 2^64."""
    values = np.ones(pixels.shape[:2], dtype=np.uint64)
    for channel, shift in enumerate((0, 8, 16)):
        values += pixels[..., channel].astype(np.uint64) << np.uint64(shift)
    for axis, factor in ((1, 0x9E3779B97F4A7C15), (0, 0xC2B2AE3D27D4EB4F)):
        length = values.shape[axis] - BLOCK + 1
        total = np.zeros_like(values[:, :length] if axis else values[:length])
        for step in range(BLOCK):
            total *= np.uint64(factor)
            total += values[:, step : step + length] if axis else values[step : step + length]
        # Mixed, so that rows cannot make up for one another.
        total ^= total >> np.uint64(29)
        total *= np.uint64(0xBF58476D1CE4E5B9)
        values = total
    return values


def _displacements(pairs: NDArray[np.int64], columns: int) -> list[tuple[int, int]]:
    """The displacements (rows, columns) of most pairs, but for those that prove nothing.

    Args:
        pairs: Of :func:`_equal_blocks`.
        columns: Width of the grid of blocks that they are places in.
    """
    y, x = np.divmod(pairs, columns)
    keys, counts = np.unique((y[:, 1] - y[:, 0]) * 2 * columns + x[:, 1] - x[:, 0] + columns, return_counts=True)
    dy, dx = keys // (2 * columns), keys % (2 * columns) - columns
    far = np.maximum(dy, np.abs(dx)) >= NEAREST
    telling = far & (counts >= _FEWEST_BLOCKS) & ((dy % _GRID != 0) | (dx % _GRID != 0))
    most = np.flatnonzero(telling)[np.argsort(-counts[telling], kind="stable")][:_MOST_SHIFTS]
    return [(int(dy[place]), int(dx[place])) for place in most]


def _equal_area(pixels: Pixels, repeated: Mask, dy: int, dx: int) -> Mask:
    """Where the picture equals itself moved, in and close round repeated blocks that hang together: bool ``[H, W]``."""
    height, width = pixels.shape[:2]
    rows, columns = slice(0, height - dy), slice(max(0, -dx), width - max(0, dx))
    other = slice(dy, height), slice(max(0, dx), width - max(0, -dx))
    equal = np.zeros((height, width), dtype=np.uint8)
    equal[rows, columns] = (pixels[rows, columns] == pixels[other]).all(axis=2)
    square = np.ones((BLOCK, BLOCK), np.uint8)
    whole = cv2.erode(equal, square, anchor=(0, 0), borderValue=0)[: repeated.shape[0], : repeated.shape[1]]
    _, labels, facts, _ = cv2.connectedComponentsWithStats(((whole > 0) & repeated).astype(np.uint8))
    large = facts[:, cv2.CC_STAT_AREA] >= _FEWEST_BLOCKS
    large[0] = False
    seeds = np.zeros((height, width), dtype=np.uint8)
    seeds[: repeated.shape[0], : repeated.shape[1]] = large[labels]
    covered = cv2.dilate(seeds, square, anchor=(BLOCK - 1, BLOCK - 1))
    near = cv2.dilate(covered, np.ones((2 * BLOCK + 1, 2 * BLOCK + 1), np.uint8))
    kept = cv2.morphologyEx(cv2.bitwise_and(equal, near), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.bitwise_or(kept, covered) > 0)
