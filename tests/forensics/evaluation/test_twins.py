"""Twin order, counted by hand."""

import doctest

from forensics.evaluation import twins
from forensics.evaluation.twins import Twin, twin_order


def test_the_example_is_true():
    assert doctest.testmod(twins).failed == 0


def test_ties_count_half_several_twins_once_and_a_missing_score_as_nothing_found():
    pictures = [
        Twin("tie", "a", 1, 0.4), Twin("tie", "a", 0, 0.4),
        Twin("two", "b", 1, 0.4), Twin("two", "b", 0, 0.1), Twin("two", "b", 0, 0.9),
        Twin("silent", "c", 1, None), Twin("silent", "c", 0, 0.2),
        Twin("won", "d", 1, 0.9), Twin("won", "d", 0, None),
        Twin("alone", "e", 1, 0.9),
    ]  # fmt: skip
    found = twin_order(pictures)
    assert found.n == 4
    assert found.mean == (0.5 + 0.5 + 0.0 + 1.0) / 4


def test_pairs_of_one_photo_are_drawn_together():
    won = [Twin(f"w{n}", "good", 1, 0.9) for n in range(9)] + [Twin(f"w{n}", "good", 0, 0.1) for n in range(9)]
    lost = [Twin("l", "bad", 1, 0.1), Twin("l", "bad", 0, 0.9)]
    found = twin_order([*won, *lost])
    assert (found.mean, found.low, found.high) == (0.9, 0.0, 1.0)


def test_without_pairs_or_scores_there_is_no_order():
    assert twin_order([Twin("a", "a", 1, 0.9), Twin("b", "b", 0, 0.1)]) is None
    assert twin_order([Twin("a", "a", 1, None), Twin("a", "a", 0, None)]) is None
