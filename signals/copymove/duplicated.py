"""Both ends of every copy: where the picture occurs twice, in content and in noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.copymove.find import Copies, Copy, find_copies
from signals.copymove.residuals import CELL
from signals.evidence import Evidence
from signals.score import Score, Statistic, score_spec
from signals.validity import decoded_cells


class CopymoveDuplicated(Score):
    """Marks areas that are copies of each other, source and target alike.

    The statistic is ``decades`` of the clearest :class:`signals.copymove.find.Copy` that a cell belongs to, 0 where
    nothing was found, on cells of 4x4 pixels.
    """

    spec = score_spec("copymove_duplicated", "3", CELL)
    reads = (
        "Marks areas that occur twice in the picture, in content and, as far as compression lets it be compared, in "
        "noise: the area copied and its copy."
    )
    blind_when = (
        "Sees nothing of copies without noise or texture to compare, strongly scaled or distorted ones, very small "
        "ones unless the picture was kept bit for bit since, or after strong compression, downsizing or denoising of "
        "the whole picture."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """Decades of false alarms avoided, ``[ceil(H/4), ceil(W/4)]``."""
        copies = find_copies(evidence)
        marks = [(copy, copy.first | copy.second) for copy in copies.copies]
        return Statistic(decades(copies, marks), decoded_cells(self.spec, evidence))


def decades(copies: Copies, marks: list[tuple[Copy, NDArray[np.bool_]]]) -> NDArray[np.float32]:
    """-log10 of the expected false alarms of the clearest copy at each marked cell; 0 where there is none.

    Args:
        copies: What was found.
        marks: Copies and the cells to mark of each.
    """
    values = np.zeros((-(-copies.height // CELL), -(-copies.width // CELL)), dtype=np.float32)
    for copy, cells in marks:
        np.maximum(values, np.where(cells, np.float32(copy.decades), np.float32(0)), out=values)
    return values
