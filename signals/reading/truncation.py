"""How much of a JPEG file that was cut short is really there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.jpeg import JpegData
from signals.reading.jpeg_structure import JpegStructure


def count_decoded_rows(jpeg: JpegData | None, structure: JpegStructure) -> int:
    """Rows of pixels before the cut, for a file whose end of image is missing.

    A decoder leaves the blocks after the cut at zero. Blocks are stored from the top, a row of coding units at a
    time, so the cut lies behind the last block that is not zero; the row it lies in counts only if its last unit
    is there. In a progressive file, a row counts only if it has any detail beyond the mean of its blocks: the cut
    may lie in the first scan that gives luma detail. A later scan only refines what an earlier one has given.

    Args:
        jpeg: The coefficients; None if they cannot be read.
        structure: The markers.

    Returns:
        0 .. height.
    """
    if jpeg is None:
        return 0
    component = jpeg.components[0]
    lowest = 0
    if structure.scans > 1:
        if not _ends_in_first_detail(structure):
            return structure.height
        lowest = 1
    by_block = component.coefficients.reshape(*component.coefficients.shape[:2], 64)
    filled: NDArray[np.bool_] = np.asarray(by_block[..., lowest:].any(axis=2), dtype=np.bool_)
    rows = np.flatnonzero(filled.any(axis=1))
    if not rows.size:
        return 0
    most_v = max(v for _, v in structure.samplings)
    # A scan of a single component is not interleaved: its units are single blocks.
    interleaved = lowest == 0 and structure.first_scan_components > 1
    unit_rows, unit_columns = (component.sampling[1], component.sampling[0]) if interleaved else (1, 1)
    unit = int(rows[-1]) // unit_rows
    last_unit = filled[
        unit * unit_rows : (unit + 1) * unit_rows, (filled.shape[1] - 1) // unit_columns * unit_columns :
    ]
    complete = unit + 1 if last_unit.any() else unit
    return min(structure.height, complete * unit_rows * 8 * most_v // component.sampling[1])


def _ends_in_first_detail(structure: JpegStructure) -> bool:
    """Whether the last scan begun is the first one with frequencies of luma above its mean."""
    detailed = [_has_detail(header, structure.component_ids[0]) for header in structure.scan_headers]
    return structure.progressive and detailed[-1:] == [True] and sum(detailed) == 1


def _has_detail(header: bytes, identifier: int) -> bool:
    # Scans of frequencies above the mean hold one component: count, component, tables, first and last frequency.
    return len(header) >= 5 and header[0] == 1 and header[1] == identifier and header[3] > 0
