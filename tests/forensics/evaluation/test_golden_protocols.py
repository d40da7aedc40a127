"""Every protocol against what the code base it names printed for the same maps."""

from __future__ import annotations

import json
from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest
import torch

from forensics.evaluation.picture import Picture
from forensics.evaluation.protocols import Protocol, get_protocol
from forensics.evaluation.protocols.trufor import away_from_border

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
CASES = sorted(EXPECTED["per_image"])
SETS = ("forged_only", "all")
# Cases of equal values, whose order is torch's own and differs between processors.
TIED = ("05", "06", "07", "08", "13", "15")
IMDLBENCO_NAMES = {"F1": "pixel_f1", "IOU": "pixel_iou", "AUC": "pixel_auc", "Accuracy": "pixel_accuracy"}
TRUFOR_NAMES = {
    "trufor/F1_best_permuted": "pixel_f1_best",
    "trufor/F1_th0.5_permuted": "pixel_f1_fixed",
    "trufor/F1_best_not_permuted": "pixel_f1_best_not_permuted",
    "trufor/F1_th0.5_not_permuted": "pixel_f1_fixed_not_permuted",
    "trufor_train/p_F1_validation": "pixel_f1_training",
}
PHOTOHOLMES_NAMES = {
    "F1": "pixel_f1",
    "IoU": "pixel_iou",
    "MCC": "pixel_mcc",
    "Precision": "pixel_precision",
    "TPR": "pixel_tpr",
    "FPR_on_soft_map": "pixel_fpr",
    "AUROC_100bins": "pixel_auroc",
    "mAuroc_100bins": "pixel_mauroc",
    "F1_weighted_v1": "pixel_f1_weighted_v1",
    "F1_weighted_v2": "pixel_f1_weighted_v2",
    "IoU_weighted_v1": "pixel_iou_weighted_v1",
    "MCC_weighted_v1": "pixel_mcc_weighted_v1",
}


@pytest.fixture(scope="module")
def inputs():
    with np.load(GOLDEN / "inputs.npz") as arrays:
        return dict(arrays)


def picture(inputs, name, *, ignore=False):
    truth = inputs[f"{name}/gt"].astype(bool)
    valid = inputs["ignore_valid_mask_14"].astype(bool) if ignore and name.startswith("14") else None
    label = int(truth.any())
    return Picture(name, name, label, *truth.shape, truth if label else None, inputs[f"{name}/pred"], valid)


def scored(protocol: Protocol, pictures) -> dict[str, float]:
    for each in pictures:
        protocol.update(each)
    return {measure.name.partition("/")[2]: measure.value for measure in protocol.compute()}


def golden(value):
    """A stored number; nan where the code base gave nan or raised."""
    return nan if isinstance(value, str) else value


def check(found, expected, what):
    if isnan(golden(expected)):
        assert isnan(found), what
    else:
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-7), what


@pytest.mark.parametrize("name", CASES)
def test_trufor_of_a_picture(inputs, name):
    found = get_protocol("trufor").measure(picture(inputs, name))
    for key, ours in TRUFOR_NAMES.items():
        check(found.get(ours, nan), EXPECTED["per_image"][name][key], key)
    unchanged, changed = away_from_border(inputs[f"{name}/gt"].astype(bool))
    counted = EXPECTED["per_image"][name]["trufor/n_valid_pixels_gt0_gt1"]
    assert [unchanged.sum(), changed.sum()] == counted


@pytest.mark.parametrize("name", CASES)
def test_imdlbenco_of_a_picture(inputs, name):
    found = get_protocol("imdlbenco").measure(picture(inputs, name, ignore=True))
    for metric, ours in IMDLBENCO_NAMES.items():
        for mode in ("origin", "reverse", "double"):
            if metric == "AUC" and name.startswith(TIED) and not orders_ties_as_recorded(inputs):
                continue
            check(found[f"{ours}_{mode}"], EXPECTED["per_image"][name][f"imdlbenco/Pixel{metric}[{mode}]"], mode)


def orders_ties_as_recorded(inputs) -> bool:
    """Whether torch leaves equal values in the order of the machine that recorded the values: reads a constant map."""
    order = torch.argsort(torch.zeros(4096), descending=True).numpy()
    truth = inputs["06_all_zero_pred/gt"].ravel()[order].astype(bool)
    area = np.cumsum(truth)[~truth].sum() / (truth.sum() * (~truth).sum())
    return abs(area - EXPECTED["per_image"]["06_all_zero_pred"]["imdlbenco/PixelAUC[origin]"]) < 1e-6


def test_imdlbenco_ranks_equal_values_by_some_order(inputs):
    """Any order gives a value between that of the changed pixels last and first; only ties have room in between."""
    for name in CASES:
        each = picture(inputs, name)
        if each.truth is None or each.truth.all():
            continue
        found = get_protocol("imdlbenco").measure(each)["pixel_auc_origin"]
        above = each.values[each.truth][:, None] - each.values[~each.truth].astype(np.float64)[None, :]
        assert (above > 0).mean() - 1e-12 <= found <= (above >= 0).mean() + 1e-12


@pytest.mark.parametrize("name", CASES)
def test_photoholmes_of_a_picture(inputs, name):
    found = scored(get_protocol("photoholmes"), [picture(inputs, name)])
    for key, ours in PHOTOHOLMES_NAMES.items():
        if key != "F1_weighted_v2":
            check(found[ours], EXPECTED["per_image"][name][f"photoholmes/{key}"], key)


@pytest.mark.parametrize("name", CASES)
def test_omgfuser_of_a_picture(inputs, name):
    stored = EXPECTED["per_image"][name]
    expected = {key.removeprefix("omgfuser/"): value for key, value in stored.items() if key.startswith("omgfuser/")}
    check_pairs(scored(get_protocol("omgfuser"), [picture(inputs, name)]), expected, "pixel_")


def check_pairs(found, expected, start):
    for key in ("precision", "recall", "f1", "iou"):
        for place, which in enumerate(("authentic", "manipulated")):
            check(found.get(f"{start}{key}_{which}", nan), expected[key][place], (key, which))
    check(found[f"{start}auc"], expected["auc"], "auc")
    check(found[f"{start}accuracy"], expected["accuracy"], "accuracy")
    check(found[f"{start}f1_best"], expected["f1-best"], "f1-best")


@pytest.mark.parametrize("which", SETS)
def test_trufor_and_imdlbenco_of_a_set(inputs, which):
    stored, prefix = EXPECTED["dataset"][which], "all/" if which == "all" else ""
    for protocol, ignore in ((get_protocol("trufor"), False), (get_protocol("imdlbenco"), True)):
        scored(protocol, [picture(inputs, name, ignore=ignore) for name in stored["images"]])
        measures = {measure.name: measure for measure in protocol.compute()}
        names = {f"mean_per_image {key}": ours for key, ours in TRUFOR_NAMES.items()}
        for metric, ours in IMDLBENCO_NAMES.items():
            names |= {
                f"mean_per_image imdlbenco/Pixel{metric}[{mode}]": f"{ours}_{mode}" for mode in ("origin", "double")
            }
        checked = 0
        for key, (mean, n) in ((key, value) for key, value in stored.items() if f" {protocol.name}/" in key):
            if "AUC" in key and not orders_ties_as_recorded(inputs):
                continue
            measure = measures[f"{protocol.name}/{prefix}{names[key]}"]
            assert (measure.value, measure.n) == (pytest.approx(mean, rel=1e-4), n), key
            left_out = len(stored["images"]) - n
            assert measure.note.startswith(f"{left_out} of " if left_out else ""), key
            checked += 1
        assert checked >= 2


@pytest.mark.parametrize("which", SETS)
def test_photoholmes_and_omgfuser_of_a_set(inputs, which):
    stored = EXPECTED["dataset"][which]
    pictures = [picture(inputs, name) for name in stored["images"]]
    pooled = scored(get_protocol("photoholmes"), pictures)
    for key, value in stored.items():
        if "photoholmes/" in key:
            check(pooled[PHOTOHOLMES_NAMES[key.partition("/")[2]]], value, key)
    (pairs,) = (value for key, value in stored.items() if key.startswith("omgfuser"))
    found = scored(get_protocol("omgfuser"), pictures)
    check_pairs(found, pairs, "pixel_")
    check(found["pixel_f1_manipulated"], stored["reference pooled sklearn f1"], "F1")
    check(found["pixel_auc"], stored["reference pooled sklearn auc"], "AUC")


def test_omgfuser_pools_the_best_f1_of_a_batch(inputs):
    (stored,) = (value for key, value in EXPECTED["dataset"].items() if key.startswith("omgfuser_f1best"))
    pictures = [picture(inputs, "02_noisy_good"), picture(inputs, "15_tampered_20px_wide")]
    batch, single = get_protocol("omgfuser"), get_protocol("omgfuser")
    batch.update_batch(pictures)
    scored(single, pictures)
    for protocol, key in ((batch, "as_batch"), (single, "one_by_one")):
        found = [each.values["pixel_f1_best"] for each in protocol.pictures()]
        assert found == pytest.approx(stored[key], rel=1e-4)


def scores_of_pictures() -> list[Picture]:
    stored, blank = EXPECTED["image_level"], np.zeros((4, 4), np.float32)
    return [
        Picture(str(place), str(place), label, 4, 4, np.eye(4, dtype=bool) if label else None, blank, score=score)
        for place, (score, label) in enumerate(zip(stored["scores"], stored["labels"], strict=True))
    ]


def test_scores_of_pictures_in_every_protocol_that_has_them():
    stored = EXPECTED["image_level"]["results"]
    trufor, benco = (scored(get_protocol(name), scores_of_pictures()) for name in ("trufor", "imdlbenco"))
    check(trufor["score_auc"], stored["trufor/AUC"], "AUC")
    check(trufor["score_balanced_accuracy"], stored["trufor/bACC"], "bACC")
    check(benco["score_f1"], stored["imdlbenco/ImageF1"], "F1")
    check(benco["score_auc"], stored["imdlbenco/ImageAUC"], "AUC")
    check(benco["score_accuracy"], stored["imdlbenco/ImageAccuracy"], "accuracy")
    holmes = scored(get_protocol("photoholmes"), scores_of_pictures())
    check(holmes["score_f1"], stored["photoholmes/F1"], "F1")
    check(holmes["score_mcc"], stored["photoholmes/MCC"], "MCC")
    check(holmes["score_auroc"], stored["photoholmes/AUROC_100bins"], "AUROC")
    fuser = get_protocol("omgfuser")
    fuser.update_batch(scores_of_pictures())
    check_pairs(scored(fuser, []), stored["omgfuser"], "score_")


@pytest.mark.parametrize("which", SETS)
def test_our_own_means_are_the_references(inputs, which):
    """The default against scikit-learn's, on the cases where `at or above` and `above` one half agree."""
    stored = EXPECTED["per_image"]
    names = [name for name in EXPECTED["dataset"][which]["images"] if not name.startswith(("07", "13"))]
    found = scored(get_protocol("tracefuse"), [picture(inputs, name) for name in names])
    forged = [name for name in names if not name.startswith(("09", "10"))]
    f1 = [stored[name]["reference/sklearn_f1_th>0.5"] for name in forged]
    best = [stored[name]["reference/best_f1_no_boundary_no_permute"] for name in forged]
    auc = [stored[name]["reference/sklearn_roc_auc"] for name in forged if not name.startswith("11")]
    assert found["pixel_f1@0.5"] == pytest.approx(np.mean(f1), abs=1e-9)
    assert found["pixel_f1@oracle"] == pytest.approx(np.mean(best), abs=1e-9)
    assert found["pixel_auc"] == pytest.approx(np.mean(auc), abs=1e-9)
    assert ("false_alarm_area" in found) == (which == "all")
