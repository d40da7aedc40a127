from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.data.forge.chains.geometry import Crop, Resize, draw_crop_off_grid, resize_mask, scaled, unscaled
from signals.errors import WrongUsage

sides = st.integers(1, 3000)


@given(st.tuples(sides, sides), st.floats(0.05, 1))
def test_every_size_can_be_reached_by_a_reduction(size: tuple[int, int], scale: float) -> None:
    assert scaled(unscaled(size, scale), scale) == size


def test_an_enlargement_that_skips_the_size_is_refused() -> None:
    with pytest.raises(WrongUsage, match="scale up to 1"):
        unscaled((101, 100), 2.0)


@pytest.mark.parametrize("kernel", ["area", "linear", "bicubic", "lanczos"])
@pytest.mark.parametrize("scale", [0.37, 0.5, 0.81, 1.0, 1.6])
def test_mask_and_pixels_move_alike(kernel: str, scale: float) -> None:
    picture = np.full((120, 150, 3), (0, 0, 200), np.uint8)
    mask = np.zeros((120, 150), bool)
    mask[31:77, 42:97] = True
    picture[mask] = (200, 0, 0)
    step = Resize(scale, kernel)  # type: ignore[arg-type]
    moved = step.apply_mask(mask)
    red = step.apply(picture)[..., 0] > 100
    # only pixels that the border runs through may be told otherwise by a wider kernel
    assert (red ^ moved).mean() < 0.01
    # the middle of the box, in shares of the picture
    for axis, middle in enumerate((54 / 120, 69.5 / 150)):
        assert (np.nonzero(moved)[axis].mean() + 0.5) / moved.shape[axis] == pytest.approx(middle, abs=0.01)


def test_a_reduced_mask_marks_where_more_than_half_was_marked() -> None:
    mask = np.zeros((4, 8), bool)
    mask[:, :3] = True
    mask[0, 4:6] = mask[1, 4] = True
    assert resize_mask(mask, (2, 4)).tolist() == [[True, False, True, False], [True, False, False, False]]


def test_a_crop_cuts_what_it_says() -> None:
    picture = np.arange(20 * 30 * 3, dtype=np.uint16).reshape(20, 30, 3).astype(np.uint8)
    crop = Crop(3, 5, 2, 7)
    assert (crop.apply(picture) == picture[3:18, 5:23]).all()
    assert crop.canvas((15, 18)) == (20, 30)
    with pytest.raises(WrongUsage, match="crop less"):
        crop.apply(picture[:5])


def test_crops_off_the_grid_reach_all_63_places() -> None:
    random = np.random.default_rng(0)
    places = {(crop.top, crop.left) for crop in (draw_crop_off_grid(random) for _ in range(2000))}
    assert places == {(y, x) for y in range(8) for x in range(8)} - {(0, 0)}
