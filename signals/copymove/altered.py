"""The pasted end of every copy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.copymove.duplicated import decades
from signals.copymove.find import Copy, find_copies
from signals.copymove.residuals import CELL
from signals.evidence import Evidence
from signals.score import Score, Statistic, score_spec
from signals.validity import decoded_cells


class CopymoveAltered(Score):
    """Marks the end of each copy that was pasted; both ends where the traces do not tell which one it was.

    The statistic is that of :class:`signals.copymove.duplicated.CopymoveDuplicated`.
    """

    spec = score_spec("copymove_altered", "3", CELL)
    reads = (
        "Marks the pasted one of two equal areas, told by the seam round it and by its resampling; both where that "
        "cannot be told: then it is one of these."
    )
    blind_when = (
        "Sees nothing where no copy is proved by its noise, and may mark both ends, or the wrong one, where the seam "
        "is hidden in texture or smoothed over."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """Decades of false alarms avoided, ``[ceil(H/4), ceil(W/4)]``."""
        copies = find_copies(evidence)
        marks = [(copy, pasted_cells(copy)) for copy in copies.copies]
        return Statistic(decades(copies, marks), decoded_cells(self.spec, evidence))


def pasted_cells(copy: Copy) -> NDArray[np.bool_]:
    """Cells of the pasted end, or of both where it cannot be told."""
    if copy.pasted is None:
        return copy.first | copy.second
    return copy.first if copy.pasted == "first" else copy.second
