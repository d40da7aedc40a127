from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.literal.dct_ye import literal
from signals import Evidence, Unusable, get_signal
from signals.compression.dct_ye import FREQUENCIES, count_dips, estimate_steps, misfit
from signals.luma_blocks import luma_blocks

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"
PASTED = np.s_[64:160, 80:192]
LAYERS = [(0.5, 4), (1, 9), (2, 36), (5, 180)]


@pytest.fixture
def dct_ye():
    return get_signal("dct_ye")


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


def _probability_inside_is_larger(values: np.ndarray) -> float:
    """Area under the curve, for the blocks of PASTED against all others."""
    inside = np.zeros(values.shape, dtype=bool)
    inside[tuple(slice(part.start // 8, part.stop // 8) for part in PASTED)] = True
    difference = values[inside][:, None] - values[~inside]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_map_of_the_reference(name):
    # The reference takes the number of dips itself for the step, one too few (see the combs below), lets rounding
    # decide about dips of two equal values, and keeps the map modulo 256.
    blocks = luma_blocks(Evidence.open(GOLDEN / f"{name}.jpg"))
    steps = estimate_steps(blocks.coefficients, blocks.table)
    values = misfit(blocks.coefficients, blocks.table, steps - (steps > 0)) % 256
    assert np.corrcoef(values.ravel(), np.load(GOLDEN / f"{name}.npz")["dct_map"].ravel())[0, 1] >= 0.99


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_is_the_literal_algorithm(dct_ye, spliced, kind, encode):
    evidence = Evidence.open(encode(spliced[:133, :141], kind, **({"quality": 90} if kind == "jpeg" else {})))
    assert np.array_equal(dct_ye.measure(evidence).values, literal(evidence))


def test_dips_of_a_comb_are_one_fewer_than_its_step():
    amplitudes = np.random.default_rng(0).laplace(0, 30, 20_000)
    for step in range(4, 41):
        values = (np.rint(amplitudes / step) * step).astype(np.intp)
        histogram = np.bincount(values[np.abs(values) <= 256] + 256, minlength=513)
        assert count_dips(histogram) == step - 1


def test_nothing_counted_shows_nothing():
    assert count_dips(np.zeros(513, dtype=np.intp)) == 0
    assert count_dips(np.eye(1, 513, 256, dtype=np.intp)[0] * 500) == 0


def test_reads_the_zig_zag_scan_from_2_to_32():
    assert len(set(FREQUENCIES)) == 31
    assert {place for place in FREQUENCIES if sum(place) == 7} == {(0, 7), (1, 6), (2, 5), (3, 4)}


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_finds_what_was_not_saved_before(dct_ye, spliced, kind, encode):
    evidence = Evidence.open(encode(spliced, kind, **({"quality": 95} if kind == "jpeg" else {})))
    values = dct_ye.measure(evidence).values
    assert _probability_inside_is_larger(values) > 0.9
    # The same content saved before as a whole.
    before = Evidence.open(encode(spliced, "jpeg", quality=70)).pixels
    twin = Evidence.open(encode(before, kind, **({"quality": 95} if kind == "jpeg" else {})))
    assert 0.3 < _probability_inside_is_larger(dct_ye.measure(twin).values) < 0.7


def test_may_exceed_255():
    coefficients = np.zeros((16, 16, 8, 8), dtype=np.int16)
    coefficients[3, 4] = 500
    steps = np.zeros((8, 8), dtype=np.int64)
    steps[1:4, 1:4] = 1000
    assert misfit(coefficients, np.ones((8, 8), dtype=np.uint16), steps)[3, 4] == 9 * 500


def test_any_coefficients_are_read():
    coefficients = np.random.default_rng(0).integers(-(2**15), 2**15, (17, 19, 8, 8)).astype(np.int16)
    table = np.full((8, 8), 2**16 - 1, dtype=np.uint16)
    assert misfit(coefficients, table, estimate_steps(coefficients, table)).shape == (17, 19)


def test_rows_that_are_not_there_do_not_count(dct_ye, spliced, encode):
    data = encode(spliced, "jpeg", quality=90)
    evidence = Evidence.open(data[: len(data) * 7 // 10])
    known = evidence.decoded_rows // 8
    assert 0 < known < 30
    whole = luma_blocks(Evidence.open(data))
    there = whole.coefficients[:known]
    expected = misfit(there, whole.table, estimate_steps(there, whole.table))
    assert np.array_equal(dct_ye.measure(evidence).values[:known], expected)


def test_too_few_blocks(dct_ye, noise, encode):
    with pytest.raises(Unusable, match="256 blocks"):
        dct_ye.measure(Evidence.open(encode(noise(120, 128), "jpeg")))
