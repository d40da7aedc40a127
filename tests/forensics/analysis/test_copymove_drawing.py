from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forensics.analysis.copymove_drawing import draw_copies
from signals.copymove.find import Copies, Copy


def _copies(pasted: str | None) -> Copies:
    first, second = np.zeros((100, 120), bool), np.zeros((100, 120), bool)
    first[20:40, 10:30] = True
    second[60:80, 80:100] = True
    map_ = np.array([[1.0, 0, 280], [0, 1, 160]])
    return Copies((Copy(map_, first, second, 20.0, True, 0.9, pasted, 1.0),), (), 400, 480)


def _is_tinted(drawn: np.ndarray, y: int, x: int) -> bool:
    red, _, blue = drawn[y, x].astype(int)
    return bool(red > blue + 40)


@pytest.mark.parametrize(
    ("pasted", "tinted"), [("first", (True, False)), ("second", (False, True)), (None, (True,) * 2)]
)
def test_the_pasted_end_is_tinted_and_both_are_where_it_is_not_known(pasted, tinted):
    pixels = np.full((400, 480, 3), 120, np.uint8)
    drawn = draw_copies(pixels, _copies(pasted))
    assert drawn.shape == pixels.shape
    assert drawn.dtype == np.uint8
    assert (_is_tinted(drawn, 90, 60), _is_tinted(drawn, 310, 340)) == tinted
    assert (drawn[390, 10] == 120).all()
    assert (drawn[80, 60:100] != drawn[390, 10]).any(), "the outline shows"


def test_the_arrow_points_to_the_pasted_end():
    pixels = np.full((400, 480, 3), 120, np.uint8)
    to_second = draw_copies(pixels, _copies("second")).astype(int)
    to_first = draw_copies(pixels, _copies("first")).astype(int)
    assert not (to_second[200, 100:380] == 120).all(), "a line joins both"
    assert not np.array_equal(to_second, to_first)


def test_any_size_and_no_copy_at_all():
    copies = _copies(None)
    assert draw_copies(np.zeros((77, 91, 3), np.uint8), copies).shape == (77, 91, 3)
    grey = np.full((40, 48, 3), 9, np.uint8)
    assert np.array_equal(draw_copies(grey, replace(copies, copies=())), grey)
