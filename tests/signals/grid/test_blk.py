from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.literal.blk import literal
from signals import Evidence, Unusable, get_signal
from signals.grid.blk import block_grid, blocks_off_grid

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"


@pytest.fixture
def blk():
    return get_signal("blk")


def _decoded(data: bytes) -> np.ndarray:
    return Evidence.open(data).pixels


def _auc(inside: np.ndarray, outside: np.ndarray) -> float:
    return float((inside[:, None] > outside[None]).mean() + (inside[:, None] == outside[None]).mean() / 2)


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_map_of_the_reference(name, blk):
    golden = np.load(GOLDEN / f"{name}.npz")["blk_map"]
    values = blk.measure(Evidence.open(GOLDEN / f"{name}.jpg")).values
    assert np.corrcoef(values.ravel(), golden.ravel())[0, 1] > 0.999


def test_grid_of_the_reference():
    """Its rounding decides which differences of exactly 50 grey levels are kept; the paper keeps them all."""
    golden = np.load(GOLDEN / "g256.npz")["blk_diff"]
    difference = np.abs(block_grid(Evidence.open(GOLDEN / "g256.jpg").pixels) - golden)
    assert (difference <= 0.001).mean() > 0.98


def test_is_the_literal_algorithm(blk, noise, encode):
    evidence = Evidence.open(encode(noise(41, 58), "jpeg", quality=60))
    assert np.allclose(blk.measure(evidence).values, literal(evidence), atol=1e-3)


def test_finds_a_patch_off_the_grid(blk, noise, encode):
    host, other = _decoded(encode(noise(256, 320), "jpeg", quality=60)), noise(200, 210)
    other = _decoded(encode(other, "jpeg", quality=60))
    twin = blk.measure(Evidence.from_pixels(host)).values
    forged = host.copy()
    forged[80:176, 120:216] = other[43:139, 45:141]
    found = blk.measure(Evidence.from_pixels(forged)).values
    inside = np.zeros(found.shape, dtype=bool)
    inside[10:22, 15:27] = True
    assert _auc(found[inside], found[~inside]) > 0.95
    assert np.percentile(twin, 95) < np.median(found[inside])


def test_moves_with_a_picture_cropped_by_whole_blocks(blk, noise, encode):
    pixels = _decoded(encode(noise(200, 232), "jpeg", quality=50))
    whole = blk.measure(Evidence.from_pixels(pixels)).values
    cropped = blk.measure(Evidence.from_pixels(pixels[16:, 24:])).values
    # The border is mirrored, and reaches five blocks far.
    assert np.allclose(cropped[5:, 5:], whole[7:, 8:], atol=1e-3)


def test_strips_do_not_show(noise):
    pixels = noise(700, 40)
    # A row depends on 33 rows above it.
    assert np.allclose(block_grid(pixels)[333:], block_grid(pixels[300:])[33:], atol=1e-3)


def test_turns_with_the_picture(blk, noise):
    pixels = noise(120, 152)
    upright, turned = (blk.measure(Evidence.from_pixels(p)).values for p in (pixels, pixels.swapaxes(0, 1)))
    assert np.allclose(upright, turned.T, atol=1e-3)


def test_lines_inside_a_block_count_against_it_and_those_on_its_border_for_it():
    def column_at(place: int) -> np.ndarray:
        grid = np.zeros((8, 8), dtype=np.float32)
        grid[:, place] = 1
        return blocks_off_grid(grid)[0, 0]

    # Six pixels of an inner column; of every row it has the same part.
    assert [column_at(place) for place in range(8)] == [0, 6, 6, 6, 6, 6, 6, 0]
    both = np.zeros((8, 8), dtype=np.float32)
    both[:, [0, 7]] = both[[0, 7]] = 1
    assert blocks_off_grid(both)[0, 0] == -12


def test_incomplete_blocks_are_not_valid(blk, noise):
    statistic = blk.measure(Evidence.from_pixels(noise(100, 124)))
    assert statistic.valid.shape == (13, 16)
    assert statistic.valid[:12, :15].all()
    assert not statistic.valid[12].any()
    assert not statistic.valid[:, 15].any()


def test_a_flat_picture_says_so(blk):
    with pytest.raises(Unusable, match="flat"):
        blk.measure(Evidence.from_pixels(np.full((64, 64, 3), 90, np.uint8)))
