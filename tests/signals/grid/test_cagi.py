from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.literal.cagi import literal
from signals import Evidence, Unusable, get_signal
from signals.grid.cagi_content import block_means, tile_edges
from signals.grid.cagi_grids import cagi_maps, cell_blocks, grid_scores

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"


@pytest.fixture
def cagi():
    return get_signal("cagi")


@pytest.fixture
def photo():
    """One of the pictures of the references."""
    return Evidence.open(GOLDEN / "g384.jpg").pixels


def _full_size(cells: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    side = 8 * cell_blocks(*shape)
    full = np.kron(cells, np.ones((side, side)))
    return np.pad(full, [(0, size - have) for size, have in zip(shape, full.shape, strict=True)], mode="edge")


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_maps_of_the_reference(name):
    golden = np.load(GOLDEN / f"{name}.npz")
    pixels = Evidence.open(GOLDEN / f"{name}.jpg").pixels
    found = [_full_size(cells, pixels.shape[:2]) for cells in cagi_maps(pixels)]
    if name == "g384":
        assert np.corrcoef(found[0][::4, ::4].ravel(), golden["cagi_0"].ravel())[0, 1] > 0.9999
        return
    for ours, theirs in zip(found, (golden["cagi_0"], golden["cagi_1"]), strict=True):
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.9999
        assert np.abs(ours - theirs).max() < 1e-3


def test_is_the_literal_algorithm(cagi, noise, encode):
    pixels = noise(100, 140)
    pixels[:48, :48] = 250
    evidence = Evidence.open(encode(pixels, "jpeg", quality=70))
    statistic = cagi.measure(evidence)
    expected = literal(evidence)
    assert np.allclose(statistic.values, expected, atol=1e-5)
    assert not statistic.valid[:4, :4].any()


def test_finds_a_patch_off_the_grid(cagi, photo, encode):
    host = Evidence.open(encode(photo, "jpeg", quality=60)).pixels
    forged = host.copy()
    forged[120:248, 160:288] = host[59:187, 285:413]
    inside = np.zeros((48, 64), dtype=bool)
    inside[17:29, 22:34] = True
    before, after = (cagi.measure(Evidence.from_pixels(picture)) for picture in (host, forged))
    assert after.values[inside].mean() > before.values[inside].mean() + 0.2
    assert after.values[inside].mean() > after.values[after.valid & ~inside].mean() + 0.2


def test_is_silent_where_the_grid_is_the_same_everywhere(cagi, noise, encode):
    statistic = cagi.measure(Evidence.open(encode(noise(256, 320), "jpeg", quality=60)))
    assert statistic.values[statistic.valid].mean() == pytest.approx(0, abs=0.05)
    assert np.abs(statistic.values).max() < 0.35


def test_the_best_candidate_is_the_stored_grid_of_a_jpeg_and_moves_with_a_crop(photo, encode):
    pixels = Evidence.open(encode(photo, "jpeg", quality=60)).pixels
    scores = grid_scores(pixels)
    assert scores.stored() == 15
    assert len({tuple(origin) for origin in scores.origins.tolist()}) == 16
    # Block centers are 4 rows and columns from where blocks begin, less 1.
    assert grid_scores(pixels[2:, 5:]).origins[-1].tolist() == [(3 - 2) % 8, (3 - 5) % 8]


def test_an_aligned_crop_moves_the_cells(photo, encode):
    pixels = Evidence.open(encode(photo, "jpeg", quality=60)).pixels
    whole, part = grid_scores(pixels), grid_scores(pixels[32:, 48:])
    assert np.array_equal(whole.origins[-1], part.origins[-1])
    assert np.allclose(whole.cells[-1, 2:, 3:], part.cells[-1])


def test_the_edge_of_a_tile_is_its_contrast():
    pixels = np.zeros((600, 600, 3), np.uint8)
    pixels[:, :] = 100
    pixels[203:210, 300:310] = 151  # the lowest seven rows of one tile
    responses, strong = tile_edges(pixels)
    assert responses[20, 30] == pytest.approx(51 * 100 / 255)
    assert strong[20, 30]
    assert np.count_nonzero(responses) == np.count_nonzero(strong) == 1


@pytest.mark.parametrize("side", [np.tri(10, k=k)[::flip] for k in range(-3, 4) for flip in (1, -1)])
def test_diagonal_edges_stand_out_most_when_a_template_fits(side):
    """Of each diagonal direction six templates; between two of them a little contrast is lost."""
    pixels = np.full((600, 600, 3), 100, np.uint8)
    pixels[100:110, 200:210][side > 0] = 200
    response = tile_edges(pixels)[0][10, 20]
    assert 0.8 * 100 * 100 / 255 < response <= 100 * 100 / 255 + 1e-9


@pytest.mark.parametrize(("corner", "sizes"), [("left", (5, 6, 8, 10, 12, 14)), ("right", (5, 7, 9, 11, 13, 14))])
def test_diagonal_templates_fit_edges_of_these_sizes(corner, sizes):
    # How many steps from the lower corner each pixel of the tile is.
    steps = np.arange(10)[::-1, None] + (np.arange(10) if corner == "left" else np.arange(10)[::-1])
    for size in sizes:
        pixels = np.full((600, 600, 3), 100, np.uint8)
        pixels[:10, :10][steps < size] = 151
        assert tile_edges(pixels)[0][0, 0] == pytest.approx(20)


def _picture_with_edges(levels: dict[tuple[int, int], int]) -> np.ndarray:
    pixels = np.full((600, 600, 3), 100, np.uint8)
    for (row, column), level in levels.items():
        pixels[row * 10 : row * 10 + 5, column * 10 : column * 10 + 10] += np.uint8(level)
    return pixels


def test_a_faint_edge_counts_above_the_level_of_its_surroundings():
    # Ten clear edges elsewhere: the mean response is 0.06 %, and an edge must have 1 % more.
    clear = {(0, column): 51 for column in range(10)}
    strong = tile_edges(_picture_with_edges({**clear, (50, 50): 2, (50, 30): 3}))[1]
    assert strong[0, :10].all()
    assert strong[50, 30]
    assert not strong[50, 50]
    # A fifth of all tiles at 40 %: in the rest an edge must have the mean response, 8 %.
    busy = {(row, column): 102 for row in range(60) for column in range(12)}
    strong = tile_edges(_picture_with_edges({**busy, (50, 50): 20, (50, 30): 25}))[1]
    assert strong[50, 30]
    assert not strong[50, 50]


def test_tiles_are_spread_by_nearest_neighbor():
    tiles = np.random.default_rng(0).random((60, 60))
    # Two blocks to a tile and half a tile to a block.
    assert np.allclose(block_means(tiles, (960, 960), (119, 119)), np.kron(tiles, np.ones((2, 2)))[:119, :119])
    assert np.allclose(
        block_means(tiles, (240, 240), (29, 29)), tiles.reshape(30, 2, 30, 2).mean(axis=(1, 3))[:29, :29]
    )


def test_flat_and_clipped_pictures_say_so(cagi, noise):
    for pixels in (np.full((96, 96, 3), 90, np.uint8), noise(96, 96) // 16 + 240):
        with pytest.raises(Unusable, match="flat"):
            cagi.measure(Evidence.from_pixels(pixels))
