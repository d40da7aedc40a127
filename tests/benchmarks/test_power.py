from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.power import BOTH, SUCCESSES, order, planted


def _row(number: int, f1: float, found: int, called: tuple[int, int] = (0, 6)) -> dict[str, Any]:
    return {
        "set": "made",
        "source": f"photo {number}",
        "f1": f1,
        "auc": 0.5 + f1 / 2,
        "score": f1,
        "confidences": {},
        "facts": {"megapixels": 1.0 + number % 2},
        "power": {
            "total": {"found": {"count": found, "of": 10}, "called": {"count": called[0], "of": called[1]}},
            "edits": [{"overlap": found / 10}],
            "unedited": {"marked_fraction": 0.1},
        },
    }


def test_a_power_that_tells_the_success_beats_the_facts_and_one_that_does_not_does_not(monkeypatch) -> None:
    monkeypatch.setattr("forensics.evaluation.selective.summary.RESAMPLES", 60)
    random = np.random.default_rng(0)
    success = random.integers(0, 11, 60)
    telling = {line.name: line for line in order([_row(n, s / 10, int(s)) for n, s in enumerate(success)], _f1)}
    assert telling["planted: found"].excess_aurc == pytest.approx(0, abs=1e-9)
    assert telling["planted: found"].gain.low > 0
    assert telling[BOTH].gain.low > 0
    found = random.permutation(success)
    silent = {line.name: line for line in order([_row(n, s / 10, int(f)) for n, (s, f) in _pairs(success, found)], _f1)}
    assert silent["planted: found"].gain.low < 0


def test_pictures_that_are_called_anyway_get_the_mean() -> None:
    rows = [_row(0, 0.5, 5, (1, 4)), _row(1, 0.5, 5, (3, 4)), _row(2, 0.5, 5, (0, 0))]
    assert [told["planted: called"] for told in planted(rows)] == [0.25, 0.75, 0.5]


def _f1(row: Any) -> float:
    return SUCCESSES["1 - F1"](row)


def _pairs(first: Any, second: Any) -> Any:
    return enumerate(zip(first, second, strict=True))
