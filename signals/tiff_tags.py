"""A bounded reader of TIFF directories, which TIFF files and EXIF blocks share."""

from __future__ import annotations

import struct

ORIENTATION = 274
_WIDTH, _HEIGHT, _BITS, _SAMPLES, _PHOTOMETRIC = 256, 257, 258, 277, 262
_SIZES = {1: 1, 3: 2, 4: 4, 16: 8}
_CODES = {1: "B", 3: "H", 4: "I", 16: "Q"}
_MAX_ENTRIES = 1000
_MAX_VALUES = 16


def read_tags(data: bytes) -> dict[int, tuple[int, ...]]:
    """Whole-number tags of the first directory.

    Args:
        data: Bytes of a TIFF file or of an EXIF block, from its ``II`` or ``MM`` on.

    Returns:
        Tag to values, at most 16 values each; empty if the bytes are not TIFF. Damaged entries are left out.
    """
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        return {}
    try:
        if struct.unpack_from(order + "H", data, 2)[0] == 43:
            (start,) = struct.unpack_from(order + "Q", data, 8)
            (count,) = struct.unpack_from(order + "Q", data, start)
            return _read_entries(data, order, start + 8, min(count, _MAX_ENTRIES), big=8)
        (start,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, start)
        return _read_entries(data, order, start + 2, min(count, _MAX_ENTRIES), big=4)
    except (struct.error, OverflowError):
        return {}


def read_orientation(data: bytes) -> int:
    """EXIF orientation 1..8 of a TIFF or EXIF block; 1 if it says nothing sensible."""
    values = read_tags(data).get(ORIENTATION, (1,))
    return values[0] if values and 1 <= values[0] <= 8 else 1


def read_size(data: bytes) -> tuple[int, int]:
    """Width and height of a TIFF file's first page; zeros if it names none."""
    tags = read_tags(data)
    return tags.get(_WIDTH, (0,))[0], tags.get(_HEIGHT, (0,))[0]


def read_bits(data: bytes) -> int:
    """Bits a sample of a TIFF file's first page, the largest of its channels."""
    return max(read_tags(data).get(_BITS, (1,)), default=1)


def _read_entries(data: bytes, order: str, start: int, count: int, *, big: int) -> dict[int, tuple[int, ...]]:
    # An entry: tag, type, number of values, then the values or where they are (4 or 8 bytes).
    number, entry_size = ("Q", 20) if big == 8 else ("I", 12)
    tags: dict[int, tuple[int, ...]] = {}
    for position in range(start, start + count * entry_size, entry_size):
        if position + entry_size > len(data):
            break
        tag, kind, length = struct.unpack_from(order + "HH" + number, data, position)
        if kind not in _SIZES or not length > 0:
            continue
        length = min(length, _MAX_VALUES)
        place = position + entry_size - big
        if length * _SIZES[kind] > big:
            (place,) = struct.unpack_from(order + number, data, place)
        if place + length * _SIZES[kind] <= len(data):
            tags[tag] = struct.unpack_from(f"{order}{length}{_CODES[kind]}", data, place)
    return tags
