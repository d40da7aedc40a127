from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.ndimage import median_filter

from benchmarks.literal.adq2 import literal
from signals import Evidence, Unusable, get_signal
from signals.compression.adq2 import FREQUENCIES, decoding_errors, estimate_first, log_odds, posterior
from signals.luma_blocks import luma_blocks

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"
PASTED = np.s_[64:160, 80:192]
QUALITY_70 = {
    **{(0, 0): 10, (0, 1): 7, (0, 2): 6, (0, 3): 10, (0, 4): 14, (1, 0): 7, (1, 1): 7, (1, 2): 8, (1, 3): 11},
    **{(2, 0): 8, (2, 1): 8, (2, 2): 10, (3, 0): 8, (3, 1): 10, (4, 0): 11},
}
LAYERS = [(0.5, 4), (1, 9), (2, 36), (5, 180)]


@pytest.fixture
def adq2():
    return get_signal("adq2")


def _scene(seed: int, height: int = 240, width: int = 256) -> np.ndarray:
    """Structure of several sizes, never compressed."""
    rng = np.random.default_rng(seed)
    layers = [amount * cv2.GaussianBlur(rng.normal(0, 1, (height, width)), (0, 0), size) for size, amount in LAYERS]
    return np.clip((128 + sum(layers))[..., None] * [1, 0.95, 0.9], 0, 255).astype(np.uint8)


@pytest.fixture
def spliced(encode):
    """Saved at quality 70, then a part replaced by one that was never compressed."""
    picture = Evidence.open(encode(_scene(0), "jpeg", quality=70)).pixels.copy()
    picture[PASTED] = _scene(1)[PASTED]
    return picture


def _first(evidence: Evidence):
    blocks = luma_blocks(evidence)
    errors = decoding_errors(blocks.coefficients, blocks.table, evidence.pixels)
    return estimate_first(blocks.coefficients, blocks.table, evidence.pixels, *errors)


def _inside(shape: tuple[int, int]) -> np.ndarray:
    inside = np.zeros(shape, dtype=bool)
    inside[tuple(slice(part.start // 8, part.stop // 8) for part in PASTED)] = True
    return inside


def _probability_inside_is_larger(values: np.ndarray) -> float:
    """Area under the curve, for the blocks of PASTED against all others."""
    inside = _inside(values.shape)
    difference = values[inside][:, None] - values[~inside]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_the_reference(name):
    """Written from the papers alone; reached: the same steps but one, shares within .1, correlation > .99."""
    golden = np.load(GOLDEN / f"{name}.npz")
    evidence = Evidence.open(GOLDEN / f"{name}.jpg")
    blocks = luma_blocks(evidence)
    bias, deviation = decoding_errors(blocks.coefficients, blocks.table, evidence.pixels)
    # The reference decodes luma without rounding it, so that only the rounding of colors remains: the luma of three
    # values that are each off by a uniform error.
    colors = np.full((8, 8), np.sqrt((0.299**2 + 0.587**2 + 0.114**2) / 12))
    for spread, least in ((colors, 0.99), (deviation, 0.975)):
        first = estimate_first(blocks.coefficients, blocks.table, evidence.pixels, bias, spread)
        # The pictures were saved at quality 70 first. The reference takes (0, 4) of g384 for 16, which is not so.
        assert [first.steps[place] for place in FREQUENCIES] == [QUALITY_70[place] for place in FREQUENCIES]
        assert (first.steps[first.steps > 0] != golden["adq2_q1"][first.steps > 0]).sum() == (name == "g384")
        smooth = median_filter(posterior(blocks.coefficients, first), 5, mode="constant")
        assert np.corrcoef(smooth.ravel(), golden["adq2_map"].ravel())[0, 1] >= least
        if spread is colors:
            assert np.abs(first.shares - golden["adq2_alpha"]).max() <= 0.1


def test_is_the_literal_algorithm(adq2, spliced, encode):
    evidence = Evidence.open(encode(spliced[:165, :171], "jpeg", quality=90))
    values = adq2.measure(evidence).values
    # Values halfway between two bins go either way with the precision of the transform.
    assert np.abs(values - literal(evidence)).max() < 0.02 * np.abs(values).max()


def test_finds_what_was_compressed_once(adq2, spliced, encode):
    evidence = Evidence.open(encode(spliced, "jpeg", quality=90))
    values = adq2.measure(evidence).values
    assert _probability_inside_is_larger(values) > 0.98
    inside = _inside(values.shape)
    assert np.median(values[inside]) > 2
    assert np.median(values[~inside]) < -2


def test_names_the_first_table(spliced, encode):
    first = _first(Evidence.open(encode(spliced, "jpeg", quality=90)))
    right = [first.steps[place] == QUALITY_70[place] for place in FREQUENCIES]
    assert np.mean(right) >= 0.75
    truly = 1 - _inside((30, 32)).mean()
    shares = [first.shares[place] for place, is_right in zip(FREQUENCIES, right, strict=True) if is_right]
    assert np.median(shares) == pytest.approx(truly, abs=0.1)


def test_is_silent_where_all_blocks_have_one_history(adq2, encode):
    once = Evidence.open(encode(_scene(0), "jpeg", quality=90))
    assert np.abs(adq2.measure(once).values).max() < 1
    twice = Evidence.open(encode(Evidence.open(encode(_scene(0), "jpeg", quality=70)).pixels, "jpeg", quality=90))
    assert adq2.measure(twice).values.max() < 0


def test_blocks_keep_their_value_wherever_they_are():
    evidence = Evidence.open(GOLDEN / "g256.jpg")
    coefficients = luma_blocks(evidence).coefficients
    first = _first(evidence)
    expected = np.roll(log_odds(coefficients, first), (3, 5), (0, 1))
    assert np.array_equal(log_odds(np.roll(coefficients, (3, 5), (0, 1)), first), expected)


def test_what_no_picture_holds_says_nothing():
    first = _first(Evidence.open(GOLDEN / "g256.jpg"))
    for value in (0, 32767, -32768):
        assert not log_odds(np.full((2, 2, 8, 8), value, dtype=np.int16), first).any()


def test_rows_that_are_not_there_do_not_count(adq2, spliced, encode):
    data = encode(spliced, "jpeg", quality=90)
    evidence = Evidence.open(data[: len(data) * 8 // 10])
    known = evidence.decoded_rows // 8
    assert 0 < known < 30
    statistic, whole = adq2.measure(evidence), adq2.measure(Evidence.open(data)).values
    assert statistic.valid[: known - 2].all()
    assert np.corrcoef(statistic.values[: known - 2].ravel(), whole[: known - 2].ravel())[0, 1] > 0.95


def test_what_it_cannot_read(adq2, noise, encode):
    with pytest.raises(Unusable, match="no JPEG"):
        adq2.measure(Evidence.open(encode(noise(200, 200), "png")))
    with pytest.raises(Unusable, match="256 blocks"):
        adq2.measure(Evidence.open(encode(noise(120, 128), "jpeg")))
