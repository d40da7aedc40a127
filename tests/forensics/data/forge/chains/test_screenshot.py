from __future__ import annotations

import numpy as np
import pytest

from forensics.data.forge.chains.screenshot import Screenshot, draw_display_screenshot, draw_screenshot
from tests.conftest import paint_scene


def draws(count: int, size: tuple[int, int]) -> list[Screenshot]:
    return [draw_screenshot(np.random.default_rng(seed), size, 1024) for seed in range(count)]


@pytest.mark.parametrize("size", [(64, 64), (97, 311), (512, 384), (1500, 1300)])
def test_the_screen_has_the_size_asked_for_and_shows_mostly_the_picture(size: tuple[int, int]) -> None:
    for screenshot in draws(30, size):
        canvas = screenshot.canvas(size)
        row, column, height, width = screenshot.box(canvas)
        assert screenshot.apply(np.zeros((*canvas, 3), np.uint8)).shape[:2] == size
        assert height * width > 0.6 * size[0] * size[1]
        assert screenshot.scale <= 1
        assert max(canvas) <= max(1024, *size)
        assert (row, column) == (screenshot.top, screenshot.left)


def test_the_picture_lies_where_the_box_says_and_the_mask_with_it() -> None:
    for screenshot in draws(40, (300, 400)):
        canvas = screenshot.canvas((300, 400))
        red = np.zeros((*canvas, 3), np.uint8)
        red[..., 0] = 255
        row, column, height, width = screenshot.box(canvas)
        screen = screenshot.apply(red)
        assert (screen[row : row + height, column : column + width] == (255, 0, 0)).all()
        frame = np.ones((300, 400), bool)
        frame[row : row + height, column : column + width] = False
        assert not (screen[frame] == (255, 0, 0)).all(axis=-1).any()
        assert (screenshot.apply_mask(np.ones(canvas, bool)) == ~frame).all()


def test_bars_bear_signs_and_other_seeds_other_ones() -> None:
    phone = Screenshot(1.0, 60, 40, 0, 0, "linear", "phone", dark=False, seed=1)
    other = Screenshot(1.0, 60, 40, 0, 0, "linear", "phone", dark=False, seed=2)
    picture = paint_scene(0, 500, 300)
    bar = phone.apply(picture)[:60]
    assert len(np.unique(bar)) > 10
    assert (bar != other.apply(picture)[:60]).any()
    assert (phone.apply(picture) == phone.apply(picture)).all()


@pytest.mark.parametrize("size", [(200, 300), (3000, 4000), (4000, 2250)])
def test_a_whole_picture_fits_a_display(size: tuple[int, int]) -> None:
    for seed in range(30):
        screenshot = draw_display_screenshot(np.random.default_rng(seed), size)
        row, column, height, width = screenshot.box(size)
        screen = row + height + screenshot.bottom, column + width + screenshot.right
        assert max(screen) <= 2560
        assert height / width == pytest.approx(size[0] / size[1], rel=0.01)
