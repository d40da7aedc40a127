"""The JPEG grid that each part of a picture votes for: the votes of ZERO (Nikoukhah et al., IPOL 2021)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.grid.zero_grids import BLOCK, NO_VOTE, cell_votes, main_grid, votes, whole_cells
from signals.signal import SignalMap, SignalSpec, Unusable


class ZeroVotes:
    """The most frequent vote of the pixels of each 8x8 cell.

    ``values`` is uint8 in 0..64: column of the origin plus 8 times its row, counted from the first stored pixel;
    64 if most pixels do not vote. Equal votes go to the smaller number. ``side`` holds ``main_grid`` float32 ``()``,
    the origin that the whole picture votes for, or -1 if that could be chance. The votes of single pixels are
    :func:`signals.grid.zero_grids.origin_votes`.
    """

    spec = SignalSpec("zero_votes", "1", {"levels": NO_VOTE + 1}, stride=BLOCK, dtype="uint8")
    reads = (
        "Reads in which of the 64 possible 8x8 grids each area was compressed as a JPEG, which differs where "
        "something was pasted, moved or cropped."
    )
    blind_when = (
        "Sees little in pictures that were never a JPEG, were saved at the highest quality, or were resized or "
        "strongly compressed after the change."
    )

    def extract(self, evidence: Evidence) -> SignalMap:
        """Counts the votes; unusable below 24x24 pixels and for a flat picture."""
        try:
            cast = votes(evidence)
        except Unusable as reason:
            return SignalMap.unusable(self.spec, str(reason))
        main = main_grid(cast)
        side = {"main_grid": np.array(-1 if main is None else main, dtype=np.float32)}
        values = cell_votes(cast).argmax(axis=2).astype(np.uint8)[None]
        return SignalMap(self.spec, values, whole_cells(self.spec, evidence), side)

    def draw(self, found: SignalMap) -> NDArray[np.float32]:
        """0 where a cell votes for the picture's main grid, 1 for another; .5 without a vote or a main grid."""
        main = float(found.side["main_grid"])
        plane = np.where(found.values[0] == main, np.float32(0), np.float32(1))
        plane[(found.values[0] == NO_VOTE) | (main < 0)] = 0.5
        return plane
