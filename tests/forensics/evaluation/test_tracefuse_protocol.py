"""The numbers of the default protocol, and what it makes of pictures that lack something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score, roc_auc_score

from tests.forensics.evaluation.protocol_pictures import (
    HEIGHT,
    WIDTH,
    authentic,
    forged,
    mixed_set,
    noisy,
    numbers,
    region,
    scored,
)


def test_tracefuse_gives_what_scikit_learn_gives():
    pictures = [each for each in mixed_set() if each.values is not None]
    found = scored("tracefuse", pictures)
    changed = [each for each in pictures if each.label]
    marked = [f1_score(each.truth.ravel(), each.values.ravel() >= 0.5) for each in changed]
    ranked = [average_precision_score(each.truth.ravel(), each.values.ravel()) for each in changed]
    assert found["tracefuse/pixel_f1@0.5"].value == pytest.approx(np.mean(marked))
    assert found["tracefuse/pixel_ap"].value == pytest.approx(np.mean(ranked))
    labels, scores = [each.label for each in pictures], [each.score for each in pictures]
    assert found["tracefuse/score_auc"].value == pytest.approx(roc_auc_score(labels, scores))
    assert found["tracefuse/score_ap"].value == pytest.approx(average_precision_score(labels, scores))
    called = np.array(scores) >= 0.5
    assert found["tracefuse/score_balanced_accuracy"].value == pytest.approx(balanced_accuracy_score(labels, called))
    quiet = [each for each in pictures if not each.label]
    areas = [(each.values >= 0.5).mean() for each in quiet]
    assert found["tracefuse/false_alarm_area"].value == pytest.approx(np.mean(areas))
    p95 = np.percentile(areas, 95, method="inverted_cdf")
    assert found["tracefuse/false_alarm_area_p95"].value == pytest.approx(p95)
    rate = np.mean([each.score >= 0.5 for each in quiet])
    assert found["tracefuse/false_alarm_pictures"].value == pytest.approx(rate)
    assert found["tracefuse/false_alarm_pictures"].n == len(quiet)


@pytest.mark.parametrize("enough", [99, 100])
def test_hits_at_few_false_alarms_need_100_authentic_pictures(enough):
    """Five authentic pictures score above 0.6; three of four forged ones above those five."""
    blank = np.zeros((HEIGHT, WIDTH), np.uint8)
    quiet = [authentic(f"a{place}", blank, score=0.7 if place < 5 else 0.1) for place in range(enough)]
    loud = [forged(f"f{place}", values=blank, score=0.6 if place < 3 else 0.05) for place in range(4)]
    found = numbers("tracefuse", quiet + loud)
    if enough == 100:
        assert found["tracefuse/score_tpr@fpr5%"] == 0.75
    else:
        assert "tracefuse/score_tpr@fpr5%" not in found


def test_a_missing_score_is_a_score_of_0_where_others_have_one():
    blank = np.zeros((HEIGHT, WIDTH), np.uint8)
    pictures = [forged("a", values=blank, score=0.9), forged("b", values=blank), authentic("c", blank, score=0.2)]
    found = scored("tracefuse", pictures)
    assert found["tracefuse/score_auc"].value == 0.5
    assert "1 without a score" in found["tracefuse/score_auc"].note
    assert "trufor/score_auc" in scored("trufor", pictures)
    assert scored("trufor", pictures)["trufor/score_auc"].n == 2
    assert not any("score" in key for key in numbers("tracefuse", [forged("a", values=blank)]))


def test_a_mask_of_everything_has_f1_and_iou_alone():
    truth = np.ones((HEIGHT, WIDTH), bool)
    found = scored("tracefuse", [forged("a", truth, noisy(truth)), forged("b", values=noisy(region()))])
    assert {key: measure.n for key, measure in found.items() if "pixel" in key} == {
        "tracefuse/pixel_f1@0.5": 2,
        "tracefuse/pixel_iou@0.5": 2,
        "tracefuse/pixel_mcc@0.5": 1,
        "tracefuse/pixel_auc": 1,
        "tracefuse/pixel_ap": 1,
        "tracefuse/pixel_f1@oracle": 2,
    }


def test_a_missing_map_counts_and_is_counted():
    truth = region()
    found = scored("tracefuse", [forged("a", values=truth.astype(np.float32)), forged("b"), authentic("c")])
    share = truth.mean()
    expected = {"pixel_f1@0.5": 0.5, "pixel_iou@0.5": 0.5, "pixel_mcc@0.5": 0.5, "pixel_auc": 0.75}
    expected |= {"pixel_ap": (1 + share) / 2, "failed": 2.0, "false_alarm_area": 0.0, "false_alarm_any": 0.0}
    for key, value in expected.items():
        assert found[f"tracefuse/{key}"].value == pytest.approx(value), key
    assert found["tracefuse/pixel_f1@0.5"].n == 2
    assert found["tracefuse/failed"].n == 3


def test_intervals_draw_sources_not_pictures():
    """Ten copies of one source say no more than one."""
    right, wrong = region().astype(np.float32), (~region()).astype(np.float32)
    pictures = [forged(f"a{n}", values=right, source="a") for n in range(10)]
    pictures += [forged(f"b{n}", values=wrong, source="b") for n in range(10)]
    interval = scored("tracefuse", pictures)["tracefuse/pixel_f1@0.5"].interval
    assert (interval.low, interval.mean, interval.high) == (0.0, 0.5, 1.0)
    apart = [replace(picture, source=picture.image) for picture in pictures]
    assert scored("tracefuse", apart)["tracefuse/pixel_f1@0.5"].interval.low > 0.2
