from importlib.metadata import EntryPoint

import numpy as np
import pytest

from forensics.evaluation.selective import confidences
from forensics.evaluation.selective.confidences import (
    MASK_LEVELS,
    Answer,
    all_confidences,
    get_confidence,
    list_confidences,
    masks_at_levels,
)
from signals.errors import WrongUsage

RAMP = np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64)
SURE = np.where(RAMP > 0.7, np.float32(0.999), np.float32(0.001))


def test_a_sharp_map_is_surer_than_a_ramp_by_every_function_of_the_map() -> None:
    for name in ("entropy", "mean_confidence", "soft_dice", "mask_density", "mask_agreement"):
        assert get_confidence(name)(Answer(SURE)) > get_confidence(name)(Answer(RAMP)), name  # type: ignore[operator]


def test_closed_forms() -> None:
    half = Answer(np.full((8, 8), 0.5), score=0.2)
    assert get_confidence("entropy")(half) == pytest.approx(-np.log(2))
    assert get_confidence("mean_confidence")(half) == 0.5
    assert get_confidence("max_probability")(half) == 0.8
    # Two marked pixels of .8 and .6, two others of .2: 2 * 1.4 / (1.8 + 2).
    values = np.array([[0.8, 0.6], [0.2, 0.2]])
    assert get_confidence("soft_dice")(Answer(values)) == pytest.approx(2.8 / 3.8)
    assert get_confidence("soft_dice")(Answer(np.zeros((2, 2)))) == 0


def test_soft_dice_is_the_expected_dice_of_a_certain_map() -> None:
    assert get_confidence("soft_dice")(Answer((RAMP > 0.4).astype(float))) == 1


def test_masks_at_levels_are_compared_by_their_overlap() -> None:
    distances = masks_at_levels(RAMP)
    masks = [level <= RAMP for level in MASK_LEVELS]
    expected = [[1 - (a & b).sum() / (a | b).sum() for b in masks] for a in masks]
    assert distances == pytest.approx(np.array(expected))
    assert (masks_at_levels(np.zeros((4, 4))) == 0).all()


def test_mask_density_counts_the_levels_that_agree() -> None:
    # Sizes .9, .8 ... .1 of the picture: at least half of .5, and it at least half of them, from level .1 to .7.
    distances = masks_at_levels(RAMP)[MASK_LEVELS.index(0.5)]
    expected = (distances <= 0.5).sum() / 9
    assert get_confidence("mask_density")(Answer(RAMP)) == pytest.approx(expected, abs=1e-6)
    assert get_confidence("mask_density")(Answer(SURE)) == pytest.approx(1)


def test_a_confidence_map_of_the_model_is_preferred() -> None:
    told = Answer(RAMP, confidence=np.full((64, 64), 0.25))
    assert get_confidence("mean_confidence")(told) == 0.25


def test_what_an_answer_lacks_is_left_out() -> None:
    assert "max_probability" not in all_confidences(Answer(RAMP))
    assert set(all_confidences(Answer(RAMP, 0.4))) == set(list_confidences())


def test_names() -> None:
    with pytest.raises(WrongUsage, match="did you mean soft_dice"):
        get_confidence("soft_dise")


def test_other_packages_add_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("shape", f"{__name__}:_of_shape", confidences.ENTRY_POINT_GROUP)
    broken = EntryPoint("broken", "nowhere:nothing", confidences.ENTRY_POINT_GROUP)
    monkeypatch.setattr(confidences, "_entry_points", lambda: (point, broken))
    assert get_confidence("shape")(Answer(RAMP)) == 64
    with pytest.raises(WrongUsage, match="cannot be loaded"):
        get_confidence("broken")


def _of_shape(answer: Answer) -> float:
    return answer.map.shape[0]


def test_a_function_of_another_package_cannot_end_an_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("_of_shape", "_raises", "_not_a_number", "_endless", "_words", "_missing")
    points = tuple(EntryPoint(name, f"{__name__}:{name}", confidences.ENTRY_POINT_GROUP) for name in names)
    monkeypatch.setattr(confidences, "_entry_points", lambda: points)
    found = all_confidences(Answer(RAMP, 0.4))
    assert {name: found[name] for name in names if name in found} == {"_of_shape": 64}
    assert "entropy" in found


def _raises(answer: Answer) -> float:
    raise RuntimeError("no")


def _not_a_number(answer: Answer) -> float:
    return float("nan")


def _endless(answer: Answer) -> float:
    return float("inf")


def _words(answer: Answer) -> str:
    return "sure"
