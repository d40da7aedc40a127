"""File headers beside the scores of pictures."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.evaluation.baselines import header_baseline

LABELS = [1, 0] * 30
SOURCES = [f"photo{number // 2}" for number in range(60)]


def rows(told: bool) -> list[np.ndarray]:
    """Headers whose first number tells the label, or tells nothing; the second is missing everywhere."""
    random = np.random.default_rng(0)
    return [np.array([label if told else random.random(), np.nan], np.float32) for label in LABELS]


def test_scores_are_beaten_by_headers_that_tell_everything() -> None:
    scores = [0.6 if number % 3 else 0.4 for number in range(60)]
    found = header_baseline(rows(told=True), LABELS, SOURCES, scores)
    assert found is not None
    assert found.auc is not None
    assert found.gain is not None
    assert found.auc.mean == 1.0
    assert found.gain.mean == pytest.approx(-0.5)
    assert found.gain.high < 0


def test_no_credit_is_given_for_headers_that_are_worse_than_a_coin() -> None:
    # Twins whose folds know the other one: the header is the name of the pair, so it is learned the wrong way round.
    headers = [np.array([number // 2], np.float32) for number in range(60)]
    apart = [str(number) for number in range(60)]
    found = header_baseline(headers, LABELS, apart, [0.9 if label else 0.1 for label in LABELS])
    assert found is not None
    assert found.auc is not None
    assert found.gain is not None
    assert found.auc.mean < 0.4
    assert (found.gain.mean, found.gain.low, found.gain.high) == (0.5, 0.5, 0.5)


def test_a_missing_score_counts_as_nothing_found() -> None:
    scores: list[float | None] = [0.9 if label else 0.1 for label in LABELS]
    whole = header_baseline(rows(told=False), LABELS, SOURCES, scores)
    scores[0] = None
    broken = header_baseline(rows(told=False), LABELS, SOURCES, scores)
    assert whole is not None
    assert whole.gain is not None
    assert broken is not None
    assert broken.gain is not None
    assert whole.gain.mean - broken.gain.mean == pytest.approx(1 / 30)


def test_without_scores_or_classes_or_sources_there_is_less_to_say() -> None:
    silent = header_baseline(rows(told=True), LABELS, SOURCES, [None] * 60)
    assert silent is not None
    assert silent.gain is None
    assert header_baseline(rows(told=True), [1] * 60, SOURCES, [0.5] * 60) is None
    few = header_baseline(rows(told=True), LABELS, ["one"] * 60, [0.5] * 60)
    assert few is not None
    assert few.auc is None
    assert "1 sources" in str(few.reason)
