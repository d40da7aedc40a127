"""Nikoukhah et al., "ZERO", IPOL 2021: main grid and foreign regions, accepted when less than one is expected."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from benchmarks.literal.zero_votes import pixel_votes
from signals import Evidence


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """-log10 of the number of false alarms of the foreign region of each 8x8 cell, 0 for none."""
    cast = pixel_votes(evidence.pixels)
    height, width = cast.shape
    tests = math.log10(64 * height * width * math.sqrt(height * width))
    totals = [int((cast == origin).sum()) for origin in range(64)]
    main = totals.index(max(totals))
    if tests + _log_tail(height * width // 64, totals[main] // 64) >= 0:
        main = -1
    result = np.zeros((-(-height // 8), -(-width // 8)))
    for origin in range(64):
        if origin == main:
            continue
        for region in _regions(cast == origin):
            votes = sum(int((cast[8 * y : 8 * y + 8, 8 * x : 8 * x + 8] == origin).sum()) for y, x in region)
            rows, columns = {y for y, _ in region}, {x for _, x in region}
            side = max(max(rows) - min(rows), max(columns) - min(columns)) + 1
            significance = -(tests + _log_tail(side * side, votes // 64))
            if significance > 0:
                for y, x in _closed(region):
                    result[y, x] = max(result[y, x], significance)
    return result


def _regions(mask: NDArray[np.bool_]) -> list[set[tuple[int, int]]]:
    """Cells with a vote, grown from neighbor to neighbor."""
    left = {(int(y) // 8, int(x) // 8) for y, x in zip(*np.nonzero(mask), strict=True)}
    regions = []
    while left:
        region, front = set(), [left.pop()]
        while front:
            y, x = front.pop()
            region.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            front += near
        regions.append(region)
    return regions


def _closed(region: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Dilated by one cell, then eroded by one."""
    steps = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    grown = {(y + dy, x + dx) for y, x in region for dy, dx in steps}
    return {(y, x) for y, x in grown if all((y + dy, x + dx) in grown for dy, dx in steps)}


def _log_tail(trials: int, successes: int) -> float:
    """log10 of the probability of so many successes or more of probability 1/64."""
    if successes == 0:
        return 0.0
    terms = [
        math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        + k * math.log(1 / 64) + (trials - k) * math.log(63 / 64)
        for k in range(successes, trials + 1)
    ]  # fmt: skip
    top = max(terms)
    return (top + math.log(sum(math.exp(term - top) for term in terms))) / math.log(10)
