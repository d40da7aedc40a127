"""Blocks give what comparing each with each gives."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.data.datasets import near_pairs as module
from forensics.data.datasets.near_pairs import near_pairs


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 7)


def hashes(count: int, seed: int) -> np.ndarray:
    """Families of hashes that differ in few bits, among unrelated ones."""
    random = np.random.default_rng(seed)
    made = random.random((count, 63)) < 0.5
    for row in range(1, count, 3):
        made[row] = made[row - 1]
        made[row, random.choice(63, int(random.integers(0, 8)), replace=False)] ^= True
    return made


@pytest.mark.parametrize("most", [0, 3, 5, 63])
def test_pairs_within(most: int) -> None:
    bits = hashes(25, 1)
    expected = {
        (one, two, int((bits[one] != bits[two]).sum()))
        for one in range(25)
        for two in range(one + 1, 25)
        if (bits[one] != bits[two]).sum() <= most
    }
    found = list(near_pairs(bits, None, most))
    assert set(found) == expected
    assert len(found) == len(expected)


def test_pairs_between() -> None:
    first = hashes(20, 1)
    second = np.concatenate([hashes(10, 2), first[[4, 12]]])
    found = set(near_pairs(first, second, 5))
    assert {(4, 10, 0), (12, 11, 0)} <= found
    assert found == {
        (one, two, int((first[one] != second[two]).sum()))
        for one in range(20)
        for two in range(12)
        if (first[one] != second[two]).sum() <= 5
    }


@pytest.mark.parametrize("counts", [(0, None), (0, 3), (3, 0)])
def test_nothing_has_no_pairs(counts: tuple[int, int | None]) -> None:
    first = np.zeros((counts[0], 63), bool)
    second = None if counts[1] is None else np.zeros((counts[1], 63), bool)
    assert list(near_pairs(first, second, 63)) == []
