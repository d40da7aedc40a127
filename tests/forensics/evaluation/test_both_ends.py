"""A map of the pasted end, carried to what it was copied from."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from forensics.evaluation.both_ends import both_ends
from signals import Evidence

COPIED, PASTED = (slice(40, 104), slice(48, 112)), (slice(136, 200), slice(144, 208))


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    random = np.random.default_rng(4)
    pixels = random.normal(128, 30, (256, 256, 1)).repeat(3, axis=2).clip(0, 255).astype(np.uint8)
    pixels[PASTED] = pixels[COPIED]
    return pixels


@pytest.mark.parametrize(("marked", "other"), [(PASTED, COPIED), (COPIED, PASTED)])
def test_what_one_end_is_marked_with_is_said_of_the_other(
    picture: NDArray[np.uint8], marked: tuple[slice, slice], other: tuple[slice, slice]
) -> None:
    values = np.full((256, 256), 0.1, dtype=np.float32)
    values[marked] = 0.9
    told = both_ends(values, Evidence.from_pixels(picture))
    inner = tuple(slice(one.start + 8, one.stop - 8) for one in other)
    assert (told[inner] > 0.8).mean() > 0.9
    assert (told[marked] == np.float32(0.9)).all()
    elsewhere = np.ones_like(values, dtype=np.bool_)
    for end in (COPIED, PASTED):
        elsewhere[end[0].start - 8 : end[0].stop + 8, end[1].start - 8 : end[1].stop + 8] = False
    assert (told[elsewhere] == np.float32(0.1)).all()


def test_a_copy_that_the_map_does_not_mark_stays_unmarked(picture: NDArray[np.uint8]) -> None:
    values = np.full((256, 256), 0.1, dtype=np.float32)
    assert both_ends(values, Evidence.from_pixels(picture)).max() < 0.11


def test_a_picture_that_cannot_be_searched_keeps_its_map() -> None:
    values = np.full((20, 20), 0.7, dtype=np.float32)
    assert np.array_equal(both_ends(values, Evidence.from_pixels(np.zeros((20, 20, 3), np.uint8))), values)
