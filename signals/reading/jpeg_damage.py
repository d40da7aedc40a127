"""Signs that a JPEG file with a proper end was damaged before it. Decoders fill such gaps without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import numpy as np

from signals.jpeg import JpegData
from signals.reading.jpeg_structure import JpegStructure

_RESTART = re.compile(rb"\xff([\xd0-\xd7])")
# More than any encoder writes.
_MAX_RESTARTS = 1_000_000
# Shorter runs of bits could end like this by chance.
_ENOUGH_BITS = 48


def find_damage(data: bytes, structure: JpegStructure) -> str | None:
    """What is wrong with a file, as part of a sentence; None if nothing is seen.

    Found are markers that do not exist and restart markers out of order. Other damage, such as a changed bit that
    still decodes, leaves no sign here.
    """
    if any(name.startswith("0x") for name in structure.markers):
        return "it has markers that no encoder writes"
    restarts = islice(_RESTART.finditer(data, structure.first_scan, structure.end), _MAX_RESTARTS)
    if structure.scans == 1 and any(found[1][0] != 0xD0 + i % 8 for i, found in enumerate(restarts)):
        return "its restart markers are out of order"
    return None


def ends_early(data: bytes, structure: JpegStructure, jpeg: JpegData | None) -> bool:
    """Whether the data of a sequential file ran out before its end marker.

    Then its last coding units decode to zero. A unit of zeros has a known code, so a file that stores zeros ends
    in repetitions of it; one whose data ran out does not.

    Args:
        data: The bytes.
        structure: The markers.
        jpeg: The coefficients; nothing is seen without them.
    """
    one_scan = structure.scans == 1 and structure.first_scan_components == len(structure.samplings)
    if jpeg is None or not jpeg.exact or not one_scan or structure.frame not in ("SOF0", "SOF1"):
        return False
    if _zeros_at_end(jpeg) < 2:
        return False
    unit = _zero_unit(data, structure)
    if unit is None or _zeros_at_end(jpeg) * len(unit) < _ENOUGH_BITS + 2 * len(unit):
        return False
    scan = data[structure.first_scan : structure.end].rstrip(b"\xff")
    tail = re.split(rb"\xff[\xd0-\xd7]", scan[-64:])[-1].replace(b"\xff\0", b"\xff")
    bits = "".join(f"{byte:08b}" for byte in tail)
    expected = unit * (_ENOUGH_BITS // len(unit) + 1)
    if len(bits) < len(expected) + 8:
        return False
    return not any(bits[: len(bits) - padding].endswith(expected) for padding in range(8))


def _zeros_at_end(jpeg: JpegData) -> int:
    """Coding units at the end of the last row of units in which every component is zero."""
    zeros: list[int] = []
    for component in jpeg.components:
        horizontal, vertical = component.sampling if len(jpeg.components) > 1 else (1, 1)
        rows, columns = component.coefficients.shape[:2]
        last = component.coefficients[(rows - 1) // vertical * vertical :].any(axis=(0, 2, 3))
        filled = np.flatnonzero(last)
        units = -(-columns // horizontal)
        zeros.append(units if not filled.size else units - 1 - int(filled[-1]) // horizontal)
    return min(zeros)


def _zero_unit(data: bytes, structure: JpegStructure) -> str | None:
    """Bits of a coding unit of zeros after another one: no change of DC, end of block, for each block."""
    tables = dict(_huffman_codes(data, structure))
    start = structure.first_scan + 4
    count = structure.first_scan_components
    bits = ""
    for i in range(count):
        identifier, slots = data[start + 1 + 2 * i], data[start + 2 + 2 * i]
        if identifier not in structure.component_ids:
            return None
        horizontal, vertical = structure.samplings[structure.component_ids.index(identifier)]
        blocks = horizontal * vertical if count > 1 else 1
        no_change, end_of_block = tables.get((0, slots >> 4)), tables.get((1, slots & 15))
        if no_change is None or end_of_block is None:
            return None
        bits += (no_change + end_of_block) * blocks
    return bits or None


def _huffman_codes(data: bytes, structure: JpegStructure) -> Iterator[tuple[tuple[int, int], str]]:
    """Code of symbol 0 by (class, slot) of each Huffman table that has one (T.81, annex C)."""
    header, position = structure.header, 2
    while position + 4 <= len(header):
        end = position + 2 + int.from_bytes(header[position + 2 : position + 4], "big")
        if header[position + 1] == 0xC4:
            body = header[position + 4 : end]
            while len(body) >= 17:
                counts, symbols = body[1:17], body[17 : 17 + sum(body[1:17])]
                code = _code_of_zero(counts, symbols)
                if code is not None:
                    yield (body[0] >> 4, body[0] & 15), code
                body = body[17 + sum(counts) :]
        position = end


def _code_of_zero(counts: bytes, symbols: bytes) -> str | None:
    code = place = 0
    for length, count in enumerate(counts, start=1):
        for symbol in symbols[place : place + count]:
            if symbol == 0:
                return f"{code:0{length}b}"
            code += 1
        place += count
        code <<= 1
    return None
