"""The markers of a JPEG file, read without decoding a sample. ITU-T T.81, annex B."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Sampling = tuple[int, int]

_SOI, _EOI, _SOS, _DQT, _DNL, _COM = 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xFE
_APP0, _APP1, _APP14, _APP15 = 0xE0, 0xE1, 0xEE, 0xEF
_SEQUENTIAL_AND_PROGRESSIVE = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
_LOSSLESS_AND_HIERARCHICAL = (0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF)
_MAX_SEGMENTS = 100_000
_MAX_HEADER = 1024 * 1024
# A segment may define each of the four slots; more would only overwrite them.
_MAX_TABLES = 16
# The byte after 0xFF is 0 for a stuffed byte, D0..D7 for a restart, FF for padding: none of them ends a scan.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

_NAMES = {0xC4: "DHT", 0xCC: "DAC", _SOI: "SOI", _EOI: "EOI", _SOS: "SOS", _DQT: "DQT", _DNL: "DNL", 0xDD: "DRI"}

# Natural position of the k-th coefficient in zig-zag order (T.81, figure 5).
ZIGZAG = np.array(
    sorted(range(64), key=lambda i: (i // 8 + i % 8, (i // 8) if (i // 8 + i % 8) % 2 else (i % 8))), dtype=np.intp
)


@dataclass(frozen=True, eq=False)
class JpegStructure:
    """What the markers say.

    Attributes:
        markers: Marker names in the order of the file, up to its end of image.
        width: Columns of pixels, 0 if no frame header was found.
        height: Rows of pixels; 0 if the file leaves it to a later marker.
        precision: Bits a sample.
        frame: Name of the frame's marker, such as ``SOF0``; empty if there is none.
        lossy: True for sequential and progressive DCT frames.
        samplings: ``(horizontal, vertical)`` factors of each component.
        table_slots: Which quantization table each component uses.
        component_ids: The components' identifiers.
        tables: uint16 ``[8, 8]`` in natural order by slot; the last definition of each counts.
        scans: Number of scans begun.
        first_scan: Position of the first scan's marker, or the end of the data.
        first_scan_components: Number of components in the first scan.
        scan_headers: The first 16 bytes of each scan's header: components, then spectral selection (T.81, B.2.3).
        ended: Whether the end-of-image marker was found.
        end: Position of that marker, or the end of the data.
        jfif: Whether the file has the JFIF marker, which promises grey or YCbCr.
        adobe_transform: Color transform of the Adobe marker, or None.
        exif: The EXIF block, from its byte-order mark on; empty if there is none.
        header: Bytes before the first scan without comments, padding and application data, save the markers of
            JFIF and Adobe; at most 1 MB.
    """

    markers: tuple[str, ...]
    width: int
    height: int
    precision: int
    frame: str
    lossy: bool
    samplings: tuple[Sampling, ...]
    table_slots: tuple[int, ...]
    component_ids: tuple[int, ...]
    tables: dict[int, NDArray[np.uint16]]
    scans: int
    first_scan: int
    first_scan_components: int
    scan_headers: tuple[bytes, ...]
    ended: bool
    end: int
    jfif: bool
    adobe_transform: int | None
    exif: bytes
    header: bytes

    @property
    def progressive(self) -> bool:
        """Whether the frame is a progressive one."""
        return self.frame in ("SOF2", "SOF10")

    @property
    def color(self) -> str:
        """``grey``, ``ycbcr``, ``rgb``, ``cmyk`` or ``ycck``, or ``unknown``; decided as libjpeg decides it."""
        match len(self.component_ids):
            case 1:
                return "grey"
            case 3 if self.jfif:
                return "ycbcr"
            case 3 if self.adobe_transform is not None:
                return "rgb" if self.adobe_transform == 0 else "ycbcr"
            case 3:
                return "rgb" if self.component_ids == (82, 71, 66) else "ycbcr"
            case 4:
                return "ycck" if self.adobe_transform else "cmyk"
        return "unknown"


def read_structure(data: bytes) -> JpegStructure:
    """Reads the markers of a JPEG file; damaged or missing parts are left at zero, nothing is raised.

    Args:
        data: The bytes, beginning with ``FF D8``.
    """
    markers = ["SOI"]
    frame = (0, 0, 0)
    frame_name, lossy = "", False
    components: tuple[tuple[int, Sampling, int], ...] = ()
    tables: dict[int, NDArray[np.uint16]] = {}
    first_scan, first_scan_components, ended, end = len(data), 0, False, len(data)
    jfif, adobe = False, None
    exif = b""
    kept = [data[:2]]
    scan_headers: list[bytes] = []
    for code, start, body in segments(data):
        markers.append(_name(code))
        if code == _SOS:
            scan_headers.append(body[:16])
        if code == _EOI:
            ended, end = True, start
        elif code == _SOS and first_scan == len(data):
            first_scan, first_scan_components = start, body[0] if body else 0
        elif code == _DQT:
            tables.update(_quantization_tables(body))
        elif code in _SEQUENTIAL_AND_PROGRESSIVE or code in _LOSSLESS_AND_HIERARCHICAL:
            if not frame_name and len(body) >= 6:
                frame_name, lossy = _name(code), code in _SEQUENTIAL_AND_PROGRESSIVE
                frame = (body[0], int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big"))
                components = _components(body)
        elif code == _APP0 and body[:5] == b"JFIF\0" and len(body) >= 14:
            jfif = True
        elif code == _APP14 and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        elif code == _APP1 and body[:6] == b"Exif\0\0" and not exif:
            exif = body[6:]
        if first_scan < len(data) or not body or code == _COM:
            continue
        if _APP0 <= code <= _APP15:
            body = _color_mark(code, body)
        if body and sum(map(len, kept)) < _MAX_HEADER:
            kept.append(b"\xff" + bytes([code]) + (len(body) + 2).to_bytes(2, "big") + body)
    return JpegStructure(
        tuple(markers), frame[2], frame[1], frame[0], frame_name, lossy,
        tuple(c[1] for c in components), tuple(c[2] for c in components), tuple(c[0] for c in components),
        tables, markers.count("SOS"), first_scan, first_scan_components,
        tuple(scan_headers), ended, end, jfif, adobe, exif, b"".join(kept),
    )  # fmt: skip


def segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Code, position and body of each marker segment up to the end of image; skips what a scan encodes."""
    position = 2
    for _ in range(_MAX_SEGMENTS):
        match = _END_OF_SCAN.search(data, position)
        if match is None:
            return
        start, code = match.start(), data[match.start() + 1]
        if code in (_EOI, _SOI, 0x01):
            yield code, start, b""
            if code == _EOI:
                return
            position = start + 2
            continue
        length = int.from_bytes(data[start + 2 : start + 4], "big")
        if length < 2 or start + 2 + length > len(data):
            return
        yield code, start, data[start + 4 : start + 2 + length]
        position = start + 2 + length


def _color_mark(code: int, body: bytes) -> bytes:
    """What tells a decoder the color space: a JFIF segment without its thumbnail, an Adobe segment; else nothing."""
    if code == _APP0 and body[:5] == b"JFIF\0" and len(body) >= 14:
        return body[:12] + b"\0\0"
    return body[:12] if code == _APP14 and body[:5] == b"Adobe" and len(body) >= 12 else b""


def _name(code: int) -> str:
    if code in _NAMES:
        return _NAMES[code]
    if _APP0 <= code <= _APP15:
        return f"APP{code - _APP0}"
    if code == _COM:
        return "COM"
    return f"SOF{code - 0xC0}" if 0xC0 <= code <= 0xCF else f"0x{code:02X}"


def _components(body: bytes) -> tuple[tuple[int, Sampling, int], ...]:
    triples = (body[6 + 3 * i : 9 + 3 * i] for i in range(body[5]))
    return tuple((t[0], (t[1] >> 4, t[1] & 15), t[2]) for t in triples if len(t) == 3)


def _quantization_tables(body: bytes) -> dict[int, NDArray[np.uint16]]:
    tables = {}
    position = 0
    for _ in range(_MAX_TABLES):
        if position >= len(body):
            break
        precision, slot = body[position] >> 4, body[position] & 15
        raw = body[position + 1 : position + 1 + 64 * (2 if precision else 1)]
        if len(raw) < (128 if precision else 64):
            break
        table = np.zeros(64, dtype=np.uint16)
        table[ZIGZAG] = np.frombuffer(raw, dtype=">u2" if precision else np.uint8)
        tables[slot] = table.reshape(8, 8)
        position += 1 + len(raw)
    return tables
