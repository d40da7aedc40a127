from __future__ import annotations

import cv2
import numpy as np
import pytest
from pydantic import TypeAdapter
from threadpoolctl import threadpool_limits

from forensics.data.forge.edits.fills import FILLS, Fill, NavierStokes, PatchFill, Telea, draw_fill
from tests.conftest import paint_scene

EACH = [Telea(4.0), NavierStokes(3.0), PatchFill(5, 1), PatchFill(7, 2)]


def ellipse(height: int, width: int, center: tuple[int, int], radius: int) -> np.ndarray:
    mask = np.zeros((height, width), dtype=np.uint8)
    cv2.ellipse(mask, center, (radius, radius // 2), 20, 0, 360, 1, cv2.FILLED)
    return mask.astype(bool)


@pytest.mark.parametrize("fill", EACH, ids=str)
@pytest.mark.parametrize("center", [(150, 100), (5, 3)], ids=["inside", "corner"])
def test_what_lay_in_the_hole_is_gone_and_the_rest_untouched(fill: Fill, center: tuple[int, int]) -> None:
    pixels, hole = paint_scene(1, 230, 310), ellipse(230, 310, center, 40)
    before, mask = pixels.copy(), hole.copy()
    filled = fill.apply(pixels, hole)
    np.testing.assert_array_equal(pixels, before)
    np.testing.assert_array_equal(hole, mask)
    np.testing.assert_array_equal(filled[~hole], pixels[~hole])
    other = pixels.copy()
    other[hole] = np.random.default_rng(0).integers(0, 256, (hole.sum(), 3))
    np.testing.assert_array_equal(fill.apply(other, hole), filled)
    assert filled.dtype == np.uint8
    assert (filled[hole] != pixels[hole]).any()


@pytest.mark.parametrize("fill", EACH, ids=str)
def test_flat_color_is_continued(fill: Fill) -> None:
    pixels = np.full((120, 150, 3), (30, 120, 210), dtype=np.uint8)
    hole = ellipse(120, 150, (70, 60), 30)
    pixels[hole] = 255
    error = np.abs(fill.apply(pixels, hole).astype(int) - (30, 120, 210))
    # OpenCV's Telea loses a level here and there
    assert error.max() <= 5


@pytest.mark.parametrize("side", [110, 330], ids=["own size", "reduced search"])
def test_patches_continue_a_texture_that_diffusion_cannot(side: int) -> None:
    period = 4 * (side // 110)
    stripes = np.where(np.arange(side) // period % 2, 200, 50).astype(np.uint8)
    pixels = np.repeat(np.repeat(stripes[None, :, None], side, axis=0), 3, axis=2)
    hole = ellipse(side, side, (side // 2, side // 2), side // 5)

    def mean_error(fill: Fill) -> float:
        return float(np.abs(fill.apply(pixels, hole)[hole].astype(int) - pixels[hole]).mean())

    assert mean_error(PatchFill(7, 0)) < 12
    assert mean_error(Telea(4.0)) > 30


def test_patches_hang_on_their_seed() -> None:
    pixels, hole = paint_scene(2, 200, 200), ellipse(200, 200, (100, 100), 45)
    assert np.array_equal(PatchFill(5, 1).apply(pixels, hole), PatchFill(5, 1).apply(pixels, hole))
    assert not np.array_equal(PatchFill(5, 1).apply(pixels, hole), PatchFill(5, 2).apply(pixels, hole))


def test_threads_of_the_algebra_change_nothing() -> None:
    pixels, hole = paint_scene(2, 200, 200), ellipse(200, 200, (100, 100), 45)
    results = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            results.append(PatchFill(7, 1).apply(pixels, hole))
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("size", [(9, 7), (40, 40), (17, 300)])
def test_holes_that_leave_little_are_filled_all_the_same(size: tuple[int, int]) -> None:
    pixels = paint_scene(3, *size)
    hole = np.ones(size, dtype=bool)
    hole[0] = False
    filled = PatchFill(7, 0).apply(pixels, hole)
    assert filled.shape == pixels.shape
    np.testing.assert_array_equal(filled[0], pixels[0])


def test_an_empty_hole_changes_nothing() -> None:
    pixels = paint_scene(4, 60, 80)
    for fill in EACH:
        np.testing.assert_array_equal(fill.apply(pixels, np.zeros((60, 80), dtype=bool)), pixels)


def test_drawn_fills_are_of_every_kind_and_survive_json() -> None:
    adapter: TypeAdapter[Fill] = TypeAdapter(Fill)
    random = np.random.default_rng(0)
    fills = [draw_fill(random) for _ in range(60)]
    assert {fill.name for fill in fills} == set(FILLS)
    assert [adapter.validate_json(adapter.dump_json(fill)) for fill in fills] == fills
