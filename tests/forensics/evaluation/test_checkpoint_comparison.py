"""Old and new side by side: the verdict follows the interval."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from forensics.data.training_data import DevelopmentPicture
from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.checkpoint_comparison import Pair, compare_checkpoints, comparison_markdown, score_both
from forensics.evaluation.paired import Compared
from forensics.evaluation.prior import DISC_RADII
from forensics.evaluation.protocols import PictureScores
from signals import Evidence

NUMBERS = count()


def scores(label: int, score: float, values: dict[str, float]) -> PictureScores:
    name = str(next(NUMBERS))
    return PictureScores(0, name, name, label, "altered", False, score, values)


def forged(auc: float, score: float) -> PictureScores:
    discs = {f"disc{radius:g}/pixel_f1@0.5": 0.2 if radius == 0.2 else 0.0 for radius in DISC_RADII}
    return scores(1, score, {"pixel_f1@0.5": auc / 2, "pixel_auc": auc, "closeness/pixel_auc": 0.6, **discs})


def authentic(score: float) -> PictureScores:
    return scores(0, score, {"marked_area": 0.1})


def pairs(gains: list[float]) -> list[Pair]:
    """Forged pictures whose AUC grows by the gains, and as many authentic ones; scores tell them apart only later."""
    found = [Pair(forged(0.7, 0.5), forged(0.7 + gain, 0.9), frozenset()) for gain in gains]
    return found + [Pair(authentic(0.5), authentic(0.1), frozenset()) for _ in gains]


def test_a_gain_on_every_picture_is_better() -> None:
    auc, f1, score = compare_checkpoints(pairs([0.1, 0.2, 0.1, 0.2]))
    assert (auc.name, f1.name, score.name) == (
        "tracefuse/pixel_auc",
        "tracefuse/pixel_f1@0.5",
        "tracefuse/score_auc",
    )
    assert (auc.first, auc.second, auc.prior) == pytest.approx((0.7, 0.85, 0.6))
    assert auc.difference.mean == pytest.approx(0.15)
    assert f1.prior == pytest.approx(0.2)
    assert auc.verdict == f1.verdict == "better"
    # Equal scores tell nothing, ordered ones everything.
    assert (score.first, score.second, score.prior) == (0.5, 1.0, None)
    assert (score.difference.low, score.difference.high) == (0.5, 0.5)


def test_a_gain_on_some_pictures_is_not_shown() -> None:
    auc, *_ = compare_checkpoints(pairs([0.2, -0.2, 0.1, -0.05]))
    assert auc.difference.low < 0 < auc.difference.high
    assert auc.verdict == "not shown to differ"
    assert "not shown to differ" in comparison_markdown([auc])


def test_a_loss_on_every_picture_is_worse() -> None:
    auc, *_ = compare_checkpoints(pairs([-0.1, -0.2]))
    assert auc.verdict == "worse"


def test_equal_scores_are_not_shown_to_be_better() -> None:
    same = Compared("x", 0.5, 0.5, Interval(0.0, 0.0, 0.0, 9))
    assert same.verdict == "not shown to differ"


def test_what_no_picture_supports_is_absent() -> None:
    assert compare_checkpoints([Pair(authentic(0.5), authentic(0.1), frozenset())]) == ()


class Marks:
    """Stands for a checkpoint: marks all that is darker than its threshold."""

    def __init__(self, below: int) -> None:
        self._below = below

    def predict(self, evidence: Evidence) -> SimpleNamespace:
        dark = (evidence.pixels[..., 0] < self._below).astype(np.float32)
        signal = SimpleNamespace(spec=SimpleNamespace(name="dark"), usable=bool(dark.any()))
        return SimpleNamespace(
            map=dark, valid=np.ones(dark.shape, bool), score=float(dark.mean() > 0.05), signals=(signal,)
        )


def test_both_see_the_same_pictures() -> None:
    pictures = []
    for number in range(4):
        pixels = np.full((32, 48, 3), 200, np.uint8)
        truth = np.zeros((32, 48), bool)
        if number < 2:
            pixels[4:20, 8:24], truth[4:20, 8:24] = 100, True
        pictures.append(DevelopmentPicture(Evidence.from_pixels(pixels), truth))
    found = score_both(Marks(50), Marks(150), pictures)  # type: ignore[arg-type]
    assert [pair.new.label for pair in found] == [1, 1, 0, 0]
    assert [sorted(pair.readable) for pair in found] == [["dark"], ["dark"], [], []]
    auc, f1, score = compare_checkpoints(found)
    assert (f1.first, f1.second, auc.first, auc.second) == (0.0, 1.0, 0.5, 1.0)
    assert (score.first, score.second) == (0.5, 1.0)
