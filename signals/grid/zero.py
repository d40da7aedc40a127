"""Areas that lie in a JPEG grid of their own, with a bound on false alarms.

Nikoukhah, Anger, Colom, Morel and Grompone von Gioi, "ZERO: a Local JPEG Grid Origin Detector Based on the Number of
DCT Zeros and its Applications in Image Forensics", Image Processing On Line 11, 2021. Two differences: regions grow
from cell to cell of 8x8 pixels, not from pixel to pixel within 12 pixels; and areas that merely lack the main grid
are not reported, because the paper's test for them, which saves the picture once more at quality 99, fires on more
than a third of untouched photos as the camera stored them: fine texture and clipped areas show no grid either.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.grid.zero_grids import BLOCK, ORIGINS, cell_votes, log_nfa, log_tests, main_grid, votes, whole_cells
from signals.score import Score, Statistic, score_spec


class Zero(Score):
    """Whether a cell lies in a region that shows another JPEG grid than the rest of the picture (ZERO, 2021).

    The raw statistic is -log10 of the expected number of such regions in a picture whose pixels voted at random; it
    is 0 wherever that number is 1 or more, so what is above 0 at all is a detection. The grid with the most votes
    counts as the picture's own. A picture that was cropped and saved again at high quality can keep parts of both of
    its grids; these are detected too.
    """

    spec = score_spec("zero", "1", BLOCK, parameters={"false_alarms": 1})
    reads = (
        "Reads in which 8x8 grid most frequencies of JPEG blocks round to zero, and reports regions that agree on "
        "another grid than the rest more often than chance allows."
    )
    blind_when = (
        "Sees nothing when the inserted part was never a JPEG, is the only part that was one, or lies in the same grid "
        "by chance (one in 64), nor when the picture was resized or compressed visibly afterwards."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """The significance of foreign grids; unusable below 24x24 pixels and for a flat picture."""
        cast = votes(evidence)
        found = foreign_grids(cell_votes(cast), main_grid(cast), log_tests(*cast.shape))
        return Statistic(found, whole_cells(self.spec, evidence))


def foreign_grids(counts: NDArray[np.uint8], main: int | None, tests: float) -> NDArray[np.float32]:
    """Significance of the regions that vote for another grid than the picture's own.

    Args:
        counts: uint8 ``[h, w, 65]`` of :func:`signals.grid.zero_grids.cell_votes`.
        main: The picture's own grid, or None.
        tests: log10 of the number of tests.

    Returns:
        float32 ``[h, w]``: -log10 of the number of false alarms; 0 where it is not below 1.
    """
    found = np.zeros(counts.shape[:2], dtype=np.float32)
    for origin in range(ORIGINS):
        if origin != main:
            np.maximum(found, significant_regions(counts[..., origin], tests), out=found)
    return found


def significant_regions(cast: NDArray[np.uint8], tests: float) -> NDArray[np.float32]:
    """Significance of the regions of votes for one origin.

    A region is a set of cells with votes for it, each beside another, also across a corner; its window is the
    smallest square that holds it. Votes of one 8x8 block are one observation.

    Args:
        cast: uint8 ``[h, w]``, votes of each cell, 0..64.
        tests: log10 of the number of tests.

    Returns:
        float32 ``[h, w]`` as :func:`foreign_grids`; gaps of up to two cells between detected ones are closed.
    """
    found = np.zeros(cast.shape, dtype=np.float32)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats((cast > 0).view(np.uint8), connectivity=8)
    totals = np.bincount(labels.ravel(), weights=cast.ravel(), minlength=count)
    for region in range(1, count):
        left, top, width, height = boxes[region, :4]
        successes = int(totals[region]) // ORIGINS
        # Fewer votes than this are not significant in any window.
        if tests <= successes * np.log10(ORIGINS):
            significance = -log_nfa(tests, max(width, height) ** 2, successes)
            if significance > 0:
                inside = np.pad(labels[top : top + height, left : left + width] == region, 1).view(np.uint8)
                closed = cv2.morphologyEx(inside, cv2.MORPH_CLOSE, np.ones((3, 3), dtype=np.uint8))[1:-1, 1:-1]
                area = found[top : top + height, left : left + width]
                area[closed > 0] = np.maximum(area[closed > 0], np.float32(significance))
    return found
