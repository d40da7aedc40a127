"""Where each kind of file keeps what it says about itself: EXIF, XMP, ICC profile, Content Credentials, parts."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from signals.reading.jpeg_structure import segments
from signals.reading.tiff_tags import read_directory

# A block is read up to here; what matters stands at its beginning.
MAX_BLOCK = 1024 * 1024
_MAX_PARTS = 100_000
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_TIFF_XMP, _TIFF_ICC, _TIFF_C2PA = 700, 34675, 52545


@dataclass
class Blocks:
    """The blocks of one file as bytes, each bounded; empty where there is none.

    Attributes:
        exif: From its byte-order mark on.
        xmp: The XML packet.
        icc: The color profile.
        credentials: Whether a Content Credentials (C2PA) manifest is embedded.
        software: Named by a text chunk of a PNG file.
        parts: Names of the file's parts in their order: JPEG markers, PNG or WebP chunks; repeats of image data once.
    """

    exif: bytes = b""
    xmp: bytes = b""
    icc: bytes = b""
    credentials: bool = False
    software: bytes = b""
    parts: list[str] = field(default_factory=list)


def find_blocks(data: bytes, kind: str) -> Blocks:
    """Finds the blocks; damaged ones are left out, nothing is raised.

    Args:
        data: The bytes of the file.
        kind: Its type by magic bytes.
    """
    readers = {"jpeg": _jpeg, "png": _png, "webp": _webp, "tiff": _tiff}
    return readers[kind](data) if kind in readers else Blocks()


def _jpeg(data: bytes) -> Blocks:
    blocks = Blocks()
    profile: dict[int, bytes] = {}
    for code, _, body in segments(data):
        if code == 0xE1 and body[:6] == b"Exif\0\0" and not blocks.exif:
            blocks.exif = body[6:]
        elif code == 0xE1 and body.startswith(_XMP) and not blocks.xmp:
            blocks.xmp = body[len(_XMP) :]
        elif code == 0xE2 and body[:12] == b"ICC_PROFILE\0" and len(body) > 14 and len(profile) < 16:
            profile.setdefault(body[12], body[14:])
        elif code == 0xEB and body[:2] == b"JP" and b"c2pa" in body[:200]:
            # A JUMBF superbox (ISO 19566-5) whose type is that of a C2PA manifest store.
            blocks.credentials = True
    blocks.icc = b"".join(profile[number] for number in sorted(profile))
    return blocks


def _png(data: bytes) -> Blocks:
    blocks = Blocks()
    for name, start, end in _png_chunks(data):
        _add_part(blocks, name)
        body = data[start : min(end, start + MAX_BLOCK)]
        if name == b"eXIf":
            blocks.exif = blocks.exif or body
        elif name == b"iTXt" and body.startswith(b"XML:com.adobe.xmp\0") and not blocks.xmp:
            blocks.xmp = _international_text(body)
        elif name in (b"tEXt", b"iTXt") and body.startswith(b"Software\0") and not blocks.software:
            blocks.software = body[9:] if name == b"tEXt" else _international_text(body)
        elif name == b"iCCP" and not blocks.icc:
            blocks.icc = _inflate(body.partition(b"\0")[2][1:])
        elif name == b"caBX":
            blocks.credentials = True
    return blocks


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    position = 8
    for _ in range(_MAX_PARTS):
        length, name = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if len(name) < 4:
            return
        yield name, position + 8, position + 8 + length
        position += 12 + length


def _international_text(body: bytes) -> bytes:
    # Keyword, compressed or not, method, language, translated keyword, text (PNG, 11.3.3.4).
    _, _, rest = body.partition(b"\0")
    compressed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    return _inflate(text) if compressed else text


def _inflate(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, MAX_BLOCK)
    except zlib.error:
        return b""


def _webp(data: bytes) -> Blocks:
    blocks = Blocks()
    position = 12
    for _ in range(_MAX_PARTS):
        name, length = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        if len(name) < 4:
            break
        _add_part(blocks, name)
        body = data[position + 8 : position + 8 + min(length, MAX_BLOCK)]
        if name == b"EXIF":
            blocks.exif = blocks.exif or body.removeprefix(b"Exif\0\0")
        elif name == b"XMP ":
            blocks.xmp = blocks.xmp or body
        elif name == b"ICCP":
            blocks.icc = blocks.icc or body
        elif name == b"C2PA":
            blocks.credentials = True
        position += 8 + length + length % 2
    return blocks


def _tiff(data: bytes) -> Blocks:
    directory = read_directory(data)
    return Blocks(
        exif=data,
        xmp=directory.raw(_TIFF_XMP, MAX_BLOCK),
        icc=directory.raw(_TIFF_ICC, MAX_BLOCK),
        credentials=_TIFF_C2PA in directory.entries,
    )


def _add_part(blocks: Blocks, name: bytes) -> None:
    text = name.decode("ascii", "backslashreplace").strip()
    if not blocks.parts or blocks.parts[-1] != text:
        blocks.parts.append(text)
