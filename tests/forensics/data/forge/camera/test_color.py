from __future__ import annotations

import numpy as np
import pytest

from forensics.data.forge.camera.color import ColorResponse
from forensics.data.forge.camera.mosaic import FIRST_RED, measure_colors

RESPONSE = ColorResponse((2.0, 1.6), (0.1, 0.2, 0.25))


def test_white_is_green_at_the_sensor():
    white = np.ones((2, 2, 3), np.float32)
    assert np.allclose(RESPONSE.filter(white), [1 / 2.0, 1, 1 / 1.6])


def test_crosstalk_is_the_share_of_the_other_colors():
    red = np.zeros((2, 2, 3), np.float32)
    red[..., 0] = 1
    assert np.allclose(RESPONSE.filter(red), [0.9 / 2.0, 0.1, 0.125 / 1.6])


@pytest.mark.parametrize("pattern", FIRST_RED)
def test_balancing_and_correcting_undo_the_filters(pattern):
    light = np.random.default_rng(3).random((7, 9, 3), dtype=np.float32)
    filtered = RESPONSE.filter(light)
    balanced = filtered * np.array([2.0, 1, 1.6], np.float32)
    samples = RESPONSE.balance(measure_colors(filtered, pattern), pattern)
    assert np.allclose(samples, measure_colors(balanced, pattern), atol=1e-6)
    assert np.allclose(RESPONSE.correct(balanced), light, atol=1e-5)


def test_highlights_are_cut_where_green_is_full():
    full = np.ones((4, 4), np.float32)
    assert (RESPONSE.balance(full, "RGGB") == 1).all()
