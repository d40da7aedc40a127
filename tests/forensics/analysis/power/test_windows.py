from __future__ import annotations

import numpy as np
import pytest

from forensics.analysis.power.windows import choose_windows, cut


def _random() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """400 x 720: flat at the left, rougher and rougher to the right."""
    noise = np.random.default_rng(1).normal(0, 1, (400, 720, 3)) * np.linspace(0, 40, 720)[None, :, None]
    return (128 + noise).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("count", [1, 3, 16])
def test_windows_lie_on_the_grid_inside_and_differ(pixels, count) -> None:
    windows = choose_windows(pixels, count, 128, (16, 8), _random())
    assert len(windows) == count
    assert len({(window.top, window.left) for window in windows}) == count
    for window in windows:
        assert (window.top % 16, window.left % 8) == (0, 0)
        assert cut(pixels, window).shape == (128, 128, 3)


def test_they_reach_from_flat_to_busy(pixels) -> None:
    lefts = sorted(window.left for window in choose_windows(pixels, 6, 128, (8, 8), _random()))
    assert lefts[0] < 150
    assert lefts[-1] > 430


@pytest.mark.parametrize(("shape", "expected"), [((100, 120), (100, 120)), ((100, 900), (100, 512))])
def test_small_pictures_are_their_own_window(shape, expected) -> None:
    windows = choose_windows(np.zeros((*shape, 3), np.uint8), 16, 512, (8, 8), _random())
    assert {(window.height, window.width) for window in windows} == {expected}
    assert len(windows) == (1 if shape[1] < 512 else 2)


def test_a_picture_hardly_larger_than_a_window_has_one() -> None:
    (window,) = choose_windows(np.zeros((530, 600, 3), np.uint8), 16, 512, (16, 16), _random())
    assert (window.top % 16, window.left % 16) == (0, 0)
    assert window.left + window.width <= 600
