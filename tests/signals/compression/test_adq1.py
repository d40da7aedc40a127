from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.literal.adq1 import literal
from signals import Evidence, Unusable, get_signal
from signals.compression.adq1 import features, find_period, log_odds, posterior
from signals.luma_blocks import luma_blocks

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"
PASTED = np.s_[64:160, 80:192]


@pytest.fixture
def adq1():
    return get_signal("adq1")


def _scene(seed: int, height: int = 240, width: int = 256) -> np.ndarray:
    """Structure of several sizes, never compressed."""
    rng = np.random.default_rng(seed)
    layers = [amount * cv2.GaussianBlur(rng.normal(0, 1, (height, width)), (0, 0), size) for size, amount in LAYERS]
    return np.clip((128 + sum(layers))[..., None] * [1, 0.95, 0.9], 0, 255).astype(np.uint8)


LAYERS = [(0.5, 4), (1, 9), (2, 36), (5, 180)]


@pytest.fixture
def spliced(encode):
    """Saved at quality 70, then a part replaced by one that was never compressed."""
    picture = Evidence.open(encode(_scene(0), "jpeg", quality=70)).pixels.copy()
    picture[PASTED] = _scene(1)[PASTED]
    return picture


def _probability_inside_is_larger(values: np.ndarray) -> float:
    """Area under the curve, for the blocks of PASTED against all others."""
    inside = np.zeros(values.shape, dtype=bool)
    inside[tuple(slice(part.start // 8, part.stop // 8) for part in PASTED)] = True
    difference = values[inside][:, None] - values[~inside]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_posterior_and_features_of_the_reference(name):
    golden = np.load(GOLDEN / f"{name}.npz")
    probability = posterior(luma_blocks(Evidence.open(GOLDEN / f"{name}.jpg")).coefficients)
    assert np.abs(probability - golden["adq1_map"]).max() <= 1e-9
    assert np.abs(features(probability) - golden["adq1_vec"]).max() <= 1e-9


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_is_the_literal_algorithm(adq1, spliced, kind, encode):
    evidence = Evidence.open(encode(spliced[:165, :171], kind, **({"quality": 90} if kind == "jpeg" else {})))
    assert np.abs(adq1.measure(evidence).values - literal(evidence)).max() < 1e-9


def test_finds_what_was_compressed_once(adq1, spliced, encode):
    values = adq1.measure(Evidence.open(encode(spliced, "jpeg", quality=90))).values
    assert _probability_inside_is_larger(values) > 0.97
    assert np.median(values) < -5


def test_finds_it_in_a_png(adq1, spliced, encode):
    assert _probability_inside_is_larger(adq1.measure(Evidence.open(encode(spliced, "png"))).values) > 0.97


@pytest.mark.parametrize("qualities", [(70, 90), (90,)])
def test_is_silent_where_all_blocks_have_one_history(adq1, qualities, encode):
    picture = _scene(0)
    for quality in qualities:
        evidence = Evidence.open(encode(picture, "jpeg", quality=quality))
        picture = evidence.pixels
    assert (adq1.measure(evidence).values > 1).mean() < 0.02


def test_blocks_keep_their_value_wherever_they_are():
    coefficients = luma_blocks(Evidence.open(GOLDEN / "g256.jpg")).coefficients
    moved = np.roll(coefficients, (3, 5), (0, 1))
    assert np.array_equal(log_odds(moved), np.roll(log_odds(coefficients), (3, 5), (0, 1)))


def test_rows_that_are_not_there_do_not_count(adq1, spliced, encode):
    data = encode(spliced, "jpeg", quality=90)
    evidence = Evidence.open(data[: len(data) * 7 // 10])
    known = evidence.decoded_rows // 8
    assert 0 < known < 30
    values = adq1.measure(evidence).values
    whole = luma_blocks(Evidence.open(data)).coefficients
    assert np.array_equal(values[:known], log_odds(whole[:known]))
    assert not values[known:].any()


@pytest.mark.parametrize("period", [3, 5, 7, 10])
def test_period_of_a_comb(period):
    place = np.arange(-200, 201)
    teeth = np.exp(-np.abs(place - period * np.rint(place / period)))
    assert find_period(np.rint(1000 * teeth * np.exp(-np.abs(place) / 100)).astype(np.intp)) == period


def test_a_smooth_histogram_has_no_period():
    assert find_period(np.rint(1e4 * np.exp(-np.abs(np.arange(-200, 201)) / 20)).astype(np.intp)) == 1
    assert find_period(np.array([0, 9, 0])) == 1


def test_features_of_two_clear_classes():
    altered = np.zeros((20, 30), dtype=bool)
    altered[5:15, 5:20] = True
    probability = np.where(altered, 0.8, 0.1)
    probability += 0.01 * np.cos(np.arange(600)).reshape(20, 30)
    best, whole, _, _ = features(probability)
    # The reference gives the threshold less its step.
    assert np.array_equal(probability >= best + 0.01, altered)
    assert whole == pytest.approx(0.75 * 0.25 * 0.7**2, rel=0.01)
    assert features(np.full((9, 9), 0.5))[2:].tolist() == [0, 1]


def test_any_coefficients_are_read():
    coefficients = np.random.default_rng(0).integers(-(2**15), 2**15, (17, 19, 8, 8)).astype(np.int16)
    assert np.isfinite(log_odds(coefficients)).all()


def test_too_few_blocks(adq1, noise, encode):
    with pytest.raises(Unusable, match="256 blocks"):
        adq1.measure(Evidence.open(encode(noise(120, 128), "jpeg")))
