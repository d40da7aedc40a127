"""A bounded reader of TIFF directories, which TIFF files and EXIF blocks share."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

ORIENTATION = 274
_WIDTH, _HEIGHT, _BITS = 256, 257, 258
_STRIPS = (273, 279, 324, 325)
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MAX_ENTRIES = 1000
_MAX_VALUES = 16
_MAX_STRIPS = 1_000_000


@dataclass(frozen=True)
class Directory:
    """The entries of one directory; a value is looked up only when asked for.

    Attributes:
        data: Bytes of the TIFF file or EXIF block.
        order: Byte order, ``<`` or ``>``; empty if the bytes are not TIFF.
        entries: Tag to type, number of values and where they are; damaged entries are left out.
        following: Where the next directory begins; 0 if there is none.
        count: Number of entries it claims to have.
    """

    data: bytes = field(repr=False)
    order: str = ""
    entries: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    following: int = 0
    count: int = 0

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Whole numbers of a tag, at most 16; empty if there are none."""
        kind, count, place = self.entries.get(tag, (0, 0, 0))
        count = min(count, _MAX_VALUES)
        if kind not in _NUMBERS or place + count * _SIZES[kind] > len(self.data):
            return ()
        return struct.unpack_from(f"{self.order}{count}{_NUMBERS[kind]}", self.data, place)

    def raw(self, tag: int, most: int) -> bytes:
        """The first ``most`` bytes of a tag of bytes or text; empty if there are none."""
        kind, count, place = self.entries.get(tag, (0, 0, 0))
        return self.data[place : place + min(count, most)] if kind in (1, 2, 7) else b""


def read_directory(data: bytes, start: int | None = None) -> Directory:
    """Reads a directory; nothing is raised.

    Args:
        data: Bytes of a TIFF file or of an EXIF block, from its ``II`` or ``MM`` on.
        start: Where the directory begins; by default where the first one does.
    """
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        return Directory(data)
    try:
        big = struct.unpack_from(order + "H", data, 2)[0] == 43
        number, counter = ("Q", "Q") if big else ("I", "H")
        if start is None:
            (start,) = struct.unpack_from(order + number, data, 8 if big else 4)
        (count,) = struct.unpack_from(order + counter, data, start)
        first, size = start + struct.calcsize(counter), 20 if big else 12
        entries = _read_entries(data, order, number, first, min(count, _MAX_ENTRIES))
        behind = first + count * size
        whole = 0 < count <= _MAX_ENTRIES and behind + struct.calcsize("=" + number) <= len(data)
        following = struct.unpack_from(order + number, data, behind)[0] if whole else 0
    except (struct.error, OverflowError):
        return Directory(data)
    return Directory(data, order, entries, following, count)


def find_excess(data: bytes) -> str | None:
    """What in a TIFF file's first directory would keep a decoder busy or fill its memory; None if nothing."""
    directory = read_directory(data)
    if directory.count > _MAX_ENTRIES:
        return f"the file has {directory.count} tags"
    if sum(_SIZES[kind] * count for kind, count, _ in directory.entries.values()) > len(data):
        return "its tags claim to be larger than the file"
    strips = max((directory.entries[tag][1] for tag in _STRIPS if tag in directory.entries), default=0)
    return f"the file has {strips} strips" if strips > _MAX_STRIPS else None


def read_orientation(data: bytes) -> int:
    """EXIF orientation 1..8 of a TIFF or EXIF block; 1 if it says nothing sensible."""
    values = read_directory(data).numbers(ORIENTATION)
    return values[0] if values and 1 <= values[0] <= 8 else 1


def read_size(data: bytes) -> tuple[int, int]:
    """Width and height of a TIFF file's first page; zeros if it names none."""
    directory = read_directory(data)
    return (directory.numbers(_WIDTH) or (0,))[0], (directory.numbers(_HEIGHT) or (0,))[0]


def read_bits(data: bytes) -> int:
    """Bits a sample of a TIFF file's first page, the largest of its channels."""
    return max(read_directory(data).numbers(_BITS), default=1)


def _read_entries(data: bytes, order: str, number: str, start: int, count: int) -> dict[int, tuple[int, int, int]]:
    # An entry: tag, type, number of values, then the values or where they are (4 or 8 bytes).
    width = struct.calcsize("=" + number)
    size = 4 + 2 * width
    entries: dict[int, tuple[int, int, int]] = {}
    for position in range(start, start + count * size, size):
        if position + size > len(data):
            break
        tag, kind, length = struct.unpack_from(order + "HH" + number, data, position)
        if kind not in _SIZES or not length > 0:
            continue
        place = position + size - width
        if length * _SIZES[kind] > width:
            (place,) = struct.unpack_from(order + number, data, place)
        entries[tag] = (kind, length, place)
    return entries
