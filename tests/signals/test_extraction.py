"""A map that breaks its signal's promise is refused; what lies in invalid cells does not matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from signals import Evidence, SignalMap, SignalSpec
from signals.errors import BrokenSignal, WrongUsage
from signals.extraction import extract

SPEC = SignalSpec("plugin", "1", channels=2, stride=8)
LEVELS = SignalSpec("plugin", "1", {"levels": 3}, 2, 8, 0, "uint8")
GRID = (3, 4)


@dataclass(frozen=True)
class Plugin:
    spec: SignalSpec
    values: np.ndarray
    valid: np.ndarray
    reads = blind_when = ""

    def extract(self, evidence: Evidence) -> SignalMap:
        return SignalMap(self.spec, self.values, self.valid)


def run(values: np.ndarray, valid: np.ndarray | None = None, spec: SignalSpec = SPEC) -> SignalMap:
    valid = np.ones(GRID, dtype=np.bool_) if valid is None else valid
    return extract(Plugin(spec, values, valid), Evidence.from_pixels(np.zeros((20, 32, 3), dtype=np.uint8)))


def test_a_map_as_promised_passes() -> None:
    assert run(np.zeros((2, *GRID), np.float32)).usable


def test_invalid_cells_may_hold_anything() -> None:
    values, valid = np.zeros((2, *GRID), np.float32), np.ones(GRID, dtype=np.bool_)
    values[0, 1, 1], valid[1, 1] = np.nan, False
    assert run(values, valid).usable


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (np.zeros((2, 3, 3), np.float32), "its map is"),
        (np.zeros((1, *GRID), np.float32), "its map is"),
        (np.zeros((2, *GRID), np.float64), "type float64"),
        (np.full((2, *GRID), np.inf, np.float32), "not finite"),
    ],
)
def test_a_broken_map_is_refused(values: np.ndarray, problem: str) -> None:
    with pytest.raises(BrokenSignal, match=problem):
        run(values)


def test_an_index_above_the_levels_is_refused() -> None:
    with pytest.raises(BrokenSignal, match="index of 3"):
        run(np.full((2, *GRID), 3, np.uint8), spec=LEVELS)


def test_names_are_plain() -> None:
    with pytest.raises(WrongUsage, match="lower-case"):
        SignalSpec("my.signal", "1")


def _fails(_: Evidence) -> SignalMap:
    raise ZeroDivisionError("by nothing\nat all")


FAULTS = {
    "fails": _fails,
    "none": lambda evidence: None,
    "another specification": lambda evidence: SignalMap(
        SignalSpec("other", "1"), np.zeros((1, 24, 32), np.float32), np.ones((24, 32), bool)
    ),
    "list": lambda evidence: SignalMap(SignalSpec("x", "1"), [[[0.0]]], np.ones((24, 32), bool)),
    "no reason": lambda evidence: SignalMap.unusable(SignalSpec("x", "1"), ""),
    "one channel infinite": lambda evidence: SignalMap(
        SignalSpec("x", "1"), np.full((1, 24, 32), np.inf, np.float32), np.ones((24, 32), bool)
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_a_foreign_signal_does_is_one_line(fault):
    class Foreign:
        spec = SignalSpec("x", "1")
        reads = blind_when = "Nothing of any use, in a sentence of its own."
        extract = staticmethod(FAULTS[fault])

    with pytest.raises(BrokenSignal, match=r"^signal x: .*tell the author") as caught:
        extract(Foreign(), Evidence.from_pixels(np.zeros((24, 32, 3), np.uint8)))
    assert "\n" not in str(caught.value)
