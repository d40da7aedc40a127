"""Pairs of constructed result files whose differences are known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.measure_name import MeasureName
from forensics.evaluation.paired import judge
from forensics.evaluation.protocols import Measure
from forensics.evaluation.result import EvaluatedSet
from forensics.evaluation.result_comparison import compare_results
from forensics.evaluation.result_file import PictureResult, ResultFile
from signals.errors import WrongUsage

RANDOM = np.random.default_rng(0)
F1S = RANDOM.uniform(0.2, 0.8, 40)


def result(f1s=F1S, scores=None, areas=(), sources=None, name="a.json", skip=(), **changes):
    """Forged pictures with these F1s and authentic ones with these marked areas."""
    pictures = [
        PictureResult(
            f"f{i}.jpg",
            sources[i] if sources else f"s{i}",
            1,
            "altered",
            f"{i:02x}",
            scores[i] if scores else None,
            {"pixel_f1@0.5": float(f1), "closeness/pixel_auc": 0.5, "marked_area": 0.9},
        )
        for i, f1 in enumerate(f1s)
    ]
    pictures += [
        PictureResult(
            f"a{i}.jpg", f"t{i}", 0, "altered", f"a{i}", scores[len(f1s) + i] if scores else None, {"marked_area": a}
        )
        for i, a in enumerate(areas)
    ]
    pictures = [picture for picture in pictures if picture.image not in skip]
    kept = [p.values["pixel_f1@0.5"] for p in pictures if p.label]
    measures = {"tracefuse/pixel_f1@0.5": (len(kept), float(np.mean(kept)), Interval(0.2, 0.2, 0.2, len(kept)))}
    if areas:
        measures["tracefuse/false_alarm_area"] = (len(areas), float(np.mean(areas)), None)
    if scores:
        labels, found = np.array([p.label for p in pictures]), np.array([p.score or 0.0 for p in pictures])
        above = found[labels == 1][:, None] - found[labels == 0]
        measures["tracefuse/score_auc"] = (len(pictures), float((above > 0).mean() + (above == 0).mean() / 2), None)
    fields = {
        "path": Path(name),
        "tracefuse": "0.1.0",
        "created": "2026-11-21T00:00:00Z",
        "protocol": "tracefuse",
        "definition": "words",
        "set": EvaluatedSet("casia", "manifest.csv", "ab" * 32),
        "source": {"kind": "signal", "name": name},
        "counts": {"scored": len(pictures)},
        "measures": {key: Measure(key, n, value, prior=prior) for key, (n, value, prior) in measures.items()},
        "header": None,
        "pictures": tuple(pictures),
    }
    return ResultFile(**{**fields, **changes})


def row(comparison, name):
    return next(found for found in comparison.rows if found.name == name)


def test_a_constant_gain_is_found_exactly():
    found = row(compare_results(result(), result(F1S + 0.1, name="b.json")), "tracefuse/pixel_f1@0.5")
    assert (found.difference.mean, found.difference.low, found.difference.high) == pytest.approx((0.1, 0.1, 0.1))
    assert (found.first, found.second) == pytest.approx((F1S.mean(), F1S.mean() + 0.1))
    assert (found.verdict, found.prior) == ("better", 0.2)


def test_the_other_way_round_is_worse():
    found = compare_results(result(F1S + 0.1), result())
    assert row(found, "tracefuse/pixel_f1@0.5").verdict == "worse"


def test_noise_is_not_shown_to_differ():
    noise = np.tile([0.15, -0.15], 20)
    found = row(compare_results(result(), result(F1S + noise)), "tracefuse/pixel_f1@0.5")
    assert found.difference.low < 0 < found.difference.high
    assert found.verdict == "not shown to differ"


def test_pairing_finds_what_two_intervals_hide():
    """Pictures differ by far more than the two tools do; the pairs still tell them apart."""
    wide = np.linspace(0, 0.9, 40)
    found = row(compare_results(result(wide), result(wide + 0.02)), "tracefuse/pixel_f1@0.5")
    assert found.verdict == "better"


def test_sources_are_drawn_together():
    """Forty pictures of two photos, one gaining and one losing, are two observations."""
    change = np.repeat([0.2, -0.1], 20)
    alone = row(compare_results(result(), result(F1S + change)), "tracefuse/pixel_f1@0.5")
    sources = ["one"] * 20 + ["two"] * 20
    grouped = compare_results(result(sources=sources), result(F1S + change, sources=sources))
    together = row(grouped, "tracefuse/pixel_f1@0.5")
    assert alone.verdict == "better"
    assert together.verdict == "not shown to differ"
    assert (together.difference.low, together.difference.high) == pytest.approx((-0.1, 0.2))


def test_fewer_false_alarms_are_better():
    found = compare_results(result(areas=[0.4] * 10), result(areas=[0.1] * 10))
    assert row(found, "tracefuse/false_alarm_area").verdict == "better"
    assert row(found, "tracefuse/false_alarm_area").difference.mean == pytest.approx(-0.3)


def test_image_auc_by_hand():
    areas = [0.0] * 40
    blind = [0.5] * 80
    sharp = [0.9] * 40 + [0.1] * 40
    found = row(
        compare_results(result(scores=blind, areas=areas), result(scores=sharp, areas=areas)), "tracefuse/score_auc"
    )
    assert (found.first, found.second, found.verdict) == (0.5, 1.0, "better")
    assert found.difference.mean == 0.5


def test_pictures_missing_in_one_are_named_and_left_out():
    found = compare_results(result(skip=("f3.jpg",)), result(F1S + 0.1, skip=("f7.jpg", "f8.jpg")))
    assert (found.only_first, found.only_second) == (("f7.jpg", "f8.jpg"), ("f3.jpg",))
    assert found.shared == 37
    assert row(found, "tracefuse/pixel_f1@0.5").difference.n == 37


def test_a_measure_that_is_no_mean_over_pictures_is_not_paired():
    pooled = {"tracefuse/pixel_f1@0.5": Measure("tracefuse/pixel_f1@0.5", 40, 0.123)}
    found = compare_results(result(measures=pooled), result(measures=pooled))
    assert (found.rows, found.not_paired) == ((), ("tracefuse/pixel_f1@0.5",))


def test_a_measure_that_one_file_alone_has_is_named():
    first, second = result(areas=[0.2] * 5), result(areas=[0.2] * 5, scores=[0.5] * 45)
    del first.measures["tracefuse/pixel_f1@0.5"]
    found = compare_results(first, second)
    assert (found.measures_only_first, found.measures_only_second) == (
        (),
        ("tracefuse/pixel_f1@0.5", "tracefuse/score_auc"),
    )
    assert compare_results(second, first).to_json()["measures_only_first"] == [*found.measures_only_second]
    assert [one.name for one in found.rows] == ["tracefuse/false_alarm_area"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"protocol": "trufor"}, "different protocols, tracefuse and trufor"),
        ({"definition": "other words", "tracefuse": "0.2.0"}, "defined differently .*0.1.0 and 0.2.0"),
        ({"set": EvaluatedSet("casia", "manifest.csv", "cd" * 32)}, "different sets, casia .*abababababab"),
        ({"pictures": ()}, "share no picture"),
    ],
)
def test_what_cannot_be_compared_is_refused(changes, words):
    with pytest.raises(WrongUsage, match=words):
        compare_results(result(), result(**changes))


def test_a_picture_that_changed_is_refused():
    other = result()
    changed = (replace(other.pictures[0], sha256="ff"), *other.pictures[1:])
    with pytest.raises(WrongUsage, match=r"f0\.jpg changed"):
        compare_results(result(), replace(other, pictures=changed))


def test_a_difference_too_small_to_be_shown_is_none():
    assert judge(Interval(0.0004, 0.0003, 0.0005 - 1e-9, 9)) == "not shown to differ"


def test_the_json_holds_the_verdicts():
    stored = json.loads(json.dumps(compare_results(result(), result(F1S + 0.1)).to_json(), allow_nan=False))
    assert stored["measures"]["tracefuse/pixel_f1@0.5"]["verdict"] == "better"


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("tracefuse/pixel_f1@0.5", [(1, "altered")]),
        ("tracefuse/both_ends/pixel_f1@0.5", [(1, "both_ends")]),
        ("imdlbenco/all/pixel_f1_origin", [(1, "altered"), (0, "altered")]),
        ("tracefuse/false_alarm_area", [(0, "altered"), (0, "both_ends")]),
    ],
)
def test_which_pictures_a_measure_is_about(name, covered):
    kinds = [(label, meaning) for label in (1, 0) for meaning in ("altered", "both_ends")]
    assert [kind for kind in kinds if MeasureName.parse(name).covers(*kind)] == covered
