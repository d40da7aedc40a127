from __future__ import annotations

import numpy as np
import pytest

from forensics.data.forge.camera.mosaic import FIRST_RED, measure_colors


@pytest.mark.parametrize("pattern", FIRST_RED)
def test_the_name_of_a_pattern_spells_its_first_square(pattern):
    colors = np.broadcast_to(np.array([1, 2, 3], np.float32), (5, 7, 3))
    samples = measure_colors(colors, pattern)
    letters = np.array([" ", "R", "G", "B"])[samples.astype(int)]
    assert "".join(letters[:2, :2].ravel()) == pattern
    for y in range(5):
        for x in range(7):
            assert letters[y, x] == letters[y % 2, x % 2]


def test_samples_are_the_values_of_the_picture():
    colors = np.random.default_rng(0).random((9, 10, 3), dtype=np.float32)
    samples = measure_colors(colors, "GRBG")
    assert (samples[0::2, 1::2] == colors[0::2, 1::2, 0]).all()
    assert (samples[1::2, 0::2] == colors[1::2, 0::2, 2]).all()
    assert (samples[0::2, 0::2] == colors[0::2, 0::2, 1]).all()
