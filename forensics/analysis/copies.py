"""What the search for copies within the picture adds to a report."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from signals import Evidence, Unusable
from signals.copymove.find import Copies, Copy, find_copies
from signals.copymove.residuals import CELL
from signals.orientation import upright

COPIES_FILE = "copies.png"


def search_copies(evidence: Evidence) -> Copies | None:
    """The copies in a picture; None if it cannot be searched: too small, too long or flat."""
    try:
        return find_copies(evidence)
    except Unusable:
        return None


def copies_json(copies: Copies | None, orientation: int) -> dict[str, Any]:
    """The field ``copies`` of ``report.json``; boxes are upright."""
    found = () if copies is None else copies.copies
    return {
        "searched": copies is not None,
        "file": COPIES_FILE if found else None,
        "found": [_copy_json(copy, copies, orientation) for copy in found if copies is not None],
    }


def _copy_json(copy: Copy, copies: Copies, orientation: int) -> dict[str, Any]:
    return {
        "first": _box(copy.first, copies, orientation),
        "second": _box(copy.second, copies, orientation),
        "proven": copy.proven,
        "pasted": copy.pasted,
        "noise_correlation": round(copy.correlation, 4),
    }


def _box(cells: NDArray[np.bool_], copies: Copies, orientation: int) -> list[int]:
    """x, y, width and height in pixels of the upright picture."""
    mask = np.repeat(np.repeat(cells, CELL, axis=0), CELL, axis=1)[: copies.height, : copies.width]
    turned = upright(mask, orientation)
    rows, columns = np.flatnonzero(turned.any(axis=1)), np.flatnonzero(turned.any(axis=0))
    return [int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)]
