"""Areas of a picture that look alike, and the verdict of their noise on each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.copymove.candidates import Candidate, find_candidates
from signals.copymove.decision import Verdict, decide
from signals.copymove.growth import AGREES, aligned, grow
from signals.copymove.identical import Identical
from signals.copymove.refinement import Box, Comparison, compare, content_agreement, exact_map
from signals.copymove.residuals import (
    CELL,
    FINE,
    MIDDLE,
    Band,
    Cells,
    NoiseFloor,
    cell_means,
    noise_floors,
)
from signals.copymove.transform import Map, apply, is_whole, translation

SEED_PIXELS = 800_000
_STRIP = 1024
_PIXEL_BUDGET = 30_000_000
_COPY_RATIO = 0.6
_GOES_ON, _GOES_ON_RATIO = 0.8, 1.5
# Multiples of the compression's error by which two ends may differ. The larger one finds copies in pictures that were
# compressed since, at whole pixels only; but where noise is weaker than a quantization step, compression makes things
# that merely look alike the same, and with it they pass. The smaller one they do not pass: it proves.
_EXPLAINED, _PROVES = 2.5, 0.8


@dataclass(frozen=True, eq=False)
class Match:
    """Two areas that look alike, and what their noise says.

    Attributes:
        map: From the first area to the second.
        box: Part of the picture round the first area.
        band: Band of frequencies in which the noise was compared.
        comparison: Both, side by side, on the cells of the box.
        verdict: What the noise says.
        area: bool ``[h, w]`` on the cells of the box: where the content agrees.
        copied: bool ``[h, w]``: where the noise agrees too, beyond chance; empty if nowhere.
        proven: Whether it agrees by more than compression could make it.
    """

    map: Map
    box: Box
    band: Band
    comparison: Comparison
    verdict: Verdict
    area: NDArray[np.bool_]
    copied: NDArray[np.bool_]
    proven: bool

    @property
    def is_copy(self) -> bool:
        """Whether chance and likeness do not explain it."""
        return bool(self.copied.any())


def find_matches(luma: NDArray[np.uint8], compression: dict[str, Cells], known: Sequence[Match] = ()) -> list[Match]:
    """Areas that look alike, with the verdict on each pair.

    Args:
        luma: uint8 ``[H, W]``.
        compression: Error variance of the compression in blocks of 8x8 pixels by the name of the band.
        known: Matches found already: they head the result, and candidates that say the same are passed over.
    """
    factor = min(1.0, float(np.sqrt(SEED_PIXELS / luma.size)))
    size = round(luma.shape[1] * factor), round(luma.shape[0] * factor)
    seed = luma if factor == 1 else np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    floors = noise_floors(luma)
    matches = list(known)
    budget = _PIXEL_BUDGET
    for candidate in find_candidates(seed):
        if any(_is_same(match, candidate, factor) for match in matches):
            continue
        grown = grow(seed, candidate)
        if grown is None:
            continue
        map_, box = _enlarged(*grown, factor, luma.shape)
        budget -= (box.bottom - box.top) * (box.right - box.left)
        if budget < 0:
            break
        # Alignment may have been led astray by what merely looks alike beside a copy.
        others = [candidate.map] if factor == 1 and exact_map(candidate.map, box) is not None else []
        match = _test(luma, map_, box, compression, floors, factor, others)
        if match is not None:
            matches.append(match)
    return matches


def identical_match(luma: NDArray[np.uint8], found: Identical) -> Match | None:
    """An area that occurs twice to the last bit, as a match; None if it fills no cell by half."""
    rows, columns = np.flatnonzero(found.first.any(axis=1)), np.flatnonzero(found.first.any(axis=0))
    box = Box.around(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1, luma.shape)
    area = cell_means(found.first[box.top : box.bottom, box.left : box.right].astype(np.float32)) >= 0.5
    if not area.any():
        return None
    map_ = translation(found.dx, found.dy)
    equal, nothing = area.astype(np.float32), np.zeros(area.shape, dtype=np.float32)
    level = cell_means(luma[box.top : box.bottom, box.left : box.right].astype(np.float32))
    comparison = Comparison(equal, nothing, equal, equal, level, level, area)
    decades = np.full((area.shape[0] // 2, area.shape[1] // 2), found.decades, dtype=np.float32)
    return Match(map_, box, FINE, comparison, Verdict(decades, nothing), area, area, proven=True)


def _is_same(match: Match, candidate: Candidate, factor: float) -> bool:
    """Whether a candidate tells the same map at the same place as a match."""
    here = np.array([candidate.center]) / factor
    there = apply(candidate.map, np.array([candidate.center])) / factor
    for start, end in ((here, there), (there, here)):
        x, y = start[0]
        row, column = int(y - match.box.top) // CELL, int(x - match.box.left) // CELL
        if not (0 <= row < match.area.shape[0] and 0 <= column < match.area.shape[1]):
            continue
        around = match.area[max(0, row - 3) : row + 4, max(0, column - 3) : column + 4]
        if around.any() and np.abs(apply(match.map, start) - end).max() < 6 / factor:
            return True
    return False


def _enlarged(map_: Map, box: Box, factor: float, shape: tuple[int, ...]) -> tuple[Map, Box]:
    """A map and box of the small picture in pixels of the large one."""
    if factor == 1:
        return map_, box
    # The centers of pixels: small + .5 = factor (large + .5).
    half = np.full(2, 0.5)
    offset = (map_[:, :2] @ (half * factor - half) + map_[:, 2] + half) / factor - half
    large = np.column_stack([map_[:, :2], offset])
    corners = (box.left / factor, box.top / factor, box.right / factor, box.bottom / factor)
    return large, Box.around(*corners, shape)


def _test(
    luma: NDArray[np.uint8],
    map_: Map,
    box: Box,
    compression: dict[str, Cells],
    floors: dict[str, NoiseFloor],
    factor: float,
    others: list[Map],
) -> Match | None:
    """The verdict on a map at full resolution, in the band in which it is clearer."""
    if box.is_slim:
        return None
    maps = [map_]
    content = content_agreement(luma, map_, box)
    if (content > AGREES).any():
        better = aligned(luma, map_, box, content > AGREES)
        maps = [map_] if better is None or (better == map_).all() else [map_, better]
    if factor < 1 and len(maps) > 1:
        maps = maps[1:]
    tried = [_verdict(luma, one, box, MIDDLE, compression, floors) for one in [*maps, *others]]
    best = max(tried, key=lambda match: match.verdict.best)
    for match in tried:
        # The finest grain survives no resampling; copies by whole pixels may show in it alone.
        if match.verdict.is_promising or is_whole(match.map):
            fine = _verdict(luma, match.map, box, FINE, compression, floors)
            best = max(best, fine, key=lambda one: one.verdict.best)
    return best


def _by_strips(luma: NDArray[np.uint8], map_: Map, box: Box, band: Band) -> Comparison:
    """:func:`compare` of a large box without large temporaries."""
    strips = [
        compare(luma, map_, Box(top, box.left, min(box.bottom, top + _STRIP), box.right), band)
        for top in range(box.top, box.bottom, _STRIP)
    ]
    if len(strips) == 1:
        return strips[0]
    names = ("content", "difference", "energy", "correlation", "level", "other_level", "inside")
    return Comparison(*(np.concatenate([getattr(strip, name) for strip in strips]) for name in names))


def _verdict(
    luma: NDArray[np.uint8],
    map_: Map,
    box: Box,
    band: Band,
    compression: dict[str, Cells],
    floors: dict[str, NoiseFloor],
) -> Match:
    comparison = _by_strips(luma, map_, box, band)
    floor = floors[band.name]
    least = np.minimum(floor.at(comparison.level), floor.at(comparison.other_level))
    whole = is_whole(map_)
    error = _both_ends(compression[band.name], map_, box)
    verdict = decide(comparison, least, np.float32(_EXPLAINED if whole else _PROVES) * error, luma.size)
    copied = _copied(comparison, verdict)
    proven = bool(copied.any())
    if whole and proven:
        strict = decide(comparison, least, np.float32(_PROVES) * error, luma.size)
        proven = bool(_copied(comparison, strict).any())
    return Match(map_, box, band, comparison, verdict, comparison.content > AGREES, copied, proven)


def _both_ends(blocks: Cells, map_: Map, box: Box) -> Cells:
    """Sum of a quantity of 8x8 blocks at both ends of a map, on the cells of a box."""
    rows, columns = (box.bottom - box.top) // CELL, (box.right - box.left) // CELL
    x = box.left + (np.arange(columns) + 0.5) * CELL
    y = box.top + (np.arange(rows) + 0.5) * CELL
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    total = np.zeros(len(grid), dtype=np.float32)
    for places in (grid, apply(map_, grid)):
        block = np.clip(places // 8, 0, (blocks.shape[1] - 1, blocks.shape[0] - 1)).astype(np.intp)
        total += blocks[block[:, 1], block[:, 0]]
    return total.reshape(rows, columns)


def _copied(comparison: Comparison, verdict: Verdict) -> NDArray[np.bool_]:
    """Where the noise agrees beyond chance: cells of few differences in windows of few false alarms."""
    shape = comparison.content.shape
    if verdict.best <= 0:
        return np.zeros(shape, dtype=np.bool_)
    sure = cv2.resize((verdict.decades > 0).astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST)
    sure = cv2.dilate(sure, np.ones((9, 9), np.uint8))
    finite = np.where(np.isfinite(verdict.ratio), np.minimum(verdict.ratio, 4), 4).astype(np.float32)
    alike = (cv2.blur(finite, (3, 3)) < _COPY_RATIO) & (sure > 0)
    # What is proved reaches as far as the noise goes on to agree, if less closely.
    agrees = (comparison.correlation > _GOES_ON) & (cv2.blur(finite, (3, 3)) < _GOES_ON_RATIO) & comparison.inside
    proved = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)) > 0
    _, labels = cv2.connectedComponents((agrees | proved).astype(np.uint8))
    reached = np.unique(labels[proved])
    grown = np.isin(labels, reached[reached > 0])
    closed = cv2.morphologyEx(grown.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return np.asarray(closed > 0)
