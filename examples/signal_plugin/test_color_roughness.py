import numpy as np
import pytest
from color_roughness import ColorRoughness

from signals import Evidence
from signals.extraction import extract


def test_it_finds_rough_color():
    pixels = np.tile(np.linspace(40, 200, 96).astype(np.uint8)[:, None, None], (1, 96, 3))
    pixels[..., 1] += 20
    pixels[32:64, 32:64] += np.random.default_rng(0).integers(0, 20, (32, 32, 3), dtype=np.uint8)
    values = extract(ColorRoughness(), Evidence.from_pixels(pixels)).values[0]
    assert values[5:7, 5:7].min() > 2 * values[:3].max()


@pytest.mark.parametrize("size", [(1, 1), (7, 400), (8, 8), (61, 83)])
def test_any_size_is_read_or_refused(size):
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert extract(ColorRoughness(), Evidence.from_pixels(noise)).usable == (min(size) >= 8)
