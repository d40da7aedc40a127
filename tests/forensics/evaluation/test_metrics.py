"""Pixel metrics against scikit-learn, stored reference values and plain formulas."""

from __future__ import annotations

import doctest
import json
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, jaccard_score, matthews_corrcoef, precision_score, recall_score

from forensics.evaluation import bootstrap, confusion, metrics, value_counts
from forensics.evaluation.confusion import Confusion, soft_confusion
from forensics.evaluation.metrics import average_precision, best_f1, counts_at, f1_score, roc_auc
from forensics.evaluation.value_counts import count_values, fine_levels

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())["per_image"]
CASES = sorted(EXPECTED)
# Cases with pixels of exactly 0.5, where at-or-above and above differ.
TIED_AT_HALF = ("07_constant_half", "13_ties_quantised")
KINDS = [np.uint8, np.uint16, np.float32, np.float64]


@pytest.fixture(scope="module")
def inputs():
    with np.load(GOLDEN / "inputs.npz") as arrays:
        return dict(arrays)


def case(inputs, name):
    return inputs[f"{name}/pred"], inputs[f"{name}/gt"].astype(bool)


def tied(dtype, share=0.3, size=300, levels=9, seed=3):
    """Values with many ties and a truth that follows them a little."""
    generator = np.random.default_rng(seed)
    values = generator.integers(0, levels, size)
    truth = generator.random(size) < share * (0.5 + values / levels)
    return values.astype(dtype), truth


@pytest.mark.parametrize("name", [name for name in CASES if name not in TIED_AT_HALF])
def test_f1_is_the_reference(inputs, name):
    assert f1_score(*case(inputs, name)) == pytest.approx(EXPECTED[name]["reference/sklearn_f1_th>0.5"], abs=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_f1_strictly_above_half_is_the_reference_for_every_case(inputs, name):
    above = float(np.nextafter(np.float32(0.5), np.float32(1)))
    expected = EXPECTED[name]["reference/sklearn_f1_th>0.5"]
    assert f1_score(*case(inputs, name), threshold=above) == pytest.approx(expected, abs=1e-12)


def test_a_pixel_of_exactly_one_half_is_marked(inputs):
    # Everything marked: F1 = 2 p / (1 + p) for a share p of changed pixels.
    values, truth = case(inputs, "07_constant_half")
    assert f1_score(values, truth) == pytest.approx(2 * truth.mean() / (1 + truth.mean()))


def test_128_of_an_8_bit_map_is_marked_and_127_is_not():
    truth = np.array([True, False])
    assert f1_score(np.array([128, 127], np.uint8), truth) == 1.0
    assert f1_score(np.array([127, 128], np.uint8), truth) == 0.0


@pytest.mark.parametrize("name", CASES)
def test_auc_is_the_reference(inputs, name):
    expected = EXPECTED[name]["reference/sklearn_roc_auc"]
    auc = roc_auc(*case(inputs, name))
    if isinstance(expected, str):
        assert auc is None
    else:
        assert auc == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_best_f1_is_that_of_a_brute_force_sweep(inputs, name):
    expected = EXPECTED[name]["reference/best_f1_no_boundary_no_permute"]
    found = best_f1(*case(inputs, name))
    # Without changed pixels F1 is 0 at every threshold.
    assert found == (0.0 if isinstance(expected, str) else pytest.approx(expected, abs=1e-12))


@pytest.mark.parametrize("share", [0.1, 0.9])
@pytest.mark.parametrize("dtype", KINDS)
def test_auc_is_the_share_of_ordered_pairs(share, dtype):
    values, truth = tied(dtype, share)
    above = values[truth][:, None] - values[~truth].astype(float)
    assert roc_auc(values, truth) == pytest.approx(((above > 0) + 0.5 * (above == 0)).mean(), abs=1e-12)


@pytest.mark.parametrize("levels", [2, 9, 10_000])
@pytest.mark.parametrize("dtype", KINDS)
def test_average_precision_is_scikit_learns(dtype, levels):
    values, truth = tied(dtype, levels=min(levels, np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else levels))
    assert average_precision(values, truth) == pytest.approx(average_precision_score(truth, values), abs=1e-12)


@pytest.mark.parametrize("dtype", KINDS)
def test_best_f1_tries_every_threshold(dtype):
    values, truth = tied(dtype)
    every = [
        2 * (truth & (values >= level)).sum() / ((values >= level).sum() + truth.sum()) for level in np.unique(values)
    ]
    assert best_f1(values, truth) == pytest.approx(max(every), abs=1e-12)


def test_counts_give_scikit_learns_ratios():
    values, truth = tied(np.float32)
    counts = counts_at(values / 8, truth)
    marked = values / 8 >= 0.5
    for found, theirs in (
        (counts.mcc, matthews_corrcoef),
        (counts.iou, jaccard_score),
        (counts.precision, precision_score),
        (counts.recall, recall_score),
    ):
        assert found == pytest.approx(theirs(truth, marked), abs=1e-12)
    assert counts.false_positive_rate == pytest.approx((marked & ~truth).sum() / (~truth).sum())
    assert counts.inverted() == counts_at(np.where(marked, 0.0, 1.0), truth)
    assert counts.other_class() == counts_at(np.where(marked, 0.0, 1.0), ~truth)


def test_ratios_without_a_denominator_are_0():
    nothing = Confusion(tp=0, fp=0, fn=0, tn=0)
    for name in ("f1", "iou", "mcc", "precision", "recall", "accuracy", "false_positive_rate"):
        assert getattr(nothing, name) == 0.0


def test_mcc_of_12_megapixels_does_not_overflow():
    # The product of the four sums is about 1e27.
    half = Confusion(tp=3_000_000, fp=3_000_000, fn=3_000_000, tn=3_000_000)
    assert half.mcc == 0.0
    assert Confusion(tp=6_000_000, fp=0, fn=0, tn=6_000_000).mcc == pytest.approx(1.0)


def test_soft_counts_of_a_binary_map_are_the_hard_ones():
    values, truth = tied(np.float32, levels=2)
    hard, soft = counts_at(values, truth), soft_confusion(values, truth)
    assert (soft.tp, soft.fp, soft.fn, soft.tn) == pytest.approx((hard.tp, hard.fp, hard.fn, hard.tn))


def test_soft_counts_are_sums_over_pixels():
    values, truth = tied(np.uint8, levels=256)
    shares = values / 255
    soft = soft_confusion(values, truth)
    sums = [(a * b).sum() for a, b in ((shares, truth), (shares, ~truth), (1 - shares, truth), (1 - shares, ~truth))]
    assert (soft.tp, soft.fp, soft.fn, soft.tn) == pytest.approx(tuple(sums))


@pytest.mark.parametrize("function", [roc_auc, average_precision, best_f1, f1_score, soft_confusion])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_ignored_pixels_do_not_count(function, dtype):
    values, truth = tied(dtype)
    values = (values / 8 * (255 if dtype == np.uint8 else 1)).astype(dtype)
    valid = np.arange(values.size) % 3 > 0
    scrambled = np.where(valid, values, values.max() - values)
    assert function(scrambled, truth, valid) == function(values[valid], truth[valid])


def test_a_peer_that_takes_a_mask_of_valid_pixels_agrees(inputs):
    values, truth = case(inputs, "14_ignore_right_half")
    valid = inputs["ignore_valid_mask_14"].astype(bool)
    # The reference adds 1e-8 to its denominators.
    expected = EXPECTED["14_ignore_right_half"]["imdlbenco/PixelF1[origin]"]
    assert f1_score(values, truth, valid) == pytest.approx(expected, rel=1e-4)


def test_maps_of_0_to_1_rank_as_any_numbers_do():
    """They take a shorter way: the bits of their floats, with zeros of both signs and the smallest float there is."""
    generator = np.random.default_rng(5)
    values = np.concatenate([generator.random(500), [0.0, -0.0, 1.0, 1.0, 1e-45, 0.5]]).astype(np.float32)
    truth = generator.random(values.size) < 0.3
    short, long = count_values(values, truth), count_values(values.astype(np.float64), truth)
    assert np.array_equal(short.levels, long.levels)
    assert np.array_equal(short.positives, long.positives)
    assert np.array_equal(short.negatives, long.negatives)


def test_what_cannot_be_ranked_says_so():
    values, truth = np.array([0.5, np.nan], np.float32), np.array([True, False])
    for function in (roc_auc, average_precision, best_f1):
        with pytest.raises(ValueError, match="NaN"):
            function(values, truth)
    ones = np.ones(2, np.float32)
    assert roc_auc(ones, np.array([True, True])) is None
    assert average_precision(ones, np.array([False, False])) is None
    assert best_f1(ones, np.array([False, False])) == 0.0
    nothing = np.zeros(0, np.float32)
    assert roc_auc(nothing, nothing.astype(bool)) is None
    assert best_f1(nothing, nothing.astype(bool)) == 0.0


def test_16_bits_keep_the_order_of_8_bit_maps_and_are_close_for_floats():
    values, truth = tied(np.uint8, levels=256)
    assert roc_auc(fine_levels(values), truth) == roc_auc(values, truth)
    generator = np.random.default_rng(0)
    floats, truth = generator.random(5000, dtype=np.float32), generator.random(5000) < 0.2
    exact, fine = count_values(floats, truth), count_values(fine_levels(floats), truth)
    assert fine.auc() == pytest.approx(exact.auc(), abs=1e-4)
    assert fine_levels(floats).astype(float) / 65535 == pytest.approx(floats, abs=0.51 / 65535)


def test_12_megapixels_in_8_bits_take_well_under_a_second():
    generator = np.random.default_rng(0)
    values = generator.integers(0, 256, (3000, 4000), np.uint8)
    truth = np.zeros(values.shape, bool)
    truth[1000:1500, 1000:2000] = True
    start = time.process_time()
    counts = count_values(values, truth)
    found = counts.auc(), counts.average_precision(), counts.best_f1(), counts_at(values, truth).mcc
    assert time.process_time() - start < 1.0
    assert found[0] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("module", [metrics, bootstrap, confusion, value_counts])
def test_examples_in_docstrings(module):
    results = doctest.testmod(module, extraglobs={"np": np})
    assert results.attempted > 0
    assert results.failed == 0
