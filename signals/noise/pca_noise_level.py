"""Noise level of square cells of a picture by principal components of their 5 x 5 patches.

Pyatykh, Hesser and Zheng, "Image noise level estimation by principal component analysis", IEEE Transactions on Image
Processing 22(2), 2013: among the patches of lowest variance the smallest eigenvalue of the covariance is the variance
of the noise, once the smallest seven eigenvalues agree.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_PATCH = 5
_TAPS = _PATCH * _PATCH
# Patches with more pixels at 0 or 255 than a tenth, rounded up, are left out.
_MOST_CLIPPED = 3
# Shares of the patches, those of lowest variance, that are tried in turn: 1, .95, .. .1.
_SHARES = 1 - 0.05 * np.arange(19)
_EIGENVALUES, _AGREEMENT = 7, 49.0
# The noise is below 3.1 times the variance of the patch at .05 % from the lowest.
_BOUND_SHARE, _BOUND_FACTOR = 0.0005, 3.1
_ITERATIONS, _PRECISION = 10, 1e-5
# More than the patches of a row of cells.
_PLACES = 2**32
# Cells worked on at a time.
_TOGETHER = 128
# Products of so many pairs of pixels add up to less than 2 ** 24, so float32 is exact.
_EXACT = 256


def pca_noise_levels(luma: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    """Noise level of each cell.

    Args:
        luma: uint8 ``[H, W]``, at least ``size`` x ``size``.
        size: Width of a cell in pixels, at least 24. A cell that does not fit is moved inside the picture.

    Returns:
        float64 ``[ceil(H / size), ceil(W / size)]``: standard deviation of the noise in grey levels; NaN where
        clipping leaves too few patches.
    """
    height, width = luma.shape
    lefts = np.minimum(np.arange(0, width, size), width - size)
    tops = np.minimum(np.arange(0, height, size), height - size)
    levels = np.full((len(tops), len(lefts)), np.nan)
    for row, top in enumerate(tops):
        for first in range(0, len(lefts), _TOGETHER):
            some = slice(first, first + _TOGETHER)
            levels[row, some] = _row_levels(luma[top : top + size], lefts[some], size)
    return levels


def _row_levels(strip: NDArray[np.uint8], lefts: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """Noise levels of the cells that begin at ``n`` columns of a row of cells: float64 ``[n]``."""
    strip, lefts = strip[:, lefts[0] : lefts[-1] + size], lefts - lefts[0]
    # The last row and column of patches are left out, as in the reference implementation.
    across = size - _PATCH
    patches = _patches(strip[: size - 1])
    spreads, clipped = _patch_statistics(strip)
    spreads = spreads[:across, : patches.shape[1]].reshape(-1)
    levels = np.full(len(lefts), np.nan)
    # Places of the patches of each cell in the whole strip.
    inside = np.arange(across)[:, None] * patches.shape[1] + np.arange(across)
    kept = [(left + inside)[clipped[:across, left : left + across] <= _MOST_CLIPPED] for left in lefts]
    sizes = np.array([len(places) for places in kept])
    # Cells with the same number of patches, nearly always all of them, are worked on together.
    for total in np.unique(sizes):
        counts = np.rint(_SHARES * (total - 1)).astype(np.int64)
        if counts[-1] <= _TAPS:
            continue
        cells = np.flatnonzero(sizes == total)
        bounds = np.empty(len(cells))
        ascending = np.empty((len(cells), counts[0], _TAPS + 1), dtype=np.uint8)
        for place, cell in enumerate(cells):
            # Sorted by spread, then by place.
            keys = np.sort(spreads[kept[cell]] * _PLACES + kept[cell])
            bounds[place] = _upper_bound(keys // _PLACES)
            order = keys[: counts[0]] % _PLACES
            np.take(patches.reshape(-1, _TAPS + 1), order, axis=0, out=ascending[place], mode="clip")
        levels[cells] = np.sqrt(_noise_variances(_nested_products(ascending, counts), counts, bounds))
    return levels


def _patches(strip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every patch and a one: ``[h - 4, w - 4, 26]``. The column of ones makes the sums a part of the products."""
    height, width = (length - _PATCH + 1 for length in strip.shape)
    patches = np.ones((height, width, _TAPS + 1), dtype=np.uint8)
    for tap in range(_TAPS):
        down, right = divmod(tap, _PATCH)
        patches[..., tap] = strip[down : down + height, right : right + width]
    return patches


def _patch_statistics(strip: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """625 times the variance and the number of clipped pixels of the patch that begins at each pixel."""

    def sums(values: NDArray[np.float32]) -> NDArray[np.int64]:
        window = (_PATCH, _PATCH)
        # Whole numbers below 2 ** 24, so float32 is exact.
        return np.asarray(cv2.boxFilter(values, cv2.CV_32F, window, anchor=(0, 0), normalize=False)).astype(np.int64)

    values = strip.astype(np.float32)
    spreads = _TAPS * sums(values * values) - sums(values) ** 2
    return spreads, sums(((strip == 0) | (strip == 255)).astype(np.float32))


def _nested_products(patches: NDArray[np.uint8], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Products of all pairs of pixels, added up over the first ``counts[i]`` patches of every cell.

    Args:
        patches: ``[n, patches, 26]``: 25 pixels and a one.
        counts: ``[19]``, descending.

    Returns:
        ``[19, n, 26, 26]``; the last row and column are the sums of the pixels, the last value is the count.
    """
    nested = np.empty((len(counts), len(patches), _TAPS + 1, _TAPS + 1))
    total = np.zeros(nested.shape[1:])
    begin = 0
    for level in reversed(range(len(counts))):
        for first in range(begin, counts[level], _EXACT):
            part = patches[:, first : min(first + _EXACT, counts[level])].astype(np.float32)
            total += part.swapaxes(1, 2) @ part
        begin = counts[level]
        nested[level] = total
    return nested


def _covariances(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[n, 25, 25]`` of ``[n, 26, 26]``."""
    moments = products / products[:, -1:, -1:]
    means = moments[:, -1, :-1]
    return np.asarray(moments[:, :-1, :-1] - means[:, :, None] * means[:, None, :])


def _upper_bound(spreads: NDArray[np.int64]) -> float:
    """Bound of the variance of the noise from the ascending spreads of the patches; flat patches do not count."""
    last = len(spreads) - 1
    index = max(round(_BOUND_SHARE * last) + 1, int(np.count_nonzero(spreads == 0)))
    return _BOUND_FACTOR * float(spreads[min(index, last)]) / _TAPS**2


def _noise_variances(
    products: NDArray[np.float64], counts: NDArray[np.int64], bounds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Variance of the noise of ``n`` cells, by iteration from the upper bound (Algorithm 1 of the paper).

    Args:
        products: ``[19, n, 26, 26]``; see :func:`_nested_products`.
        counts: ``[19]``: patches behind each.
        bounds: ``[n]``: upper bounds.

    Returns:
        float64 ``[n]``.
    """
    smallest = np.full(products.shape[:2], np.nan)
    differences = np.full(products.shape[:2], np.nan)
    variances, previous = bounds.copy(), np.zeros_like(bounds)
    for _ in range(_ITERATIONS):
        moving = np.abs(previous - variances) >= _PRECISION
        previous = variances.copy()
        undecided = np.flatnonzero(moving)
        for level, count in enumerate(counts):
            # Eigenvalues are computed when first needed.
            new = undecided[np.isnan(smallest[level, undecided])]
            if new.size:
                eigenvalues = np.linalg.eigvalsh(_covariances(products[level, new]))
                smallest[level, new] = eigenvalues[:, 0]
                differences[level, new] = eigenvalues[:, _EIGENVALUES - 1] - eigenvalues[:, 0]
            found = smallest[level, undecided]
            variances[undecided] = found
            agreed = differences[level, undecided] < _AGREEMENT * previous[undecided] / np.sqrt(count)
            undecided = undecided[~((found < _PRECISION) | (agreed & (found < bounds[undecided])))]
    return np.maximum(variances, 0)
