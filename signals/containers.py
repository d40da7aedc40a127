"""What a file is and how large its picture, from its first bytes: never from its name, and before any decoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from signals.jpeg_structure import JpegStructure, read_structure
from signals.tiff_tags import read_bits, read_orientation, read_size

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 10_000


@dataclass(frozen=True, eq=False)
class Header:
    """What the header says.

    Attributes:
        type: ``jpeg``, ``png``, ``webp``, ``tiff``, ``bmp`` or ``gif``.
        width: Columns of pixels; 0 if it cannot be read.
        height: Rows of pixels; 0 if it cannot be read.
        bits: Bits a channel, as far as the header tells.
        orientation: EXIF orientation 1..8.
        jpeg: The markers, of a JPEG file.
    """

    type: str
    width: int
    height: int
    bits: int = 8
    orientation: int = 1
    jpeg: JpegStructure | None = None


def read_header(data: bytes) -> Header | None:
    """Reads the header; None if the bytes are of no supported type."""
    if data[:3] == b"\xff\xd8\xff":
        structure = read_structure(data)
        orientation = read_orientation(structure.exif)
        return Header("jpeg", structure.width, structure.height, structure.precision, orientation, structure)
    if data[:8] == _PNG_SIGNATURE:
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return Header("tiff", *read_size(data), read_bits(data), read_orientation(data))
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return Header("gif", _little(data[6:8]), _little(data[8:10]))
    if data[:2] == b"BM" and _little(data[14:18]) in (12, 16, 40, 52, 56, 64, 108, 124):
        return _bmp(data)
    return None


def _png(data: bytes) -> Header:
    # IHDR must come first: length, name, width, height, bit depth, color type.
    if data[12:16] != b"IHDR" or len(data) < 29:
        return Header("png", 0, 0)
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    exif = next((body for name, body in _png_chunks(data) if name == b"eXIf"), b"")
    return Header("png", width, height, data[24], read_orientation(exif))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    for _ in range(_MAX_CHUNKS):
        length, name = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if len(name) < 4:
            return
        yield name, data[position + 8 : position + 8 + length] if name == b"eXIf" else b""
        position += 12 + length


def _webp(data: bytes) -> Header:
    width = height = 0
    exif = b""
    for name, body in _riff_chunks(data):
        if name == b"EXIF":
            exif = body.removeprefix(b"Exif\0\0")
        elif width:
            continue
        elif name == b"VP8X":
            width, height = _little(body[4:7]) + 1, _little(body[7:10]) + 1
        elif name == b"VP8L":
            bits = _little(body[1:5])
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"VP8 ":
            width, height = _little(body[6:8]) & 0x3FFF, _little(body[8:10]) & 0x3FFF
    return Header("webp", width, height, 8, read_orientation(exif))


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    for _ in range(_MAX_CHUNKS):
        name, length = data[position : position + 4], _little(data[position + 4 : position + 8])
        if len(name) < 4:
            return
        yield name, data[position + 8 : position + 8 + (length if name == b"EXIF" else 16)]
        position += 8 + length + length % 2


def _bmp(data: bytes) -> Header:
    if _little(data[14:18]) == 12:
        return Header("bmp", _little(data[18:20]), _little(data[20:22]))
    # A negative height means that the rows are stored from the top.
    height = int.from_bytes(data[22:26], "little", signed=True)
    return Header("bmp", max(0, int.from_bytes(data[18:22], "little", signed=True)), abs(height))


def _little(raw: bytes) -> int:
    return int.from_bytes(raw, "little")
