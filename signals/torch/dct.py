"""The DCT volume of crops that bring no coefficients of their own."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from signals.compression.dct import Dct
from signals.torch.pixels import blocks_of, repeat_edge, thousandths_of_luma, whole_pixels

_TOP = int(Dct.spec.parameters["levels"]) - 1


def dct(pixels: Tensor) -> Tensor:
    """What :class:`signals.compression.dct.Dct` reads in a picture that is no JPEG; its quantization table is all ones.

    Coefficients are computed in double precision. Those of the NumPy form are not, so where a coefficient lies within
    a thousandth of a half, the two may round it to neighboring whole numbers.

    Args:
        pixels: ``[B, 3, H, W]`` RGB, uint8 or floating point in 0..255.

    Returns:
        uint8 ``[B, 64, ceil(H/8), ceil(W/8)]`` in 0..20: the magnitude of each rounded coefficient, cut at 20;
        channel ``8 * row_frequency + column_frequency``.
    """
    luma = thousandths_of_luma(whole_pixels(pixels))
    height, width = luma.shape[1:]
    blocks = blocks_of(repeat_edge(luma, -height % 8, -width % 8)).double() / 1000 - 128
    basis = _basis().to(luma.device)
    magnitudes = (basis @ blocks @ basis.T).round().abs().clamp(max=_TOP)
    return magnitudes.to(torch.uint8).flatten(-2).permute(0, 3, 1, 2).contiguous()


@cache
def _basis() -> Tensor:
    frequency, place = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    basis = torch.cos((2 * place.double() + 1) * frequency.double() * torch.pi / 16) / 2
    basis[0] /= 2**0.5
    return basis
