"""How much of a JPEG file that was cut short is really there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.jpeg import JpegData
from signals.jpeg_structure import JpegStructure


def count_decoded_rows(jpeg: JpegData | None, structure: JpegStructure) -> int:
    """Rows of pixels before the cut, for a file whose end of image is missing.

    A decoder leaves the blocks after the cut at zero. Blocks are stored from the top, a row of coding units at a
    time, so the cut lies behind the last block that is not zero; the row it lies in counts only if its last unit
    is there. A later scan of a progressive file only refines rows that an earlier one has given whole.

    Args:
        jpeg: The coefficients; None if they cannot be read.
        structure: The markers.

    Returns:
        0 .. height.
    """
    if jpeg is None:
        return 0
    if structure.scans > 1:
        return structure.height
    component = jpeg.components[0]
    filled: NDArray[np.bool_] = np.asarray(component.coefficients.any(axis=(2, 3)), dtype=np.bool_)
    rows = np.flatnonzero(filled.any(axis=1))
    if not rows.size:
        return 0
    most_v = max(v for _, v in structure.samplings)
    # A scan of a single component is not interleaved: its units are single blocks.
    interleaved = structure.first_scan_components > 1
    unit_rows, unit_columns = (component.sampling[1], component.sampling[0]) if interleaved else (1, 1)
    unit = int(rows[-1]) // unit_rows
    last_unit = filled[
        unit * unit_rows : (unit + 1) * unit_rows, (filled.shape[1] - 1) // unit_columns * unit_columns :
    ]
    complete = unit + 1 if last_unit.any() else unit
    return min(structure.height, complete * unit_rows * 8 * most_v // component.sampling[1])
