from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.literal.nadq import literal
from signals import Evidence, Unusable, get_signal
from signals.block_dct import block_dct
from signals.compression.lattice import Lattice
from signals.compression.nadq import ShiftedGrid, dc_histograms, find_grid, on_picture_grid

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"
PASTED = np.s_[64:176, 80:208]
LAYERS = [(0.5, 4), (1, 9), (2, 36), (5, 180)]


@pytest.fixture
def nadq():
    return get_signal("nadq")


def _scene(seed: int, height: int = 300, width: int = 320) -> np.ndarray:
    """Structure of several sizes, never compressed."""
    rng = np.random.default_rng(seed)
    layers = [amount * cv2.GaussianBlur(rng.normal(0, 1, (height, width)), (0, 0), size) for size, amount in LAYERS]
    return np.clip((128 + sum(layers))[..., None] * [1, 0.95, 0.9], 0, 255).astype(np.uint8)


@pytest.fixture
def saved(encode):
    """A scene saved at quality 60 and opened again, without its first 3 rows and 6 columns: its grid is at (5, 2)."""

    def make(seed: int) -> np.ndarray:
        return Evidence.open(encode(_scene(seed), "jpeg", quality=60)).pixels[3:, 6:].copy()

    return make


def _probability_inside_is_larger(values: np.ndarray) -> float:
    """Area under the curve, for the cells of PASTED against all others."""
    inside = np.zeros(values.shape, dtype=bool)
    inside[tuple(slice(part.start // 8, part.stop // 8) for part in PASTED)] = True
    difference = values[inside][:, None] - values[~inside]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def test_finds_what_was_pasted_from_a_jpeg(nadq, saved, encode):
    picture = _scene(0)[3:, 6:].copy()
    twin = encode(picture, "jpeg", quality=92)
    picture[PASTED] = saved(1)[PASTED]
    evidence = Evidence.open(encode(picture, "jpeg", quality=92))
    grid = find_grid(dc_histograms(evidence.pixels))
    assert (grid.row, grid.column, grid.lattice.step) == (5, 2, 13)
    assert grid.share < 0.3 < grid.lattice.share
    values = nadq.measure(evidence).values
    assert _probability_inside_is_larger(values) > 0.95
    assert nadq.measure(Evidence.open(twin)).values.max() < 0.5 * values.max()


def test_finds_what_was_pasted_into_a_cropped_jpeg(nadq, saved, encode):
    picture = saved(0)
    twin = encode(picture, "jpeg", quality=92)
    picture[PASTED] = _scene(1)[3:, 6:][PASTED]
    evidence = Evidence.open(encode(picture, "jpeg", quality=92))
    grid = find_grid(dc_histograms(evidence.pixels))
    assert (grid.row, grid.column, grid.lattice.step) == (5, 2, 13)
    assert grid.share > 0.5
    assert _probability_inside_is_larger(nadq.measure(evidence).values) > 0.97
    assert (nadq.measure(Evidence.open(twin)).values > 0).mean() < 0.1


def test_is_the_literal_algorithm(nadq, saved, encode):
    evidence = Evidence.open(encode(saved(0)[:137, :131], "jpeg", quality=92))
    assert np.abs(nadq.measure(evidence).values - literal(evidence)).max() < 1e-3


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_the_reference_pictures_hold_no_shifted_grid(name):
    # Nothing in them was saved on another grid. What the reference's map shows there follows a step that is not one,
    # and the correlation with any map made from the paper alone is 0.
    assert find_grid(dc_histograms(Evidence.open(GOLDEN / f"{name}.jpg").pixels)).lattice.gain < 15


def test_the_present_grid_is_not_taken_for_a_shifted_one(encode):
    twice = Evidence.open(encode(_scene(0), "jpeg", quality=60)).pixels
    grid = find_grid(dc_histograms(Evidence.open(encode(twice, "jpeg", quality=92)).pixels))
    assert grid is None or grid.lattice.gain < 15


def test_counts_the_means_of_all_textured_blocks(noise):
    pixels = noise(600, 40)
    pixels[100:200] = 90
    counts = dc_histograms(pixels).sum(axis=(0, 1))
    for row, column in ((0, 0), (5, 2), (7, 7)):
        height, width = (600 - row) // 8 * 8, (40 - column) // 8 * 8
        blocks = block_dct(pixels[row : row + height, column : column + width]).reshape(-1, 64).astype(np.float64)
        textured = (blocks[:, 1:] ** 2).sum(axis=1) >= 64
        expected = np.bincount(np.rint(blocks[textured, 0]).astype(int) + 1024, minlength=2049)
        # A mean halfway between two values goes either way.
        assert np.abs(np.cumsum(counts[row, column] - expected)).max() <= 2
        assert counts[row, column].sum() == expected.sum()


def test_parts_are_counted_by_the_first_pixel_of_a_block(noise):
    pixels = np.full((101, 90, 3), 128, dtype=np.uint8)
    pixels[51:, 45:] = noise(50, 45)
    counts = dc_histograms(pixels)
    assert not counts[0].any()
    assert not counts[:, 0].any()
    assert counts.sum() <= (101 - 7 - 43) * (90 - 7 - 37)
    assert counts[2:, 2:].sum() == (101 - 7 - 51) * (90 - 7 - 45)


def test_values_of_shifted_blocks_fall_where_they_are():
    grid = ShiftedGrid(2, 6, Lattice(8, 1.0, 1.0, 9.0), 1.0)
    values = np.random.default_rng(0).normal(size=(11, 12))
    pixels = np.full((100, 108), np.nan)
    pixels[2:90, 6:102] = values.repeat(8, 0).repeat(8, 1)
    cells = on_picture_grid(values, grid, 13, 14)
    assert cells.shape == (13, 14)
    means = pixels[:96, :104].reshape(12, 8, 13, 8).mean(axis=(1, 3))
    there = np.isfinite(means)
    assert there.sum() == 10 * 11
    assert np.allclose(cells[:12, :13][there], means[there])
    assert np.allclose(on_picture_grid(np.full((11, 12), 3.0), grid, 13, 14), 3)


def test_rows_that_are_not_there_do_not_count(nadq, saved, encode):
    data = encode(saved(0), "jpeg", quality=92)
    evidence = Evidence.open(data[: len(data) * 8 // 10])
    assert 128 < evidence.decoded_rows < 290
    known = evidence.decoded_rows // 8
    statistic, whole = nadq.measure(evidence), nadq.measure(Evidence.open(data)).values
    assert statistic.valid[: known - 3].all()
    assert not statistic.valid[known:].any()
    assert np.corrcoef(statistic.values[: known - 3].ravel(), whole[: known - 3].ravel())[0, 1] > 0.9


def test_what_it_cannot_read(nadq, noise, encode):
    with pytest.raises(Unusable, match="no JPEG"):
        nadq.measure(Evidence.open(encode(noise(200, 200), "png")))
    with pytest.raises(Unusable, match="128 x 128"):
        nadq.measure(Evidence.open(encode(noise(120, 300), "jpeg")))
    nearly_flat = np.full((200, 200, 3), 128, dtype=np.uint8)
    nearly_flat[80:, 80:] = 160
    nearly_flat[::8] += 1
    with pytest.raises(Unusable, match="flat"):
        nadq.measure(Evidence.open(encode(nearly_flat[:200, :200], "jpeg", quality=30)))
