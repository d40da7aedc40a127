"""The quantized DCT coefficients of a JPEG file, as the file stores them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.reading.jpeg_structure import JpegStructure, Sampling, read_structure
from signals.reading.native_messages import native_messages

# A progressive file may repeat its scans thousands of times to keep a decoder busy; encoders write about ten.
MAX_SCANS = 100

# How libjpeg begins what it says of a damaged file.
_COMPLAINTS = ("Corrupt JPEG data", "Premature end of JPEG", "Invalid ", "Inconsistent ", "Unsupported marker")
# How it begins what it says before it gives up, or of what does no harm.
_LAST_WORDS = (
    "Application transferred", "Arithmetic table", "Bogus ", "Buffer passed", "CCIR601", "Cannot ", "Caution: ",
    "Component index", "DCT coefficient", "Didn't expect", "Empty ", "Fractional sampling", "Huffman ", "IDCT output",
    "Image too wide", "Improper call", "Input file", "Insufficient memory", "JPEG datastream", "Maximum supported",
    "Missing Huffman", "Not a JPEG", "Not implemented", "Premature end of input", "Quantization table", "Read failed",
    "Requested feature", "Sampling factors", "Sorry, ", "Suspension not", "Too many", "Unknown Adobe", "Unsupported ",
    "Virtual array", "Warning: ",
)  # fmt: skip

# Longer than any segment, so that it cannot lie inside one.
_PADDING = b"\xff" * 65536

Coefficients = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class JpegComponent:
    """One component (luma, a chroma, or a color channel).

    Attributes:
        coefficients: int16 ``[by, bx, 8, 8]``, row frequency before column frequency; ``by`` and ``bx`` cover
            the component's own samples.
        quantization_table: uint16 ``[8, 8]`` in natural order.
        sampling: Horizontal and vertical sampling factor.
    """

    coefficients: Coefficients
    quantization_table: NDArray[np.uint16]
    sampling: Sampling


@dataclass(frozen=True, eq=False)
class JpegData:
    """What a JPEG file holds besides pixels.

    Attributes:
        components: In the order of the file; only the first where ``exact`` is False.
        exact: True if the coefficients are the file's own; False if they were computed back from decoded pixels.
        markers: Marker names in the order of the file.
        progressive: Whether the file is progressive.
        scans: Number of scans begun.
        color: ``grey``, ``ycbcr``, ``rgb``, ``cmyk`` or ``ycck``.
        complaints: What the decoder said of damage, in its own words.
    """

    components: tuple[JpegComponent, ...]
    exact: bool
    markers: tuple[str, ...]
    progressive: bool
    scans: int
    color: str
    complaints: tuple[str, ...] = ()

    @property
    def luma(self) -> JpegComponent | None:
        """The luma component if the file has one at full resolution, else None: RGB and CMYK files have none."""
        most = tuple(max(c.sampling[axis] for c in self.components) for axis in (0, 1))
        whole = self.color in ("grey", "ycbcr", "ycck") and self.components[0].sampling == most
        return self.components[0] if whole or self.color == "grey" else None


class CoefficientsError(Exception):
    """A reader of coefficients gave up on the file."""


def read_jpeg(
    data: bytes, structure: JpegStructure | None = None, decode: Callable[[], NDArray[np.uint8]] | None = None
) -> JpegData:
    """Reads the coefficients, tables and markers of a JPEG file.

    Args:
        data: The bytes of the file.
        structure: Its markers, if they have been read already.
        decode: Gives the decoded picture, uint8 ``[H, W, 3]``; used when no library can read the coefficients.

    Returns:
        The coefficients of every component; with ``exact=False``, luma alone, computed from the pixels.

    Raises:
        CoefficientsError: Neither way works.
    """
    structure = structure or read_structure(data)
    _check(structure)
    with native_messages((*_COMPLAINTS, *_LAST_WORDS)) as printed:
        try:
            planes, exact = _read_exact(bare_stream(data, structure), structure), True
        except CoefficientsError:
            if decode is None:
                raise
            planes, exact = [_from_pixels(decode(), structure)], False
    components = tuple(
        JpegComponent(plane, structure.tables[slot], sampling)
        for plane, slot, sampling in zip(planes, structure.table_slots, structure.samplings, strict=False)
    )
    told = tuple(dict.fromkeys(line for line in printed if line.startswith(_COMPLAINTS)))
    return JpegData(components, exact, structure.markers, structure.progressive, structure.scans, structure.color, told)


def bare_stream(data: bytes, structure: JpegStructure) -> bytes:
    """What a decoder needs of the file, and nothing that could keep it busy.

    Comments and application data are left out, save what tells the color space: readers keep them in memory of a
    fixed size, or go through them byte by byte. The end of image is put back, if that was cut off: decoders then
    give what is there. Padding of more than 64 kB is shortened: a decoder that is given a file piece by piece would
    read it again with every piece.
    """
    scans = data[structure.first_scan :] + (b"" if structure.ended else b"\xff\xd9")
    if _PADDING in scans:
        scans = re.sub(_PADDING + b"+", b"\xff", scans)
    return structure.header + scans


def _check(structure: JpegStructure) -> None:
    """Refuses what the native readers were not made for, before they see it."""
    if not structure.lossy or structure.precision != 8 or not structure.width or not structure.height:
        raise CoefficientsError("not an 8-bit DCT frame")
    if structure.color == "unknown" or len(set(structure.component_ids)) != len(structure.component_ids):
        raise CoefficientsError("not one, three or four components")
    if not 1 <= structure.scans <= MAX_SCANS:
        raise CoefficientsError("no scan, or too many")
    if any(not (1 <= h <= 4 and 1 <= v <= 4) for h, v in structure.samplings):
        raise CoefficientsError("sampling factors out of range")
    if any(slot not in structure.tables for slot in structure.table_slots):
        raise CoefficientsError("a quantization table is missing")


def _read_exact(stream: bytes, structure: JpegStructure) -> list[Coefficients]:
    try:
        import jpeglib
        from jpeglib._bind import CJpegLib
    except ImportError as error:
        raise CoefficientsError("jpeglib is not installed") from error
    # The library reads from a path only; a closed file, since Windows cannot open one twice.
    handle, path = tempfile.mkstemp(suffix=".jpg")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(stream)
        frame = jpeglib.read_dct(path)
        grids = [_grid(structure, sampling) for sampling in structure.samplings]
        if [tuple(grid) for grid in np.asarray(frame.block_dims).tolist()] != grids:
            raise CoefficientsError("the coefficients do not fit the frame")
        planes = [np.zeros((*grid, 8, 8), dtype=np.int16) for grid in grids]
        # The library's own loading copies the file and the planes, and prints and leaves a file where it fails.
        places = [plane.ctypes.data_as(ctypes.c_void_p) for plane in planes] + [None] * (4 - len(planes))
        if not CJpegLib.get().read_jpeg_dct(os.fsencode(path), *places, None, None):
            raise CoefficientsError("libjpeg cannot read the coefficients")
        return planes
    except CoefficientsError:
        raise
    except Exception as error:  # OSError from libjpeg, but also what its wrapper trips over
        raise CoefficientsError(str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _grid(structure: JpegStructure, sampling: Sampling) -> tuple[int, int]:
    """Blocks down and across of a component (T.81, A.1.1)."""
    most_h = max(h for h, _ in structure.samplings)
    most_v = max(v for _, v in structure.samplings)
    return -(-structure.height * sampling[1] // (8 * most_v)), -(-structure.width * sampling[0] // (8 * most_h))


def _from_pixels(pixels: NDArray[np.uint8], structure: JpegStructure) -> Coefficients:
    from signals.block_dct import block_dct

    if structure.color not in ("grey", "ycbcr"):
        raise CoefficientsError("the first component is not the luma of the pixels")
    table = structure.tables[structure.table_slots[0]].astype(np.float32)
    height, width = _grid(structure, structure.samplings[0])
    blocks = block_dct(pixels) / np.maximum(table, 1)
    return np.rint(blocks[:height, :width]).astype(np.int16)
