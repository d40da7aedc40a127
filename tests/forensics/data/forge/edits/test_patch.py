from __future__ import annotations

import numpy as np
import pytest

from forensics.data.forge.edits.patch import cut, extent, lay, lay_alpha


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)


@pytest.fixture
def region() -> np.ndarray:
    alpha = np.zeros((40, 50), dtype=np.float32)
    alpha[10:20, 15:22] = 1
    return alpha


def test_what_is_cut_lies_where_it_was(picture: np.ndarray, region: np.ndarray) -> None:
    patch = cut(picture, region, margin=3)
    assert patch.pixels.shape == (16, 13, 3)
    assert (patch.y, patch.x) == (7, 12)
    layer, alpha = lay(np.zeros_like(picture), patch.pixels, patch.alpha, patch.y, patch.x)
    assert (alpha == region).all()
    assert (layer[10:20, 15:22] == picture[10:20, 15:22]).all()
    assert extent(region) == (10, 20, 15, 22)


def test_margins_end_at_the_border(picture: np.ndarray, region: np.ndarray) -> None:
    assert cut(picture, region, margin=100).pixels.shape == picture.shape


@pytest.mark.parametrize(("y", "x"), [(-5, -5), (35, 45), (-100, 0), (0, 100), (100, -100)])
def test_what_sticks_out_is_lost(picture: np.ndarray, y: int, x: int) -> None:
    alpha = np.ones((10, 10), dtype=np.float32)
    layer, laid = lay(picture, np.zeros((10, 10, 3), np.uint8), alpha, y, x)
    rows, columns = np.mgrid[:40, :50]
    expected = (rows >= y) & (rows < y + 10) & (columns >= x) & (columns < x + 10)
    assert ((laid == 1) == expected).all()
    assert (layer[~expected] == picture[~expected]).all()
    assert not layer[expected].any()
    assert (lay_alpha((40, 50), alpha, y, x) == laid).all()
