"""F1 and AUC against scikit-learn's values on stored cases, and against plain formulas."""

import doctest
import json
from pathlib import Path

import numpy as np
import pytest

from forensics.evaluation import bootstrap, metrics
from forensics.evaluation.metrics import f1_score, roc_auc

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())["per_image"]
CASES = sorted(EXPECTED)
# Cases with pixels of exactly 0.5, where at-or-above and above differ.
TIED_AT_HALF = ("07_constant_half", "13_ties_quantised")


@pytest.fixture(scope="module")
def inputs():
    with np.load(GOLDEN / "inputs.npz") as arrays:
        return dict(arrays)


def case(inputs, name):
    return inputs[f"{name}/pred"], inputs[f"{name}/gt"].astype(bool)


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


@pytest.mark.parametrize("share", [0.1, 0.9])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_auc_is_the_share_of_ordered_pairs(share, dtype):
    generator = np.random.default_rng(3)
    values, truth = generator.integers(0, 9, 300).astype(dtype), generator.random(300) < share
    above = values[truth][:, None] - values[~truth].astype(float)
    assert roc_auc(values, truth) == pytest.approx(((above > 0) + 0.5 * (above == 0)).mean(), abs=1e-12)


def test_ignored_pixels_do_not_count(inputs):
    values, truth = case(inputs, "14_ignore_right_half")
    valid = inputs["ignore_valid_mask_14"].astype(bool)
    scrambled = np.where(valid, values, 1 - values)
    assert f1_score(scrambled, truth, valid) == f1_score(values[valid], truth[valid])
    assert roc_auc(scrambled, truth, valid) == roc_auc(values[valid], truth[valid])
    # The reference that takes a mask adds 1e-8 to its denominators.
    expected = EXPECTED["14_ignore_right_half"]["imdlbenco/PixelF1[origin]"]
    assert f1_score(values, truth, valid) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("module", [metrics, bootstrap])
def test_examples_in_docstrings(module):
    results = doctest.testmod(module, extraglobs={"np": np})
    assert results.attempted > 0
    assert results.failed == 0
