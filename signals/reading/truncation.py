"""How much of a JPEG file that was cut short is really there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.jpeg import JpegData
from signals.reading.jpeg_structure import ZIGZAG, JpegStructure


def count_decoded_rows(jpeg: JpegData | None, structure: JpegStructure) -> int:
    """Rows of pixels before the cut, for a file whose end of image is missing.

    A decoder leaves at zero what comes after the cut. Blocks are stored from the top, a row of coding units at a
    time, so the cut lies behind the last block that the last scan gave anything; the row it lies in counts only if
    its last unit is there. Rows above the cut hold more detail than those below it, which would look like an edit: a
    file of several scans counts as decoded down to the cut in the last of them. A last scan of which less than a
    quarter is there counts as not begun: then every row is there, in the detail of the scans before.

    Args:
        jpeg: The coefficients; None if they cannot be read.
        structure: The markers.

    Returns:
        0 .. height.
    """
    if jpeg is None:
        return 0
    scan = _last_scan(structure)
    component = jpeg.components[scan.component if scan.component < len(jpeg.components) else 0]
    filled = _filled(component.coefficients, scan)
    rows = np.flatnonzero(filled.any(axis=1))
    if not rows.size:
        return structure.height if structure.scans > 1 else 0
    most_v = max(v for _, v in structure.samplings)
    # A scan of a single component is not interleaved: its units are single blocks.
    unit_rows, unit_columns = (component.sampling[1], component.sampling[0]) if scan.interleaved else (1, 1)
    unit = int(rows[-1]) // unit_rows
    last_unit = filled[
        unit * unit_rows : (unit + 1) * unit_rows, (filled.shape[1] - 1) // unit_columns * unit_columns :
    ]
    complete = unit + 1 if last_unit.any() else unit
    decoded = min(structure.height, complete * unit_rows * 8 * most_v // component.sampling[1])
    if decoded * 4 < structure.height and _whole_before(structure):
        return structure.height
    return decoded


@dataclass(frozen=True)
class _Scan:
    """The last scan begun: its first component, the zig-zag places it codes, and the bit it gives of each."""

    component: int
    interleaved: bool
    first: int
    last: int
    refines: bool
    bit: int


def _last_scan(structure: JpegStructure) -> _Scan:
    header = structure.scan_headers[-1] if structure.scan_headers else b""
    count = header[0] if header else 0
    if len(header) < 4 + 2 * count or not count or not structure.progressive:
        return _Scan(_index(structure, header[1:2]), structure.first_scan_components > 1, 0, 63, False, 0)
    first, last, bits = header[1 + 2 * count : 4 + 2 * count]
    return _Scan(_index(structure, header[1:2]), count > 1, first, min(last, 63), bits >> 4 > 0, bits & 15)


def _index(structure: JpegStructure, identifier: bytes) -> int:
    known = structure.component_ids
    return known.index(identifier[0]) if identifier and identifier[0] in known else 0


def _filled(coefficients: NDArray[np.int16], scan: _Scan) -> NDArray[np.bool_]:
    """The blocks to which the scan gave anything that is not zero."""
    blocks = coefficients.reshape(*coefficients.shape[:2], 64)[..., ZIGZAG[scan.first : scan.last + 1]]
    given = np.abs(blocks.astype(np.int32)) >> scan.bit
    return np.asarray((given & 1 if scan.refines else given).any(axis=2), dtype=np.bool_)


def _whole_before(structure: JpegStructure) -> bool:
    """Whether scans before the last one gave luma any detail above its mean, so that the picture can be seen."""
    return any(_has_detail(header, structure.component_ids[0]) for header in structure.scan_headers[:-1])


def _has_detail(header: bytes, identifier: int) -> bool:
    # Scans of frequencies above the mean hold one component: count, component, tables, first and last frequency.
    return len(header) >= 5 and header[0] == 1 and header[1] == identifier and header[3] > 0
