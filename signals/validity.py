"""Which cells of a map rest on pixels that the file really holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.signal import SignalSpec


def decoded_cells(spec: SignalSpec, evidence: Evidence, reach: int = 0) -> NDArray[np.bool_]:
    """True for the cells that read decoded pixels only.

    A file that was cut short holds its first ``decoded_rows`` rows. A cell that is only partly there is not valid;
    of a whole file every cell is, also those at its border that are completed by padding.

    Args:
        spec: The signal; its stride and offset place the cells.
        evidence: The picture.
        reach: Rows of pixels below the cell itself that its value depends on.

    Returns:
        bool ``[h, w]`` on the signal's grid.
    """
    height, width = spec.grid(evidence.height, evidence.width)
    if evidence.decoded_rows == evidence.height:
        return np.ones((height, width), dtype=np.bool_)
    bottoms = spec.offset + (np.arange(height) + 1) * spec.stride + reach
    return np.repeat((bottoms <= evidence.decoded_rows)[:, None], width, axis=1)
