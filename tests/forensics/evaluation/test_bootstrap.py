"""Intervals: coverage, pairing, seeds."""

import numpy as np
import pytest

from forensics.evaluation.bootstrap import mean_interval, paired_difference


def test_about_95_of_100_intervals_hold_the_true_mean():
    generator = np.random.default_rng(11)
    drawn = [mean_interval(generator.beta(2, 3, 60), resamples=400, seed=seed) for seed in range(300)]
    covered = np.mean([interval.low <= 0.4 <= interval.high for interval in drawn])
    assert 0.90 <= covered <= 0.98


def test_width_is_that_of_the_normal_interval():
    values = np.random.default_rng(2).normal(size=500)
    interval = mean_interval(values)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(500), rel=0.1)
    assert interval.mean == pytest.approx(values.mean())


def test_blocks_do_not_bound_the_number_of_resamples():
    values = np.random.default_rng(2).random(3000)  # more than one block of draws
    assert mean_interval(values).low < values.mean() < mean_interval(values).high


def test_the_same_scores_differ_by_nothing():
    scores = list(np.random.default_rng(5).random(40))
    difference = paired_difference(scores, scores)
    assert (difference.mean, difference.low, difference.high) == (0.0, 0.0, 0.0)


def test_pairing_cancels_what_pictures_share():
    hard = np.random.default_rng(6).random(80)
    difference = paired_difference(hard + 0.1, hard)
    assert difference.low == pytest.approx(0.1)
    assert difference.high == pytest.approx(0.1)


def test_same_seed_same_interval_and_none_without_pictures():
    assert mean_interval([0.1, 0.7, 0.3]) == mean_interval([0.1, 0.7, 0.3])
    assert mean_interval([]) is None
    with pytest.raises(ValueError, match="one length"):
        paired_difference([0.1], [])
