"""The filters of :mod:`signals.noise.srm` and ``bayar``, and the residual of Splicebuster, on batches."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from signals.noise.bayar import BANK as BAYAR
from signals.noise.high_pass import LIMIT, REACH, SIZE, STEPS, HighPass
from signals.noise.srm import BANK as SRM
from signals.torch.pixels import thousandths_of_luma, whole_pixels


def srm(pixels: Tensor) -> Tensor:
    """What :class:`signals.noise.srm.Srm` reads: int8 ``[B, 3, H, W]``, 0 in two rows and columns along the border.

    Args:
        pixels: ``[B, 3, H, W]`` RGB, uint8 or floating point in 0..255, at least 5x5.
    """
    return _residuals(SRM, pixels)


def bayar(pixels: Tensor) -> Tensor:
    """What :class:`signals.noise.bayar.Bayar` reads: int8 ``[B, 3, H, W]``; arguments as :func:`srm`."""
    return _residuals(BAYAR, pixels)


def splicebuster_residual(pixels: Tensor) -> Tensor:
    """The residual of Splicebuster (WIFS 2015, Eq. 1) before it is quantized.

    Args:
        pixels: ``[B, 3, H, W]`` RGB, uint8 or floating point in 0..255, at least 5x5.

    Returns:
        float32 ``[B, 2, H, W]`` in grey levels: along rows, then along columns, at each pixel from the one before it,
        itself and the two after it; 0 in two rows and columns along the border.
    """
    luma = thousandths_of_luma(whole_pixels(pixels))
    result = torch.zeros((len(luma), 2, *luma.shape[1:]), device=luma.device)
    inner = (..., slice(REACH, -REACH), slice(REACH, -REACH))
    result[:, 0][inner] = third_difference(luma, 2)[..., REACH:-REACH, :] / 1000
    result[:, 1][inner] = third_difference(luma, 1)[..., :, REACH:-REACH] / 1000
    return result


def third_difference(luma: Tensor, axis: int) -> Tensor:
    """``x[-1] - 3 x[0] + 3 x[1] - x[2]`` along an axis, for all but two places at each of its ends."""
    size = luma.shape[axis] - 4
    before, here, after, next_after = (luma.narrow(axis, 2 + shift, size) for shift in (-1, 0, 1, 2))
    return before - next_after + 3 * (after - here)


def _residuals(bank: HighPass, pixels: Tensor) -> Tensor:
    total = whole_pixels(pixels).sum(1, dtype=torch.int32)
    height, width = total.shape[1] - 2 * REACH, total.shape[2] - 2 * REACH
    planes = []
    for kernel, divisor in zip(bank.kernels.tolist(), bank.divisors.tolist(), strict=True):
        # Whole numbers: a GPU's convolution would round where the NumPy form does not.
        sums = torch.zeros_like(total[:, :height, :width])
        for y, x in product(range(SIZE), repeat=2):
            if kernel[y][x]:
                sums.add_(total[:, y : y + height, x : x + width], alpha=kernel[y][x])
        planes.append((sums.float() / (3 * divisor / STEPS)).round().clamp(-LIMIT, LIMIT).to(torch.int8))
    return functional.pad(torch.stack(planes, dim=1), (REACH, REACH, REACH, REACH))
