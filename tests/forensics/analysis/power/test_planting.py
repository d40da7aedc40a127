from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, gaussian_filter

from forensics.analysis.power.family import KINDS, SIZES
from forensics.analysis.power.planting import plant


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """A picture with large and small structure, 192 x 224."""
    random = np.random.default_rng(3)
    shades = sum(gaussian_filter(random.normal(0, 1, (192, 224, 3)), (sigma, sigma, 0)) * sigma for sigma in (1, 6, 20))
    return (128 + 90 * shades).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_has_its_size_and_changes_that_place_alone(pixels, kind, size) -> None:
    edit = plant(kind, size, pixels, pixels, np.random.default_rng(7))
    assert edit is not None
    assert size.low <= edit.mask.mean() <= size.high
    changed = (edit.pixels != pixels).any(axis=-1)
    assert changed[edit.mask].mean() > 0.3
    # soft edges reach three sigma of at most 3 pixels, and the kernel of a blurred seam
    assert not changed[~binary_dilation(edit.mask, iterations=14)].any()


def test_the_same_draws_make_the_same_edit(pixels) -> None:
    one, other = (plant("splice", SIZES[1], pixels, pixels, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert not np.array_equal(one.pixels, plant("splice", SIZES[1], pixels, pixels, np.random.default_rng(6)).pixels)


def test_nothing_is_planted_where_nothing_would_change() -> None:
    flat = np.full((160, 160, 3), 90, np.uint8)
    assert plant("copy_move", SIZES[1], flat, flat, np.random.default_rng(0)) is None
