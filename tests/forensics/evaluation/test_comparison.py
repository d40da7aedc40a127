"""Old and new side by side: the verdict follows the interval."""

from __future__ import annotations

import pytest

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.comparison import Compared, Pair, compare, comparison_markdown
from forensics.evaluation.prior import DISC_RADII
from forensics.evaluation.protocols import PictureScores, get_protocol

PROTOCOL = get_protocol("tracefuse")


def forged(auc: float, score: float) -> PictureScores:
    return PictureScores("x", 1, auc / 2, auc, (0.1, 0.2) + (0.0,) * (len(DISC_RADII) - 2), 0.6, 0.1, score)


def authentic(score: float) -> PictureScores:
    return PictureScores("x", 0, None, None, None, None, 0.1, score)


def pairs(gains: list[float]) -> list[Pair]:
    """Forged pictures whose AUC grows by the gains, and as many authentic ones; scores tell them apart only later."""
    found = [Pair(forged(0.7, 0.5), forged(0.7 + gain, 0.9), frozenset()) for gain in gains]
    return found + [Pair(authentic(0.5), authentic(0.1), frozenset()) for _ in gains]


def test_a_gain_on_every_picture_is_better() -> None:
    auc, f1, score = compare(pairs([0.1, 0.2, 0.1, 0.2]), PROTOCOL)
    assert (auc.name, f1.name, score.name) == (
        "tracefuse/pixel_auc",
        "tracefuse/pixel_f1@0.5",
        "tracefuse/score_auc",
    )
    assert (auc.old, auc.new, auc.prior) == pytest.approx((0.7, 0.85, 0.6))
    assert auc.difference.mean == pytest.approx(0.15)
    assert f1.prior == pytest.approx(0.2)
    assert auc.verdict == f1.verdict == "better"
    # Equal scores tell nothing, ordered ones everything.
    assert (score.old, score.new, score.prior) == (0.5, 1.0, None)
    assert (score.difference.low, score.difference.high) == (0.5, 0.5)


def test_a_gain_on_some_pictures_is_not_shown() -> None:
    auc, *_ = compare(pairs([0.2, -0.2, 0.1, -0.05]), PROTOCOL)
    assert auc.difference.low < 0 < auc.difference.high
    assert auc.verdict == "not shown to be better"
    assert "not shown to be better" in comparison_markdown([auc])


def test_a_loss_on_every_picture_is_worse() -> None:
    auc, *_ = compare(pairs([-0.1, -0.2]), PROTOCOL)
    assert auc.verdict == "worse"


def test_equal_scores_are_not_shown_to_be_better() -> None:
    same = Compared("x", 0.5, 0.5, Interval(0.0, 0.0, 0.0, 9))
    assert same.verdict == "not shown to be better"


def test_what_no_picture_supports_is_absent() -> None:
    assert compare([Pair(authentic(0.5), authentic(0.1), frozenset())], PROTOCOL) == ()
