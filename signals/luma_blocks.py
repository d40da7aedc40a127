"""The quantized DCT blocks of luma that the JPEG signals read, whatever the picture's format."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.block_dct import block_dct
from signals.evidence import Evidence
from signals.memo import once_per_picture
from signals.signal import Unusable

_MIN_SIZE = 8


@dataclass(frozen=True, eq=False)
class LumaBlocks:
    """Luma, block by block.

    Attributes:
        coefficients: int16 ``[ceil(H/8), ceil(W/8), 8, 8]``, quantized, row frequency before column frequency.
        table: uint16 ``[8, 8]``: the quantization table; ones for a picture that is no JPEG.
        was_jpeg: Whether these are the coefficients of a JPEG file.
    """

    coefficients: NDArray[np.int16]
    table: NDArray[np.uint16]
    was_jpeg: bool


@once_per_picture
def luma_blocks(evidence: Evidence) -> LumaBlocks:
    """The file's own coefficients of a JPEG; the rounded block DCT of luma - 128 of any other picture.

    Raises:
        Unusable: Smaller than a block, flat, or a JPEG without readable, complete luma at full resolution.
    """
    if min(evidence.height, evidence.width) < _MIN_SIZE:
        raise Unusable(f"The picture is smaller than {_MIN_SIZE} x {_MIN_SIZE} pixels.")
    blocks = _file_blocks(evidence) if evidence.type == "jpeg" else _pixel_blocks(evidence)
    if not blocks.coefficients.reshape(-1, 64)[:, 1:].any():
        raise Unusable("The picture is flat: no block holds anything but its mean.")
    return blocks


def _file_blocks(evidence: Evidence) -> LumaBlocks:
    if evidence.jpeg is None:
        raise Unusable("The coefficients of this JPEG file cannot be read.")
    if evidence.coarse:
        raise Unusable("This progressive JPEG file was cut short; its coefficients lack their last details.")
    component = evidence.jpeg.luma
    if component is None:
        raise Unusable("This JPEG file does not store luma at full resolution.")
    # Interleaved files are padded to whole coding units.
    rows, columns = -(-evidence.height // 8), -(-evidence.width // 8)
    return LumaBlocks(component.coefficients[:rows, :columns], component.quantization_table, True)


def _pixel_blocks(evidence: Evidence) -> LumaBlocks:
    coefficients = np.rint(block_dct(evidence.pixels)).astype(np.int16)
    return LumaBlocks(coefficients, np.ones((8, 8), dtype=np.uint16), False)
