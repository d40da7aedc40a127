from __future__ import annotations

import pytest

from forensics.analysis.verdict import Verdict, judge, score_text


@pytest.mark.parametrize(
    ("score", "verdict"),
    [(0.5, "evidence of manipulation"), (0.99, "evidence of manipulation"), (0.4999, "no evidence found")],
)
def test_score_decides(analyzer, pixels, score, verdict) -> None:
    report = analyzer(score=score).analyze(pixels)
    assert report.verdict == verdict
    assert report.judgement.reasons == ()


@pytest.mark.parametrize(
    ("settings", "crop", "word"),
    [
        ({}, 63, "63"),
        ({"usable": (False, False)}, 96, "signals"),
        ({"decoded": 0.2}, 96, "decoded"),
    ],
)
def test_abstains_with_a_reason(analyzer, pixels, settings, crop, word) -> None:
    report = analyzer(score=0.99, **settings).analyze(pixels[:crop])
    assert report.verdict == "cannot be analyzed"
    assert any(word in reason for reason in report.judgement.reasons)


def test_no_verdict_ever_clears_a_picture() -> None:
    words = " ".join(Verdict).lower()
    assert not any(word in words for word in ("authentic", "real", "genuine", "original"))


def test_nothing_given_to_a_model_abstains() -> None:
    assert judge(None, 7, 7).verdict is Verdict.CANNOT_ANALYZE


@pytest.mark.parametrize(("score", "text"), [(0.93, "0.93"), (0.4999, "0.4999"), (0.5, "0.50"), (0.5012, "0.5012")])
def test_rounding_does_not_hide_the_side(score: float, text: str) -> None:
    assert score_text(score) == text
