"""Saving a part of a picture the way the whole picture was saved."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from signals import Evidence
from signals.reading.jpeg_structure import JpegStructure, Sampling

Pixels = NDArray[np.uint8]

_SUBSAMPLING = {((1, 1), (1, 1)): "4:4:4", ((2, 1), (1, 1)): "4:2:2", ((2, 2), (1, 1)): "4:2:0"}
_NEAREST = "4:2:0"
_BLOCK = 8


@dataclass(frozen=True, eq=False)
class PngSaving:
    """For a picture that is no JPEG: nothing is lost."""

    described: str = "as PNG, without loss, as the picture is no JPEG"
    block: tuple[int, int] = (_BLOCK, _BLOCK)

    def encode(self, pixels: Pixels) -> bytes:
        """Compresses uint8 RGB ``[H, W, 3]``."""
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
        return stream.getvalue()


@dataclass(frozen=True, eq=False)
class JpegSaving:
    """With the tables and the sampling of a JPEG file.

    Attributes:
        tables: Quantization tables in natural order, 64 steps each: luma, then chroma if the picture has any.
        subsampling: ``4:4:4``, ``4:2:2`` or ``4:2:0``.
        mode: Pillow's name of the color space that is saved: ``L`` or ``RGB`` (stored as YCbCr unless ``keep_rgb``).
        keep_rgb: Whether the file holds RGB.
        described: How, in words.
        block: Rows and columns of the picture that one whole group of blocks covers.
    """

    tables: tuple[tuple[int, ...], ...]
    subsampling: str
    mode: str
    keep_rgb: bool
    described: str
    block: tuple[int, int]

    @classmethod
    def of(cls, structure: JpegStructure) -> JpegSaving:
        """The saving of a file; what cannot be written is replaced by what is nearest, and that is said."""
        grey, rgb = structure.color == "grey", structure.color == "rgb"
        wanted = ((1, 1), (1, 1)) if grey or rgb else _factors(structure.samplings)
        subsampling = _SUBSAMPLING.get(wanted, _NEAREST)
        told = "with the picture's own JPEG tables and sampling"
        if wanted not in _SUBSAMPLING:
            told = f"with the picture's own JPEG tables, but chroma sampled {_NEAREST}, not as in the picture"
        elif structure.color in ("cmyk", "ycck"):
            told = "with the picture's own JPEG tables, but in three colors, not four"
        slots = structure.table_slots[:1] if grey else structure.table_slots[:2]
        tables = tuple(tuple(int(step) for step in structure.tables[slot].ravel()) for slot in slots)
        widest = [max(factors[axis] for factors in structure.samplings) for axis in (1, 0)]
        block = (_BLOCK, _BLOCK) if grey else (_BLOCK * widest[0], _BLOCK * widest[1])
        return cls(tables, subsampling, "L" if grey else "RGB", rgb, told, block)

    def encode(self, pixels: Pixels) -> bytes:
        """Compresses uint8 RGB ``[H, W, 3]``."""
        stream = io.BytesIO()
        image = Image.fromarray(pixels).convert(self.mode)
        tables = [list(table) for table in self.tables]
        # no sampling can be named for RGB, which has no chroma
        chroma = {"keep_rgb": True} if self.keep_rgb else {"subsampling": self.subsampling}
        image.save(stream, "JPEG", qtables=tables, **chroma)
        return stream.getvalue()


def saving_of(evidence: Evidence) -> JpegSaving | PngSaving:
    """How copies of parts of a picture are to be saved."""
    structure = evidence.structure
    if structure is None or any(slot not in structure.tables for slot in structure.table_slots):
        return PngSaving()
    return JpegSaving.of(structure)


def _factors(samplings: tuple[Sampling, ...]) -> tuple[Sampling, Sampling]:
    """Sampling factors of luma and chroma, reduced: many files name 2 x 2 for all where 1 x 1 is meant."""
    luma, chroma = samplings[0], samplings[1]
    if samplings[1] != samplings[2] or luma[0] % chroma[0] or luma[1] % chroma[1]:
        return (0, 0), (0, 0)
    return (luma[0] // chroma[0], luma[1] // chroma[1]), (1, 1)
