"""JPEG saves of whole batches, every picture with tables and chroma sampling of its own, as libjpeg-turbo rounds.

Entropy coding loses nothing and is left out: a save is the integer arithmetic from pixels to quantized coefficients,
and the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from forensics.data.forge.torch.draws import where
from signals.jpeg_quality import standard_tables
from signals.torch.integer_dct import forward_dct, inverse_dct
from signals.torch.pixels import blocks_of, planes_of, repeat_edge
from signals.torch.recompression import doubled, halved, to_rgb, to_ycc

SAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
STANDARD = -1


@dataclass(frozen=True, eq=False)
class Saves:
    """One compression for each of n pictures; all on the CPU.

    Attributes:
        tables: int32 ``[n, 2, 8, 8]`` in 1..255, luma and chroma, natural order.
        sampling: int64 ``[n]``, places in ``SAMPLINGS``.
        quality: int64 ``[n]`` in 1..100: the quality of standard tables, of others the nearest.
        lender: int64 ``[n]``: the photo whose tables these are, scaled or not; -1 for standard tables.
    """

    tables: Tensor
    sampling: Tensor
    quality: Tensor
    lender: Tensor

    def __getitem__(self, places: Tensor) -> Saves:
        return Saves(self.tables[places], self.sampling[places], self.quality[places], self.lender[places])

    def to_json(self, place: int) -> dict[str, Any]:
        """Plain dictionary of one of them for a history."""
        return {
            "quality": int(self.quality[place]),
            "tables": "standard" if self.lender[place] == STANDARD else self.tables[place].flatten(1).tolist(),
            "subsampling": SAMPLINGS[int(self.sampling[place])],
        }


@dataclass(frozen=True, eq=False)
class Saved:
    """What a save leaves.

    Attributes:
        pixels: uint8 ``[n, 3, H, W]``, decoded.
        luma: int16 ``[n, H / 8, W / 8, 8, 8]``, quantized, row frequency before column frequency.
    """

    pixels: Tensor
    luma: Tensor


def save(pixels: Tensor, saves: Saves) -> Saved:
    """Saves and decodes pictures.

    Args:
        pixels: uint8 ``[n, 3, H, W]`` RGB on any device, H and W multiples of 8 and at least 8.
        saves: How to save each of them.
    """
    height, width = pixels.shape[2:]
    tables = saves.tables.to(pixels.device)
    brightness, *colors = to_ycc(pixels.int())
    luma = _quantized(brightness, tables[:, 0])
    chroma = torch.stack(colors, dim=1)
    for place, name in enumerate(SAMPLINGS):
        group = where(saves.sampling == place).to(pixels.device)
        if len(group):
            reduced = _reduced(chroma[group], name)
            table = tables[group, 1][:, None]
            decoded = _decoded(_quantized(reduced, table), table)
            chroma[group] = _enlarged(decoded, name, height, width)
    decoded = to_rgb(_decoded(luma, tables[:, 0]), chroma[:, 0], chroma[:, 1])
    return Saved(decoded, luma.to(torch.int16))


def standard_saves(quality: Tensor, sampling: Tensor) -> Saves:
    """Saves with the tables of ITU-T T.81, Annex K, scaled as libjpeg scales them.

    Args:
        quality: int64 ``[n]`` in 1..100.
        sampling: int64 ``[n]``, places in ``SAMPLINGS``.
    """
    known = torch.stack([torch.tensor(standard_tables(kind)) for kind in ("luminance", "chrominance")], dim=1)
    return Saves(known[quality - 1].int(), sampling, quality, torch.full_like(quality, STANDARD))


def nearest_qualities(tables: Tensor) -> Tensor:
    """int64 ``[n]``: the standard quality nearest to each luma table of ``[n, 2, 8, 8]``."""
    known = torch.tensor(standard_tables("luminance")).flatten(1).float()
    return torch.cdist(tables[:, 0].flatten(1).float(), known, p=1).argmin(dim=1) + 1


def join(parts: Sequence[Saves]) -> Saves:
    """Saves of all pictures of several groups, one group after the other."""
    fields = [[part.tables, part.sampling, part.quality, part.lender] for part in parts]
    return Saves(*(torch.cat(column) for column in zip(*fields, strict=True)))


def _quantized(planes: Tensor, table: Tensor) -> Tensor:
    """Quantized coefficients int32 ``[..., h, w, 8, 8]`` of int32 ``[..., H, W]`` in 0..255; table ``[..., 8, 8]``."""
    height, width = planes.shape[-2:]
    transformed = forward_dct(blocks_of(repeat_edge(planes, -height % 8, -width % 8) - 128))
    # The transform is scaled by 8; halves go away from zero. Numerators stay below 2**24, so float32 divides them
    # without ever reaching the next whole number.
    divisor = (8 * table)[..., None, None, :, :]
    magnitude = (transformed.abs() + divisor // 2).float().div_(divisor).floor_()
    return magnitude.int().mul_(transformed.sign())


def _decoded(quantized: Tensor, table: Tensor) -> Tensor:
    """Samples int32 ``[..., 8 h, 8 w]`` in 0..255."""
    return planes_of((inverse_dct(quantized * table[..., None, None, :, :]) + 128).clamp(0, 255))


def _reduced(chroma: Tensor, sampling: str) -> Tensor:
    if sampling == "4:2:0":
        return halved(chroma)
    if sampling == "4:4:4":
        return chroma
    # encoders repeat the last column up to a whole block before they halve
    framed = repeat_edge(chroma, 0, -chroma.shape[-1] % 16)
    sums = framed[..., ::2] + framed[..., 1::2]
    return (sums + torch.arange(sums.shape[-1], device=sums.device, dtype=torch.int32) % 2) >> 1


def _enlarged(planes: Tensor, sampling: str, height: int, width: int) -> Tensor:
    if sampling == "4:2:0":
        return doubled(planes, height, width)
    if sampling == "4:4:4":
        return planes[..., :height, :width]
    planes = planes[..., :height, : -(-width // 2)]
    before = torch.cat([planes[..., :1], planes[..., :-1]], dim=-1)
    after = torch.cat([planes[..., 1:], planes[..., -1:]], dim=-1)
    both = torch.stack([(3 * planes + before + 1) >> 2, (3 * planes + after + 2) >> 2], dim=-1)
    return both.flatten(-2)[..., :width]
