from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.literal.ela import literal
from signals import Evidence, get_signal
from signals.compression.ela import QUALITIES, error_levels
from signals.compression.recompression import recompressed

GOLDEN = Path(__file__).parents[2] / "golden" / "signals"


def _saved(pixels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(buffer))


def test_error_levels_are_those_of_the_reference():
    golden = np.load(GOLDEN / "g256.npz")["ela_x15"]
    levels = error_levels(Evidence.open(GOLDEN / "g256.jpg").pixels, 90)
    # Other builds of libjpeg may round some pixels by one step.
    assert np.abs(15 * levels - golden).max() <= 15.001
    assert np.mean(np.abs(15 * levels - golden) < 0.001) > 0.99


def test_equals_the_plain_algorithm(noise, encode):
    evidence = Evidence.open(encode(noise(61, 83), "jpeg", quality=85))
    values = get_signal("ela").extract(evidence).values
    expected = literal(evidence)
    assert np.abs(values - expected).max() <= expected.max() / 1000


@pytest.mark.parametrize("size", [(1, 1), (17, 300), (1100, 40), (512, 16), (529, 33)])
def test_tiles_give_the_jpeg_of_the_whole(size, noise):
    pixels = noise(*size)
    assert np.array_equal(recompressed(pixels, 70), _saved(pixels, 70))


def test_pictures_wider_than_a_jpeg_can_be(noise):
    narrow = noise(8, 1024)
    wide = np.tile(narrow, (1, 66, 1))
    again = recompressed(wide, 80)
    assert again.shape == wide.shape
    # The part across the seam of two tiles, 32,768 pixels from the left.
    assert np.array_equal(again[:, 32_000:33_500], _saved(wide[:, 31_744:33_792], 80)[:, 256:1756])


def test_a_part_without_the_first_save_changes_more(noise):
    original = noise(192, 256)
    plain = _saved(original, 60)
    forged = plain.copy()
    forged[64:128, 96:160] = original[64:128, 96:160]
    drawn = [get_signal("ela").draw(_read(_saved(pixels, 92))) for pixels in (forged, plain)]
    inside = np.zeros((24, 32), dtype=bool)
    inside[9:15, 13:19] = True
    outside = ~inside
    outside[7:17, 11:21] = False
    assert drawn[0][inside].min() > np.quantile(drawn[0][outside], 0.95)
    assert abs(drawn[1][inside].mean() - drawn[1][outside].mean()) < 0.05


def _read(pixels: np.ndarray):
    return get_signal("ela").extract(Evidence.from_pixels(pixels))


def test_saving_again_at_the_same_quality_changes_least(noise):
    settled = noise(128, 128)
    for _ in range(4):
        settled = _saved(settled, 80)
    means = _read(settled).values.astype(np.float32).mean(axis=(1, 2))
    assert np.argmin(means) == QUALITIES.index(80)


def test_crops_on_the_grid_of_coding_units_move_the_map(noise):
    pixels = noise(160, 192)
    whole, crop = _read(pixels).values, _read(pixels[32:, 48:]).values
    # Chroma at the new border is interpolated from other pixels.
    assert np.array_equal(whole[:, 5:, 7:], crop[:, 1:, 1:])
