"""Per cell, the area of the picture that resembles it most, and whether its noise is the same."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.copymove.find import Copies, find_copies
from signals.copymove.matches import Match
from signals.copymove.transform import inverse, is_flip, rotation_of, scale_of
from signals.evidence import Evidence
from signals.signal import SignalMap, SignalSpec, Unusable
from signals.validity import decoded_cells

CHANNELS = (
    "content", "margin", "residual", "fit", "scale", "cosine", "sine", "flip", "support", "copied", "pasted",
)  # fmt: skip
_STRIDE = 8
_LEAST_CONTENT = 0.6
_LARGEST_SCALE = 2.0
_MOST_CELLS = 6.0
_LIKELY = 0.5


class Copymove:
    """The best match of each 8x8 cell elsewhere in the picture, and the copies among them.

    ``values`` is float16 ``[11, ceil(H/8), ceil(W/8)]``, all within -1..1. 0 to 8 are 0 where nothing resembles the
    cell, 9 and 10 where no copy lies:

    0. ``content``: correlation with the best matching area after warping.
    1. ``margin``: how much better content and residual are, in the mean, than those of the second best match.
    2. ``residual``: correlation of the high-pass residuals after warping. Things that look alike agree in content;
       copies agree in their noise too. Compression can make both the same.
    3. ``fit``: r / (1 + r), r the difference of the residuals over the least that two shots of one thing show.
    4. ``scale``: logarithm to base 2 of the size of the other end over this one's, halved.
    5. ``cosine`` and 6. ``sine`` of the angle from this end to the other.
    7. ``flip``: 1 if the other end is a mirror image.
    8. ``support``: logarithm to base 10 of the matching cells of 4x4 pixels, over 6.
    9. ``copied``: 1 at both ends of a proven copy, 0.5 at those of a likely one; shares of the cell at their outlines.
    10. ``pasted``: above 0 at the end that was pasted, below 0 at the one it was copied from, by how clearly they can
        be told apart; 0 where they cannot.
    """

    spec = SignalSpec(
        "copymove", version="2", parameters={"channels": list(CHANNELS)},
        channels=len(CHANNELS), stride=_STRIDE, dtype="float16", range=(-1.0, 1.0),
    )  # fmt: skip
    reads = (
        "Reads, cell by cell, which other area of the picture resembles it most, whether the noise of both is the "
        "same, as it is in a copy, and which end of a copy was pasted."
    )
    blind_when = (
        "Sees nothing where an area has no texture to be found by, where it is very small or strongly distorted, or "
        "where what it shows repeats many times."
    )

    def extract(self, evidence: Evidence) -> SignalMap:
        """Reads the best matches; unusable for pictures that are too small or flat."""
        try:
            copies = find_copies(evidence)
        except Unusable as reason:
            return SignalMap.unusable(self.spec, str(reason))
        values = channels_of(copies).astype(np.float16)
        return SignalMap(self.spec, values, decoded_cells(self.spec, evidence))

    def draw(self, found: SignalMap) -> NDArray[Any]:
        """Correlation of the residuals, 0 to 1; correlations below 0 are drawn as 0."""
        return np.asarray(found.values[CHANNELS.index("residual")], dtype=np.float32).clip(0, 1)


def channels_of(copies: Copies) -> NDArray[np.float32]:
    """The channels of :class:`Copymove`: float32 ``[11, ceil(H/8), ceil(W/8)]``."""
    grid = -(-copies.height // _STRIDE), -(-copies.width // _STRIDE)
    values = np.zeros((len(CHANNELS), *grid), dtype=np.float32)
    best = np.zeros(grid, dtype=np.float32)
    second = np.zeros(grid, dtype=np.float32)
    for match in copies.matches:
        if not match.area.any():
            continue
        here = _planes(match, grid)
        there = _carried(match.map, here)
        for map_, (content, residual, fit) in ((match.map, here), (inverse(match.map), there)):
            likeness = np.where(content > _LEAST_CONTENT, (content + np.maximum(residual, 0)) / 2, 0)
            better = likeness > best
            second = np.where(better, best, np.maximum(second, likeness))
            best = np.maximum(best, likeness)
            told = _description(map_, int(np.count_nonzero(match.area)))
            values[0][better], values[2][better], values[3][better] = content[better], residual[better], fit[better]
            values[4:9, better] = told[:, None]
    values[1] = best - second
    values[9:] = _copies_on_grid(copies, grid)
    return values.clip(-1, 1)


def _copies_on_grid(copies: Copies, grid: tuple[int, int]) -> NDArray[np.float32]:
    """The last two channels: ``[2, h, w]``. Of copies that share a cell, the clearest says which end was pasted."""
    copied, pasted = np.zeros(grid, dtype=np.float32), np.zeros(grid, dtype=np.float32)
    for copy in reversed(copies.copies):
        clear = copy.certainty if copy.pasted else 0.0
        sign_of_first = clear if copy.pasted == "first" else -clear
        for cells, sign in ((copy.first, sign_of_first), (copy.second, -sign_of_first)):
            share = _on_grid(cells, grid)
            copied = np.maximum(copied, share * np.float32(1 if copy.proven else _LIKELY))
            pasted = np.where(share > 0, share * np.float32(sign), pasted)
    return np.stack([copied, pasted])


def _on_grid(cells: NDArray[np.bool_], grid: tuple[int, int]) -> NDArray[np.float32]:
    """Share of each cell of 8x8 pixels that a mask of cells of 4x4 holds."""
    whole = np.zeros((2 * grid[0], 2 * grid[1]), dtype=np.float32)
    whole[: cells.shape[0], : cells.shape[1]] = cells
    return np.asarray(whole.reshape(grid[0], 2, grid[1], 2).mean(axis=(1, 3)), dtype=np.float32)


def _description(map_: NDArray[np.float64], cells: int) -> NDArray[np.float32]:
    """What the channels 4 to 8 say of a map."""
    scale = np.clip(np.log2(scale_of(map_)) / _LARGEST_SCALE, -1, 1)
    angle = rotation_of(map_)
    support = min(1.0, np.log10(max(cells, 1)) / _MOST_CELLS)
    return np.array([scale, np.cos(angle), np.sin(angle), float(is_flip(map_)), support], dtype=np.float32)


def _planes(match: Match, grid: tuple[int, int]) -> NDArray[np.float32]:
    """Content, residual and fit of a match at its first end: ``[3, h, w]`` on the grid of the whole picture."""
    comparison, box = match.comparison, match.box
    ratio = np.minimum(match.verdict.ratio, np.float32(1e6))
    fit = ratio / (1 + ratio)
    kept = match.area & comparison.inside
    size = comparison.content.shape[1] // 2, comparison.content.shape[0] // 2
    planes = np.zeros((3, *grid), dtype=np.float32)
    rows = slice(box.top // _STRIDE, box.top // _STRIDE + size[1])
    columns = slice(box.left // _STRIDE, box.left // _STRIDE + size[0])
    for plane, cells in zip(planes, (comparison.content, comparison.correlation, fit), strict=True):
        plane[rows, columns] = cv2.resize(np.where(kept, cells, np.float32(0)), size, interpolation=cv2.INTER_AREA)
    return planes


def _carried(map_: NDArray[np.float64], planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Planes of the first end put where the second end is."""
    middle = np.full(2, (_STRIDE - 1) / 2)
    offset = (map_[:, :2] @ middle + map_[:, 2] - middle) / _STRIDE
    local = np.column_stack([map_[:, :2], offset])
    size = planes.shape[2], planes.shape[1]
    return np.stack([cv2.warpAffine(plane, local, size, flags=cv2.INTER_LINEAR) for plane in planes])
