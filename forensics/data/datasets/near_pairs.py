"""All pairs of hashes that differ in few bits, in blocks of bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1024


def near_pairs(first: NDArray[np.bool_], second: NDArray[np.bool_] | None, most: int) -> Iterator[tuple[int, int, int]]:
    """Pairs of rows that differ in at most ``most`` bits.

    Bits become +1 and -1, so that a matrix product counts them: the dot product of two rows is their number minus
    twice the number that differ. Ten thousand hashes of 256 bits take 5e7 products of 256, a few seconds.

    Args:
        first: bool ``[N, bits]``.
        second: bool ``[M, bits]``; None for the pairs within ``first``, each once.
        most: Largest number of differing bits.

    Yields:
        Row of ``first``, row of ``second`` (or the larger row of ``first``), differing bits.
    """
    within = second is None
    left = _signs(first)
    right = left if second is None else _signs(second)
    bits = left.shape[1] if left.size else 0
    for top in range(0, len(left), _BLOCK):
        for side in range(top if within else 0, len(right), _BLOCK):
            differing = (bits - left[top : top + _BLOCK] @ right[side : side + _BLOCK].T) / 2
            for row, column in zip(*np.nonzero(differing <= most), strict=True):
                one, other = top + int(row), side + int(column)
                if not within or one < other:
                    yield one, other, round(float(differing[row, column]))


def _signs(bits: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(bits, np.float32(1), np.float32(-1))
