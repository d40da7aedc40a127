from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.literal.zero import literal
from signals import Evidence, Unusable, get_signal
from signals.grid.zero import foreign_grids, significant_regions
from signals.grid.zero_grids import log_tests

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"


@pytest.fixture
def zero():
    return get_signal("zero")


@pytest.fixture
def spliced(noise, encode):
    """A JPEG and its forged twin: 64x64 pixels of another JPEG at (60, 60), in another grid, which begins at (3, 5)."""
    host = Evidence.open(encode(noise(160, 176), "jpeg", quality=85)).pixels
    other = Evidence.open(encode(noise(144, 144), "jpeg", quality=85)).pixels
    forged = host.copy()
    forged[60:124, 60:124] = other[33:97, 31:95]
    return host, forged


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_mask_of_the_reference(name, zero):
    # Saved at quality 90 after the change: the reference finds nothing there.
    assert not np.load(GOLDEN / f"{name}.npz")["zero_mask"].any()
    assert not zero.measure(Evidence.open(GOLDEN / f"{name}.jpg")).values.any()


def test_is_the_literal_algorithm(zero, spliced):
    evidence = Evidence.from_pixels(spliced[1][36:100, 44:108])
    values = zero.measure(evidence).values
    assert values.any()
    assert np.allclose(values, literal(evidence), atol=1e-4)


def test_finds_a_patch_in_another_grid(zero, spliced):
    host, forged = spliced
    assert not zero.measure(Evidence.from_pixels(host)).values.any()
    values = zero.measure(Evidence.from_pixels(forged)).values
    assert (values[8:15, 8:15] > 0).all()
    values[7:16, 7:16] = 0
    assert not values.any()


def test_a_detection_scores_one_and_the_rest_zero(zero, spliced):
    found = zero.extract(Evidence.from_pixels(spliced[1]))
    assert set(np.unique(found.values)) == {0, 1}
    assert not zero.extract(Evidence.from_pixels(spliced[0])).values.any()


def test_the_border_is_not_valid(zero, spliced):
    valid = zero.measure(Evidence.from_pixels(spliced[0])).valid
    assert valid.shape == (20, 22)
    assert valid[1:19, 1:21].all()
    assert valid.sum() == 18 * 20


def test_finds_nothing_in_a_cropped_jpeg_nor_where_there_never_was_one(zero, spliced, noise):
    assert not zero.measure(Evidence.from_pixels(spliced[0][3:, 5:])).values.any()
    for seed in range(3):
        picture = np.random.default_rng(seed).normal(128, 8 * seed + 1, (256, 256, 3)).clip(0, 255).astype(np.uint8)
        assert not zero.measure(Evidence.from_pixels(picture)).values.any()


def test_random_votes_raise_less_than_one_alarm_a_picture():
    random = np.random.default_rng(0)
    alarms = 0
    for _ in range(20):
        # Each block votes alone, for any origin.
        votes = random.integers(0, 64, (40, 40))
        counts = np.where(np.arange(65) == votes[..., None], 64, 0).astype(np.uint8)
        alarms += int(foreign_grids(counts, None, log_tests(320, 320)).any())
    assert alarms <= 4


def test_a_region_is_as_significant_as_its_votes_are_dense():
    dense, sparse = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    dense[10:16, 10:16] = 64
    sparse[10:30, 10] = sparse[10, 10:30] = 64
    tests = log_tests(320, 320)
    # 36 of 36 blocks, each with probability 1/64.
    assert significant_regions(dense, tests).max() == pytest.approx(36 * np.log10(64) - tests, rel=1e-5)
    assert np.array_equal(significant_regions(dense, tests) > 0, dense > 0)
    assert 0 < significant_regions(sparse, tests).max() < 20
    assert not significant_regions(dense // 16, tests).any()


def test_the_window_of_a_long_region_is_square_and_corners_join_cells():
    bar, corner = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    bar[10:12, 10:30] = 64
    corner[10:14, 10:14] = corner[14:18, 14:18] = 64
    tests = log_tests(320, 320)
    for votes, side, blocks in [(bar, 20, 40), (corner, 8, 32)]:
        expected = -tests - binom.logsf(blocks - 1, side * side, 1 / 64) / np.log(10)
        found = significant_regions(votes, tests).max()
        assert found == pytest.approx(expected, rel=1e-5)


def test_gaps_inside_a_region_are_closed():
    votes = np.zeros((40, 40), np.uint8)
    votes[10:20, 10:20] = 64
    votes[14:16, 14:16] = 0
    assert (significant_regions(votes, log_tests(320, 320))[10:20, 10:20] > 0).all()


def test_a_flat_picture_says_so(zero):
    with pytest.raises(Unusable, match="flat"):
        zero.measure(Evidence.from_pixels(np.full((64, 64, 3), 90, np.uint8)))
