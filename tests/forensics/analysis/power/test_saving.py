from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.analysis.power.saving import saving_of
from signals import Evidence

# Steps that no standard quality has, in natural order; the luma table rises along the rows, so a transposed or zig-zag
# order would show.
LUMA = [1 + column + 2 * row for row in range(8) for column in range(8)]
CHROMA = [40 - column - 2 * row for row in range(8) for column in range(8)]


def _save(pixels: np.ndarray, mode: str = "RGB", **options: object) -> Evidence:
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "JPEG", **options)
    return Evidence.open(file.getvalue())


@pytest.fixture
def pixels() -> np.ndarray:
    """Smooth colors, 64 x 96: what chroma sampling does to them is little."""
    rows, columns = np.mgrid[:64, :96]
    return np.stack([rows * 2 + 60, columns * 2 + 30, 200 - rows - columns], axis=-1).astype(np.uint8)


@pytest.mark.parametrize(
    ("subsampling", "block"), [("4:4:4", (8, 8)), ("4:2:2", (8, 16)), ("4:2:0", (16, 16))], ids=lambda value: str(value)
)
def test_tables_and_sampling_are_those_of_the_picture(pixels, subsampling, block) -> None:
    picture = _save(pixels, qtables=[LUMA, CHROMA], subsampling=subsampling)
    saving = saving_of(picture)
    again = Evidence.open(saving.encode(picture.pixels[:32, :48]))
    assert again.structure.samplings == picture.structure.samplings
    for slot in range(2):
        np.testing.assert_array_equal(again.structure.tables[slot], picture.structure.tables[slot])
    assert again.structure.tables[0].ravel().tolist() == LUMA
    assert saving.block == block
    assert "own JPEG tables and sampling" in saving.described


def test_a_window_on_the_grid_hardly_changes_when_it_is_saved_again(pixels) -> None:
    """The grid keeps its phase: coefficients fall on the steps they were on. Off the grid they do not."""
    noisy = (pixels + np.random.default_rng(0).normal(0, 12, pixels.shape)).clip(0, 255).astype(np.uint8)
    picture = _save(noisy, qtables=[[24] * 64, [24] * 64], subsampling="4:4:4")
    saving = saving_of(picture)
    on_grid, off_grid = picture.pixels[16:48, 16:64], picture.pixels[19:51, 21:69]
    changes = [
        np.abs(Evidence.open(saving.encode(part)).pixels.astype(int) - part).mean() for part in (on_grid, off_grid)
    ]
    assert changes[0] < 1
    assert changes[1] > 3 * changes[0]


def test_grey_stays_grey(pixels) -> None:
    picture = _save(pixels, "L", qtables=[LUMA])
    again = Evidence.open(saving_of(picture).encode(picture.pixels))
    assert again.structure.color == "grey"
    np.testing.assert_array_equal(again.structure.tables[0], picture.structure.tables[0])


def test_rgb_stays_rgb(pixels) -> None:
    picture = _save(pixels, keep_rgb=True, qtables=[LUMA])
    assert picture.structure.color == "rgb"
    again = Evidence.open(saving_of(picture).encode(picture.pixels))
    assert again.structure.color == "rgb"


def test_large_steps_are_kept(pixels) -> None:
    steps = [300] * 64
    again = Evidence.open(saving_of(_save(pixels, qtables=[steps, steps])).encode(pixels))
    assert again.structure.tables[0].ravel().tolist() == steps


def test_another_sampling_is_told(pixels) -> None:
    """Tall chroma cells cannot be written; the tables are kept."""
    options = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440, cv2.IMWRITE_JPEG_QUALITY, 71]
    picture = Evidence.open(cv2.imencode(".jpg", pixels, options)[1].tobytes())
    assert picture.structure.samplings[0] == (1, 2)
    saving = saving_of(picture)
    assert "not as in the picture" in saving.described
    assert saving.block == (16, 8)
    again = Evidence.open(saving.encode(picture.pixels))
    np.testing.assert_array_equal(again.structure.tables[0], picture.structure.tables[0])


def test_fewer_colors_are_told(pixels) -> None:
    """CMYK keeps its tables but not its colors."""
    picture = _save(pixels, "CMYK")
    saving = saving_of(picture)
    assert "not four" in saving.described
    assert Evidence.open(saving.encode(picture.pixels)).structure.color == "ycbcr"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_no_jpeg_is_saved_without_loss(pixels, kind) -> None:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    saving = saving_of(Evidence.open(file.getvalue()))
    assert "PNG" in saving.described
    np.testing.assert_array_equal(Evidence.open(saving.encode(pixels)).pixels, pixels)
    np.testing.assert_array_equal(Evidence.open(saving_of(Evidence.from_pixels(pixels)).encode(pixels)).pixels, pixels)
