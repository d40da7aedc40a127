from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit

from forensics.calibration.analyzability import FILE_FEATURES, SIGNAL_FEATURES, Analyzability

SOURCES = [str(number % 12) for number in range(3000)]


def pictures(effect: float) -> tuple[list[dict[str, float]], list[bool]]:
    """Edits that are found the more often the better the quality, or the less often."""
    random = np.random.default_rng(2)
    facts = [
        {"quality": float(q), "megapixels": 1.0, "is_jpeg": 1.0, "flat": float(f)}
        for q, f in zip(random.integers(30, 100, 3000), random.random(3000), strict=True)
    ]
    chance = expit([effect * (known["quality"] - 65) / 20 for known in facts])
    return facts, (random.random(3000) < chance).tolist()


def test_it_says_how_often_edits_are_found() -> None:
    facts, found = pictures(1.5)
    fitted = Analyzability.fit(facts, found, SOURCES, FILE_FEATURES)
    for quality in (40.0, 65.0, 90.0):
        told = fitted.values([{"quality": quality, "megapixels": 1.0, "is_jpeg": 1.0}])[0]
        assert told == pytest.approx(expit(1.5 * (quality - 65) / 20), abs=0.05)
    assert (fitted.found, fitted.n, fitted.sources) == (sum(found), 3000, 12)


def test_harder_compression_is_never_said_to_help() -> None:
    facts, found = pictures(-1.5)
    fitted = Analyzability.fit(facts, found, SOURCES, FILE_FEATURES)
    poor, good = fitted.values([{"quality": quality, "megapixels": 1.0, "is_jpeg": 1.0} for quality in (30.0, 99.0)])
    assert poor <= good + 1e-9


def test_without_facts_it_is_the_share_that_was_found() -> None:
    facts, found = pictures(1.0)
    fitted = Analyzability.fit(facts, found, SOURCES, ())
    assert fitted.values(facts[:2]).tolist() == pytest.approx([np.mean(found)] * 2, abs=0.001)
    assert fitted.reasons(facts[0]) == ()


@pytest.mark.parametrize("found", [False, True])
def test_where_all_or_none_were_found_no_fact_matters(found: bool) -> None:
    facts, _ = pictures(1.0)
    fitted = Analyzability.fit(facts[:50], [found] * 50, SOURCES[:50], FILE_FEATURES)
    assert set(fitted.weights) == {0.0}
    assert fitted.values(facts[:1])[0] == pytest.approx(0.99 if found else 0.01, abs=0.01)


def test_what_is_not_known_counts_as_average_and_nothing_is_extrapolated() -> None:
    facts, found = pictures(1.5)
    fitted = Analyzability.fit(facts, found, SOURCES, (*FILE_FEATURES, *SIGNAL_FEATURES))
    assert np.isfinite(fitted.values([{}])).all()
    assert fitted.values([{**facts[0], "quality": 1.0}]) == fitted.values([{**facts[0], "quality": 30.0}])


def test_it_names_what_hides_edits() -> None:
    facts, found = pictures(1.5)
    fitted = Analyzability.fit(facts, found, SOURCES, FILE_FEATURES)
    assert fitted.reasons({**facts[0], "quality": 33.0}) == ("Strong compression near quality 33 hides edits.",)
    assert fitted.reasons({**facts[0], "quality": 98.0}) == ()


def test_json() -> None:
    facts, found = pictures(1.5)
    fitted = Analyzability.fit(facts[:100], found[:100], SOURCES[:100], FILE_FEATURES)
    assert Analyzability.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted
