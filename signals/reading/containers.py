"""What a file is and how large its picture, from its first bytes: never from its name, and before any decoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from signals.reading.jpeg_structure import JpegStructure, read_structure
from signals.reading.tiff_tags import find_excess, read_bits, read_orientation, read_size

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 100_000
# Of a GIF file, in which a part is at most 255 bytes; those of extensions are kept by decoders one by one.
_MAX_BLOCKS, _MAX_EXTENSION_BLOCKS = 2_000_000, 20_000


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
        excess: What would keep a decoder busy or fill its memory, as part of a sentence; None if nothing would.
    """

    type: str
    width: int
    height: int
    bits: int = 8
    orientation: int = 1
    jpeg: JpegStructure | None = None
    excess: str | None = None


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
        orientation = read_orientation(data)
        return Header("tiff", *read_size(data), read_bits(data), orientation, excess=find_excess(data))
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return Header("gif", _little(data[6:8]), _little(data[8:10]), excess=_gif_excess(data))
    if data[:2] == b"BM" and _little(data[14:18]) in (12, 16, 40, 52, 56, 64, 108, 124):
        return _bmp(data)
    return None


def _png(data: bytes) -> Header:
    # IHDR must come first: length, name, width, height, bit depth, color type.
    if data[12:16] != b"IHDR" or len(data) < 29:
        return Header("png", 0, 0)
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    chunks = list(_png_chunks(data))
    exif = next((body for name, body in chunks if name == b"eXIf"), b"")
    excess = f"the file has more than {_MAX_CHUNKS} parts" if len(chunks) > _MAX_CHUNKS else None
    return Header("png", width, height, data[24], read_orientation(exif), excess=excess)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    for _ in range(_MAX_CHUNKS + 1):
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


def _gif_excess(data: bytes) -> str | None:
    """Goes through the blocks up to the second picture, which is as far as decoders are asked to read."""
    position = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0)
    pictures, extensions, blocks = 0, 0, 0
    while pictures < 2 and position < len(data) and blocks <= _MAX_BLOCKS and extensions <= _MAX_EXTENSION_BLOCKS:
        kind = data[position]
        if kind == 0x3B:
            break
        if kind == 0x2C:
            pictures += 1
            flags = data[position + 9] if position + 9 < len(data) else 0
            position += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        else:
            position += 2 if kind == 0x21 else 1
            extensions += 1
        while kind in (0x21, 0x2C) and position < len(data) and data[position] and blocks <= _MAX_BLOCKS:
            blocks += 1
            extensions += kind == 0x21
            position += 1 + data[position]
        position += kind in (0x21, 0x2C)
    if blocks > _MAX_BLOCKS or extensions > _MAX_EXTENSION_BLOCKS:
        return "the file has a very large number of parts"
    return None


def _bmp(data: bytes) -> Header:
    if _little(data[14:18]) == 12:
        return Header("bmp", _little(data[18:20]), _little(data[20:22]))
    # A negative height means that the rows are stored from the top.
    height = int.from_bytes(data[22:26], "little", signed=True)
    return Header("bmp", max(0, int.from_bytes(data[18:22], "little", signed=True)), abs(height))


def _little(raw: bytes) -> int:
    return int.from_bytes(raw, "little")
