from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.fft import dctn
from scipy.stats import binom

from benchmarks.literal.zero_votes import literal, pixel_votes
from signals import Evidence, get_signal
from signals.grid.zero_grids import gray_levels, log_nfa, main_grid, origin_votes, zero_counts

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"
NONE = 64


@pytest.fixture
def zero_votes():
    return get_signal("zero_votes")


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_votes_of_the_reference(name):
    golden = np.load(GOLDEN / f"{name}.npz")
    votes = origin_votes(gray_levels(Evidence.open(GOLDEN / f"{name}.jpg").pixels))
    expected = np.where(golden["zero_votes"] < 0, NONE, golden["zero_votes"])
    # Coefficients of exactly 1/2 fall to either side in the reference.
    assert (votes == expected).mean() > 0.99
    assert main_grid(votes) == int(golden["zero_main_grid"])


def test_is_the_literal_algorithm(zero_votes, noise, encode):
    evidence = Evidence.open(encode(noise(45, 60), "jpeg", quality=80))
    assert (origin_votes(gray_levels(evidence.pixels)) == pixel_votes(evidence.pixels)).mean() > 0.999
    assert (zero_votes.extract(evidence).values == literal(evidence)).mean() > 0.98


def test_counts_zeros_of_the_orthonormal_dct(noise):
    gray = noise(16, 19)[..., 0] // 8
    counts = zero_counts(gray)
    for top, left in [(0, 0), (3, 11), (8, 5)]:
        block = dctn(gray[top : top + 8, left : left + 8].astype(float), norm="ortho")
        assert counts[top, left] == (np.abs(block) < 0.4999).sum() - (abs(block[0, 0]) < 0.4999)


def test_the_mean_is_not_counted():
    assert zero_counts(np.zeros((8, 9), np.uint8)).tolist() == [[63, 63]]


def test_a_coefficient_of_exactly_one_half_is_not_zero():
    # A step of one level in four of the 64 pixels: the coefficients (0, 4), (4, 0) and (4, 4) are 4/8.
    gray = np.full((8, 8), 90, np.uint8)
    gray[0, [0, 3, 4, 7]] += 1
    half = np.abs(dctn(gray.astype(float), norm="ortho"))
    assert half[0, 4] == pytest.approx(0.5)
    assert half[[4, 4], [0, 4]] == pytest.approx(0.5)
    assert zero_counts(gray)[0, 0] == (half < 0.4999).sum()


@pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 5), (7, 1)])
def test_a_cropped_jpeg_votes_for_where_its_blocks_begin(zero_votes, noise, encode, row, column):
    pixels = Evidence.open(encode(noise(128, 144), "jpeg", quality=80)).pixels
    found = zero_votes.extract(Evidence.from_pixels(pixels[8 - row :, 8 - column :]))
    assert found.side["main_grid"] == 8 * row + column
    votes = found.values[0, found.valid]
    assert (votes == 8 * row + column).mean() > 0.9
    plane = zero_votes.draw(found)
    assert set(np.unique(plane)) <= {0, 0.5, 1}
    assert np.array_equal(plane == 0, found.values[0] == 8 * row + column)


def test_a_picture_that_never_was_a_jpeg_has_no_grid(zero_votes, noise):
    found = zero_votes.extract(Evidence.from_pixels(noise(200, 200)))
    assert found.side["main_grid"] == -1
    assert (zero_votes.draw(found) == 0.5).all()


def test_strips_do_not_show(noise, encode):
    gray = gray_levels(Evidence.open(encode(noise(560, 64), "jpeg", quality=70)).pixels)
    votes = origin_votes(gray)
    # From row 240, so that the border between strips is elsewhere.
    assert np.array_equal(origin_votes(gray[240:])[7:], votes[247:])


def test_flat_and_striped_areas_do_not_vote(noise):
    pixels = noise(96, 96)
    pixels[:, 40:] = 77
    pixels[:, 72:, :] = (np.arange(24) * 9)[None, :, None]
    votes = origin_votes(gray_levels(pixels))
    assert (votes[:, 47:65] == NONE).all()
    assert (votes[:, 79:] == NONE).all()
    assert (votes[7:-7, 7:33] != NONE).any()


def test_the_border_does_not_vote(noise):
    votes = origin_votes(gray_levels(noise(40, 48)))
    assert (votes[:7] == NONE).all()
    assert (votes[-7:] == NONE).all()
    assert (votes[:, :7] == NONE).all()
    assert (votes[:, -7:] == NONE).all()
    assert (origin_votes(np.zeros((40, 9), np.uint8)) == NONE).all()


def test_false_alarms_are_those_of_the_binomial_law():
    for trials, successes in [(10, 1), (100, 9), (4000, 80)]:
        expected = 3 + binom.logsf(successes - 1, trials, 1 / 64) / np.log(10)
        assert log_nfa(3, trials, successes) == pytest.approx(expected)
    # One in 64 to the power of many, which no float64 holds.
    assert log_nfa(0, 10_000, 10_000) == pytest.approx(-10_000 * np.log10(64))
    assert log_nfa(5, 100, 0) == 5
