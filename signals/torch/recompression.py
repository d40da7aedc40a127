"""Saving a batch as JPEG and decoding it again, to the last bit as libjpeg-turbo does, on CPU or GPU.

Without entropy coding, which loses nothing: color transform (JFIF), chroma halved in both directions, integer DCT,
quantization with the tables of ITU-T T.81, Annex K, and back, with chroma interpolated by a triangle ("fancy").
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from signals.errors import WrongUsage
from signals.torch.integer_dct import forward_dct, inverse_dct
from signals.torch.pixels import blocks_of, planes_of, repeat_edge, whole_pixels

# fmt: off
_LUMA_TABLE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)
_CHROMA_TABLE = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *([99] * 32),
)
# fmt: on
# Narrower chroma planes are repeated, not interpolated, by decoders.
_MIN_SIZE = 8
_FRACTION = 16
_HALF = 1 << (_FRACTION - 1)


def recompressed(pixels: Tensor, quality: int) -> Tensor:
    """The pixels after saving as a JPEG of chroma 4:2:0 and decoding.

    Args:
        pixels: ``[B, 3, H, W]`` RGB, uint8 or floating point in 0..255; at least 8x8 pixels.
        quality: 1..100.

    Returns:
        uint8 ``[B, 3, H, W]`` RGB.

    Raises:
        WrongUsage: Another shape, type, size or quality.
    """
    return recompressions(pixels, [quality])[0]


def recompressions(pixels: Tensor, qualities: Sequence[int]) -> list[Tensor]:
    """What :func:`recompressed` gives at each quality; what does not depend on the quality is computed once."""
    whole = whole_pixels(pixels)
    height, width = whole.shape[2:]
    if min(height, width) < _MIN_SIZE:
        raise WrongUsage(f"a batch of {width} x {height} pixels: JPEG is imitated from 8 x 8 pixels; use larger crops.")
    luma, *chroma = to_ycc(whole)
    transformed = [_transformed(luma), *(_transformed(halved(plane)) for plane in chroma)]
    results = []
    for quality in qualities:
        tables = [quantization_table(quality, base).to(whole.device) for base in (_LUMA_TABLE, _CHROMA_TABLE)]
        luma, *halves = (
            _decoded(blocks, table)
            for blocks, table in zip(transformed, (tables[0], tables[1], tables[1]), strict=True)
        )
        chroma = [doubled(plane, height, width) for plane in halves]
        results.append(to_rgb(luma[..., :height, :width], *chroma))
    return results


def quantization_table(quality: int, base: tuple[int, ...] = _LUMA_TABLE) -> Tensor:
    """The table of a quality 1..100 by the scaling of the Independent JPEG Group: int32 ``[8, 8]``, natural order."""
    if not 1 <= quality <= 100:
        raise WrongUsage(f"quality {quality}: JPEG qualities are 1..100; choose one of these.")
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((torch.tensor(base, dtype=torch.int32) * scale + 50) // 100).clamp(1, 255).reshape(8, 8)


def to_ycc(pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Y, Cb, Cr int32 ``[B, H, W]`` in 0..255 of int32 ``[B, 3, H, W]``, in 16 bits of fraction."""
    red, green, blue = pixels.unbind(1)
    center = (128 << _FRACTION) + _HALF - 1
    luma = 19595 * red + 38470 * green + 7471 * blue + _HALF
    blueness = 32768 * blue - 11059 * red - 21709 * green + center
    redness = 32768 * red - 27439 * green - 5329 * blue + center
    return luma >> _FRACTION, blueness >> _FRACTION, redness >> _FRACTION


def to_rgb(luma: Tensor, blueness: Tensor, redness: Tensor) -> Tensor:
    """The way back: uint8 ``[B, 3, H, W]`` of three int32 ``[B, H, W]``."""
    blueness, redness = blueness - 128, redness - 128
    red = luma + ((91881 * redness + _HALF) >> _FRACTION)
    green = luma + ((_HALF - 22554 * blueness - 46802 * redness) >> _FRACTION)
    blue = luma + ((116130 * blueness + _HALF) >> _FRACTION)
    return torch.stack([red, green, blue], dim=1).clamp(0, 255).to(torch.uint8)


def _transformed(plane: Tensor) -> Tensor:
    """Eight times the block DCT: int32 ``[B, by, bx, 8, 8]`` of int32 ``[B, H, W]`` in 0..255, edges repeated."""
    height, width = plane.shape[-2:]
    return forward_dct(blocks_of(repeat_edge(plane, -height % 8, -width % 8) - 128))


def _decoded(transformed: Tensor, table: Tensor) -> Tensor:
    """Samples, whole blocks of them, after quantization with a table: int32 ``[B, 8 by, 8 bx]`` in 0..255."""
    divisor = 8 * table
    quantized = transformed.sign() * ((transformed.abs() + divisor // 2) // divisor)
    return planes_of((inverse_dct(quantized * table) + 128).clamp(0, 255))


def halved(plane: Tensor) -> Tensor:
    """Means of 2x2 samples, halves rounded down and up in turn: ``[B, ceil(H/2), ceil(W/2)]``, whole blocks wide."""
    height, width = plane.shape[-2:]
    # Encoders repeat the last column up to a whole block before they halve, and the last row only afterwards.
    plane = repeat_edge(plane, height % 2, -width % 16)
    sums = plane[..., ::2, ::2] + plane[..., ::2, 1::2] + plane[..., 1::2, ::2] + plane[..., 1::2, 1::2]
    bias = 1 + torch.arange(sums.shape[-1], device=plane.device, dtype=torch.int32) % 2
    return (sums + bias) >> 2


def doubled(plane: Tensor, height: int, width: int) -> Tensor:
    """Chroma interpolated to twice its size: 3/4 of the nearer and 1/4 of the farther sample, in both directions."""
    plane = plane[..., : -(-height // 2), : -(-width // 2)]
    above = torch.cat([plane[..., :1, :], plane[..., :-1, :]], dim=-2)
    below = torch.cat([plane[..., 1:, :], plane[..., -1:, :]], dim=-2)
    rows = torch.stack([3 * plane + above, 3 * plane + below], dim=-2).flatten(-3, -2)
    before = torch.cat([rows[..., :1], rows[..., :-1]], dim=-1)
    after = torch.cat([rows[..., 1:], rows[..., -1:]], dim=-1)
    both = torch.stack([(3 * rows + before + 8) >> 4, (3 * rows + after + 7) >> 4], dim=-1).flatten(-2)
    return both[..., :height, :width]
