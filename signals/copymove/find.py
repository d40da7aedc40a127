"""Finds the copies in a picture, once for all the signals that speak of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.copymove.ends import pasted_end
from signals.copymove.identical import find_identical
from signals.copymove.matches import Match, find_matches, identical_match
from signals.copymove.residuals import CELL, compression_noise
from signals.copymove.transform import Map
from signals.evidence import Evidence
from signals.memo import once_per_picture
from signals.signal import Unusable

MIN_SIZE = 48
LARGEST_SIDE = 30_000
# Compression after the copying leaves no two areas equal, and makes some equal that are no copies.
_LOSSY = ("jpeg", "webp")
# Two areas that share this much are one.
_SAME = 0.5
_OWN = 0.25
# Noise that is the same correlates, whatever the test says.
_LEAST_CORRELATION = 0.3

Pasted = Literal["first", "second"]


@dataclass(frozen=True, eq=False)
class Copy:
    """One area that occurs twice.

    Attributes:
        map: From the first end to the second, float64 ``[2, 3]``, pixels.
        first: bool ``[ceil(H/4), ceil(W/4)]``: the first end.
        second: The second end.
        decades: -log10 of the number of such findings expected in an untouched photo by the model of chance in
            :mod:`signals.copymove.decision`, or that in :mod:`signals.copymove.identical` for areas that are equal to
            the last bit; both are set by hand: they rank findings and promise no rate.
        proven: Whether its noise agrees by more than compression could make it, or all of it to the last bit. If not,
            things that merely look alike, such as windows, bricks or letters, can look so once they were saved as a
            JPEG. Software that repeats an area by itself, as on pages and collages, leaves the same proof.
        correlation: Correlation of the noise of both ends, the median over the area, -1..1.
        pasted: The end that was pasted; None where it cannot be told: it is one of the two.
        certainty: How clearly the traces speak for one end, 0..1.
    """

    map: Map
    first: NDArray[np.bool_]
    second: NDArray[np.bool_]
    decades: float
    proven: bool
    correlation: float
    pasted: Pasted | None
    certainty: float


@dataclass(frozen=True, eq=False)
class Copies:
    """What was found in one picture.

    Attributes:
        copies: The copies, clearest first.
        matches: All pairs of areas that look alike, also those that are no copies.
        height: Rows of pixels.
        width: Columns of pixels.
    """

    copies: tuple[Copy, ...]
    matches: tuple[Match, ...]
    height: int
    width: int

    @property
    def explanation(self) -> str:
        """What was found, in a few sentences."""
        if not self.copies:
            return "No area of the picture was found to be a copy of another one."
        proven = sum(copy.proven for copy in self.copies)
        likely = len(self.copies) - proven
        said = []
        if proven:
            said.append(
                f"{proven} {_occur(proven)} twice in the picture, down to the noise. Noise does not "
                "repeat by itself. Software may have repeated it without harm, as on pages, in collages and frames, or "
                "at the joints of a panorama."
            )
        if likely:
            said.append(
                f"{likely} {_occur(likely)} twice as far as compression lets the noise be compared. Copies look so, "
                "and so do repeated patterns, such as windows, bricks or letters, once they were saved as a JPEG."
            )
        unclear = sum(copy.pasted is None for copy in self.copies)
        if unclear:
            said.append("Where the drawing says 'one of these', it cannot be told which end would be the copy.")
        return " ".join(said)


def _occur(count: int) -> str:
    return "area occurs" if count == 1 else "areas occur"


@once_per_picture
def find_copies(evidence: Evidence) -> Copies:
    """The copies in a picture.

    Raises:
        Unusable: Too small, too long, or flat.
    """
    height, width = evidence.height, evidence.width
    if min(height, width) < MIN_SIZE:
        raise Unusable(f"The picture is smaller than {MIN_SIZE} x {MIN_SIZE} pixels.")
    if max(height, width) > LARGEST_SIDE:
        raise Unusable(f"The picture is longer than {LARGEST_SIDE} pixels.")
    luma = np.asarray(cv2.cvtColor(evidence.pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    luma = luma[: evidence.decoded_rows]
    if luma.shape[0] < MIN_SIZE:
        raise Unusable(f"The rows that the file really holds are fewer than {MIN_SIZE}.")
    if int(luma.min()) == int(luma.max()):
        raise Unusable("The picture is flat; it holds no noise to compare.")
    noise = compression_noise(evidence)
    identical = [] if evidence.type in _LOSSY else find_identical(evidence.pixels[: luma.shape[0]], luma)
    equal = [match for match in (identical_match(luma, one) for one in identical) if match is not None]
    matches = find_matches(luma, {"fine": noise.fine, "middle": noise.middle}, equal)
    copies = [_copy(luma, match, height, width) for match in matches if match.is_copy]
    copies = [copy for copy in copies if copy.correlation >= _LEAST_CORRELATION]
    copies.sort(key=lambda copy: (-copy.proven, -copy.decades))
    return Copies(tuple(_distinct(copies)), tuple(matches), height, width)


def _copy(luma: NDArray[np.uint8], match: Match, height: int, width: int) -> Copy:
    grid = -(-height // CELL), -(-width // CELL)
    first = np.zeros(grid, dtype=np.bool_)
    first[match.box.cells] = match.copied
    second = moved_cells(match.map, first)
    end, certainty = pasted_end(luma, match)
    correlation = float(np.median(match.comparison.correlation[match.copied]))
    return Copy(match.map, first, second, match.verdict.best, match.proven, correlation, end, certainty)


def moved_cells(map_: Map, cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask of cells of 4x4 pixels carried along by a map."""
    middle = np.full(2, (CELL - 1) / 2)
    offset = (map_[:, :2] @ middle + map_[:, 2] - middle) / CELL
    local = np.column_stack([map_[:, :2], offset])
    size = cells.shape[1], cells.shape[0]
    return np.asarray(cv2.warpAffine(cells.astype(np.uint8), local, size, flags=cv2.INTER_NEAREST) > 0)


def _distinct(copies: list[Copy]) -> list[Copy]:
    """The copies without those that say of the same two areas what a clearer one said."""
    kept: list[Copy] = []
    for copy in copies:
        same = any(
            _share(copy.first, ends[0]) > _SAME and _share(copy.second, ends[1]) > _SAME
            for other in kept
            for ends in ((other.first, other.second), (other.second, other.first))
        )
        # What was pasted covers what was there: an area that is its own copy is a pattern or a symmetry.
        itself = _share(copy.first, copy.second) > _OWN
        if not same and not itself and copy.second.any():
            kept.append(copy)
    return kept


def _share(area: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """How much of an area lies in another."""
    return float(np.count_nonzero(area & other)) / max(1, int(np.count_nonzero(area)))
