"""Areas under curves, in closed form."""

import numpy as np
import pytest

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.evaluate import Evaluation, Facts, Scored
from forensics.evaluation.protocols import Measure, PictureScores
from forensics.evaluation.robustness.area import area_of, trapezoid_weights


def level(values, scores=None, labels=None, prior=0.2, leave_out=()):
    """An evaluation of pictures with these F1s."""
    labels = labels or [1] * len(values)
    pictures = []
    for index, value in enumerate(values):
        if index in leave_out:
            continue
        score = scores[index] if scores else None
        measured = {"pixel_f1@0.5": value} if labels[index] else {}
        row = PictureScores(index, f"{index}.jpg", f"{index}.jpg", labels[index], "altered", False, score, measured)
        pictures.append(Scored(row, Facts(None, 8, 8, "00", None, {}, {}, {}, np.zeros(1, np.float32))))
    mean = float(np.mean([value for index, value in enumerate(values) if index not in leave_out]))
    interval = Interval(mean, mean, mean, len(pictures))
    measures = [Measure("tracefuse/pixel_f1@0.5", len(pictures), mean, interval, Interval(prior, prior, prior, 2))]
    if scores:
        measures.append(Measure("tracefuse/score_auc", len(pictures), 0.0))
    return Evaluation("tracefuse", "", {}, tuple(measures), tuple(pictures), ())


def area(levels, measure="tracefuse/pixel_f1@0.5"):
    return area_of("noise", measure, levels)


def test_weights_are_those_of_the_trapezoid_rule():
    curve = np.array([0.9, 0.7, 0.4, 0.1])
    assert trapezoid_weights(4) @ curve == pytest.approx(np.trapezoid(curve, np.linspace(0, 1, 4)))
    assert trapezoid_weights(1).tolist() == [1.0]


def test_a_measure_that_stays_has_its_own_value_as_area():
    found = area([level([0.6, 0.8])] * 5)
    assert found.area == pytest.approx(0.7)
    assert found.clean == pytest.approx(0.7)
    assert (found.prior, found.levels) == (pytest.approx(0.2), 5)


def test_a_straight_fall_has_the_area_of_its_middle():
    found = area([level([1 - t, 1 - t]) for t in (0, 0.25, 0.5, 0.75, 1)])
    assert found.area == pytest.approx(0.5)


def test_one_level_is_the_mean_with_the_untouched():
    assert area([level([0.8]), level([0.4])]).area == pytest.approx(0.6)


def test_the_interval_is_over_pictures():
    falls, stays = [1.0, 1.0], [0.0, 1.0]
    found = area([level(falls), level(stays)])
    assert (found.value.low, found.value.high) == (0.5, 1.0)


def test_a_picture_missing_somewhere_counts_nowhere():
    found = area([level([0.2, 1.0]), level([0.2, 1.0], leave_out=(1,))])
    assert (found.area, found.value.n) == (pytest.approx(0.2), 1)


def test_the_area_of_the_score_auc_and_of_chance():
    labels = [1, 1, 0, 0]
    apart = level([0.5] * 4, [0.9, 0.8, 0.2, 0.1], labels)
    blind = level([0.5] * 4, [0.5, 0.5, 0.5, 0.5], labels)
    turned = level([0.5] * 4, [0.1, 0.2, 0.8, 0.9], labels)
    found = area([apart, blind, turned], "tracefuse/score_auc")
    assert found.area == pytest.approx(0.5)
    assert found.prior == 0.5
    assert area([apart, blind], "tracefuse/score_auc").area == pytest.approx(0.75)


def test_authentic_pictures_stay_out_of_the_mean_over_forged_ones():
    """Other protocols measure them as well, with F1 0."""

    def measured(f1):
        rows = [
            PictureScores(i, f"{i}", f"{i}", 1 - i, "altered", False, None, {"pixel_f1": f1 * (1 - i)}) for i in (0, 1)
        ]
        facts = Facts(None, 8, 8, "00", None, {}, {}, {}, np.zeros(1, np.float32))
        measures = (Measure("x/pixel_f1", 1, f1), Measure("x/pixel_auroc", 2, f1))
        return Evaluation("x", "", {}, measures, tuple(Scored(row, facts) for row in rows), ())

    found = area([measured(0.8), measured(0.4)], "x/pixel_f1")
    assert (found.area, found.clean, found.value.n) == (pytest.approx(0.6), 0.8, 1)
    pooled = area([measured(0.8), measured(0.4)], "x/pixel_auroc")
    assert (pooled.area, pooled.value) == (pytest.approx(0.6), None)


def test_no_area_where_a_level_lacks_the_measure():
    assert area([level([0.5]), Evaluation("tracefuse", "", {}, (), (), ())]) is None
