"""The 8x8 DCT of JPEG in whole numbers, as the Independent JPEG Group's accurate method rounds it.

Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications", ICASSP 1989, with 13
bits of fraction; two bits more than the samples have are kept between the two passes. The flow graph of a pass rounds
once, at its end; before that it is linear, hence a matrix of whole numbers here. Products stay below 2**53, so float64
holds them exactly on every device.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

_FRACTION, _BETWEEN = 13, 2


def forward_dct(blocks: Tensor) -> Tensor:
    """DCT of samples, scaled by 8.

    Args:
        blocks: int32 ``[..., 8, 8]`` in -128..127.

    Returns:
        int32 ``[..., 8, 8]``: 8 times the orthonormal coefficients, row frequency before column frequency.
    """
    matrix = _matrix().to(blocks.device)
    # Rows first: x @ M.T transforms along the last axis.
    rows = _descaled(blocks.double() @ matrix.T, _FRACTION - _BETWEEN)
    return _descaled(matrix @ rows, _FRACTION + _BETWEEN).int()


def inverse_dct(coefficients: Tensor) -> Tensor:
    """Samples of orthonormal coefficients.

    Args:
        coefficients: int32 ``[..., 8, 8]``, dequantized.

    Returns:
        int32 ``[..., 8, 8]``, not cut to -128..127.
    """
    matrix = _matrix().to(coefficients.device)
    columns = _descaled(matrix.T @ coefficients.double(), _FRACTION - _BETWEEN)
    return _descaled(columns @ matrix, _FRACTION + _BETWEEN + 3).int()


def _descaled(numbers: Tensor, bits: int) -> Tensor:
    """Divided by ``2**bits`` and rounded, halves upward; ``numbers`` are consumed."""
    return numbers.add_(2.0 ** (bits - 1)).mul_(2.0**-bits).floor_()


@cache
def _matrix() -> Tensor:
    """One pass of the forward transform: float64 ``[8, 8]`` of whole numbers, ``2**13 * sqrt(8)`` times orthonormal."""
    return torch.stack([_pass(row) for row in torch.eye(8, dtype=torch.int64)], dim=1).double()


def _pass(sample: Tensor) -> Tensor:
    """The flow graph of the paper for samples ``[8]``, without its rounding."""

    def fraction(number: float) -> int:
        return int(number * 2**_FRACTION + 0.5)

    total, difference = sample[:4] + sample[4:].flip(0), (sample[:4] - sample[4:].flip(0)).flip(0)
    # Even part.
    outer, inner = total[0] - total[3], total[1] - total[2]
    rotated = (outer + inner) * fraction(0.541196100)
    zero = (total[0] + total[3] + total[1] + total[2]) * 2**_FRACTION
    four = (total[0] + total[3] - total[1] - total[2]) * 2**_FRACTION
    two = rotated + outer * fraction(0.765366865)
    six = rotated - inner * fraction(1.847759065)
    # Odd part: differences of samples 3 and 4, 2 and 5, 1 and 6, 0 and 7.
    first = (difference[0] + difference[3]) * -fraction(0.899976223)
    second = (difference[1] + difference[2]) * -fraction(2.562915447)
    third, fourth = difference[0] + difference[2], difference[1] + difference[3]
    shared = (third + fourth) * fraction(1.175875602)
    third = shared - third * fraction(1.961570560)
    fourth = shared - fourth * fraction(0.390180644)
    seven = difference[0] * fraction(0.298631336) + first + third
    five = difference[1] * fraction(2.053119869) + second + fourth
    three = difference[2] * fraction(3.072711026) + second + third
    one = difference[3] * fraction(1.501321110) + first + fourth
    return torch.stack([zero, one, two, three, four, five, six, seven])
