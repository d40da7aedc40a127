import time

import numpy as np
import pytest

from forensics.objects import MAX_OBJECTS, RegionMerging


def two_halves(height: int, width: int) -> np.ndarray:
    pixels = np.full((height, width, 3), (200, 40, 40), dtype=np.uint8)
    pixels[:, width // 2 :] = (30, 60, 210)
    return pixels


def test_two_flat_halves_become_two_objects() -> None:
    objects = RegionMerging().segment(two_halves(128, 192))
    left = np.zeros(objects.masks.shape[1:], dtype=bool)
    left[:, : left.shape[1] // 2] = True
    for half in (left, ~left):
        overlaps = [(mask & half).sum() / (mask | half).sum() for mask in objects.masks]
        assert max(overlaps) > 0.95


def test_busy_picture_gives_at_most_64_objects_that_cover_most_of_it() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    objects = RegionMerging().segment(pixels)
    assert 2 <= len(objects.masks) <= MAX_OBJECTS
    assert objects.masks.any(axis=0).mean() > 0.5
    assert (objects.height, objects.width) == (320, 480)


def test_no_object_nearly_repeats_another() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (30, 30, 3), dtype=np.uint8).repeat(10, 0).repeat(10, 1)
    found = RegionMerging().segment(pixels).masks
    masks = found.reshape(len(found), -1).astype(float)
    shared = masks @ masks.T
    areas = masks.sum(1)
    overlap = shared / (areas[:, None] + areas[None] - shared)
    assert (overlap[np.triu_indices(len(masks), 1)] <= 0.85).all()


@pytest.mark.parametrize("size", [(1, 1), (7, 7), (1, 500), (10, 6000)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    objects = RegionMerging().segment(np.zeros((*size, 3), dtype=np.uint8))
    membership = objects.membership(16)
    assert membership.any(axis=0).all()
    assert membership.shape[1:] == (-(-size[0] // 16), -(-size[1] // 16))


def test_same_picture_gives_the_same_objects() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    assert np.array_equal(RegionMerging().segment(pixels).masks, RegionMerging().segment(pixels).masks)


def test_twelve_megapixels_within_a_second() -> None:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (94, 125, 3), dtype=np.uint8).repeat(32, 0).repeat(32, 1)
    fastest = min(_seconds(pixels) for _ in range(3))
    assert pixels.shape[0] * pixels.shape[1] > 12e6
    assert fastest < 1.0


def _seconds(pixels: np.ndarray) -> float:
    started = time.perf_counter()
    RegionMerging().segment(pixels)
    return time.perf_counter() - started
