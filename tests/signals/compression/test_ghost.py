from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.literal.ghost import literal
from signals import Evidence, get_signal
from signals.block_dct import block_dct
from signals.compression.ghost import block_differences, dip, ghost_curve, ghost_map, luma_table

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"


def _saved(pixels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(buffer))


def _minima(curve: np.ndarray) -> list[int]:
    falls, rises = curve[1:-1] < curve[:-2], curve[1:-1] < curve[2:]
    return [int(place) + 1 for place in np.flatnonzero(falls & rises)]


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_curve_is_that_of_the_reference(name):
    golden = np.load(GOLDEN / f"{name}.npz")
    curve = ghost_curve(Evidence.open(GOLDEN / f"{name}.jpg").pixels, golden["ghost_q"])
    assert np.abs(curve / golden["ghost_curve"] - 1).max() <= 1e-3
    # The reference counts the end of the curve as a minimum.
    inner = [quality for quality in golden["ghost_minima"] if quality < 100]
    assert [int(golden["ghost_q"][place]) for place in _minima(curve)] == inner


@pytest.mark.parametrize("name", ["g256", "g384"])
def test_luma_blocks_show_the_ghosts_of_the_real_save(name):
    golden = np.load(GOLDEN / f"{name}.npz")
    blocks = block_dct(Evidence.open(GOLDEN / f"{name}.jpg").pixels)
    curve = np.array([block_differences(blocks, luma_table(int(quality))).mean() for quality in golden["ghost_q"]])
    assert np.corrcoef(curve, golden["ghost_curve"])[0, 1] > 0.99
    # Saved at 70 before and at 90 last.
    assert {70, 90} <= {int(golden["ghost_q"][place]) for place in _minima(curve)}


def test_equals_the_plain_algorithm(noise):
    evidence = Evidence.from_pixels(noise(40, 53))
    assert np.abs(get_signal("ghost").extract(evidence).values - literal(evidence)).max() < 0.01  # half precision


def test_table_is_that_of_libjpeg():
    for quality in (1, 30, 50, 75, 92, 100):
        buffer = io.BytesIO()
        Image.new("L", (8, 8)).save(buffer, "jpeg", quality=quality)
        assert Image.open(buffer).quantization[0] == luma_table(quality).reshape(-1).tolist()


def test_difference_is_that_of_a_real_save_of_grey(noise):
    grey = noise(64, 64)[..., :1].repeat(3, axis=2)
    real = (_saved(grey, 80)[..., 0].astype(float) - grey[..., 0]) ** 2
    expected = real.reshape(8, 8, 8, 8).mean(axis=(1, 3))
    ours = block_differences(block_dct(grey), luma_table(80))
    # A real save rounds the pixels once more.
    assert np.abs(ours / expected - 1).max() < 0.1


@pytest.fixture
def forged(noise):
    """A part with a save at quality 65 behind it, on its grid or not, in a picture without; the last save is at 92."""

    def make(shift: int) -> np.ndarray:
        pixels = noise(192, 256)
        pixels[64:128, 96:160] = np.roll(_saved(pixels, 65), shift, axis=1)[64:128, 96:160]
        return _saved(pixels, 92)

    return make


INSIDE = np.zeros((24, 32), dtype=bool)
INSIDE[8:16, 12:20] = True
CORE = np.zeros_like(INSIDE)
CORE[10:14, 14:18] = True
FAR = np.ones_like(INSIDE)
FAR[5:19, 9:23] = False


def test_an_earlier_save_of_a_part_leaves_a_ghost(forged):
    signal = get_signal("ghost")
    drawn = signal.draw(signal.extract(Evidence.from_pixels(forged(0))))
    assert drawn[CORE].min() > drawn[FAR].max() + 0.1
    lowest = signal.spec.parameters["qualities"].index(65)
    curve = signal.extract(Evidence.from_pixels(forged(0))).values[:, CORE].astype(np.float32).mean(axis=1)
    assert curve[lowest] < min(curve[lowest - 1], curve[lowest + 1]) - 0.5


def test_off_the_grid_there_is_no_ghost(forged):
    signal = get_signal("ghost")
    drawn = signal.draw(signal.extract(Evidence.from_pixels(forged(3))))
    assert drawn[CORE].max() < drawn[FAR].max() + 0.1


def test_crops_on_the_grid_move_the_map(noise):
    signal, pixels = get_signal("ghost"), noise(120, 104)
    whole = signal.extract(Evidence.from_pixels(pixels)).values
    crop = signal.extract(Evidence.from_pixels(pixels[40:, 24:])).values
    assert np.allclose(whole[:, 5:, 3:], crop, atol=0.01)


def test_a_falling_curve_has_no_dip():
    values = np.linspace(9, 2, 16, dtype=np.float16)[:, None, None] * np.ones((1, 6, 6), np.float16)
    assert not dip(values).any()
    values[4] -= 2
    assert np.allclose(dip(values), values[5, 0, 0] - values[4, 0, 0], atol=0.01)


def test_map_of_the_paper_averages_17_by_17_pixels(noise):
    pixels = noise(40, 30)
    squares = ((pixels.astype(float) - _saved(pixels, 70)) ** 2).mean(axis=2)
    found = ghost_map(pixels, 70)
    assert found.shape == (24, 14)
    assert np.isclose(found[5, 3], squares[5:22, 3:20].mean())
