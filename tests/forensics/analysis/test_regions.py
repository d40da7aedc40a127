from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from forensics.analysis.regions import find_regions


def test_two_rectangles() -> None:
    map_ = np.zeros((100, 200), dtype=np.float32)
    map_[10:20, 30:50] = 0.6
    map_[60:90, 100:180] = 0.9
    large, small = find_regions(map_)
    assert large.box == (100, 60, 80, 30)
    assert large.area_fraction == pytest.approx(2400 / 20000)
    assert large.mean == pytest.approx(0.9, rel=1e-6)
    assert small.box == (30, 10, 20, 10)


def test_operating_point_is_inside_and_diagonals_connect() -> None:
    map_ = np.zeros((20, 20), dtype=np.float32)
    map_[3, 3] = map_[4, 4] = 0.5
    map_[10, 10] = np.nextafter(np.float32(0.5), np.float32(0))
    (region,) = find_regions(map_)
    assert region.box == (3, 3, 2, 2)
    assert region.area_fraction == 2 / 400


def test_specks_are_dropped_and_twenty_kept() -> None:
    map_ = np.zeros((200, 200), dtype=np.float32)
    for index in range(25):
        y, x = 40 * (index // 5), 40 * (index % 5)
        map_[y : y + 10, x : x + 5 + index] = 0.7
    map_[199, 199] = 1.0
    regions = find_regions(map_)
    areas = [region.area_fraction for region in regions]
    assert len(regions) == 20
    assert areas == sorted(areas, reverse=True)


def test_agrees_with_scipy_on_noise() -> None:
    noise = np.random.default_rng(5).random((60, 80))
    map_ = ndimage.gaussian_filter(noise, 3).astype(np.float32)
    map_ = (map_ - map_.min()) / np.ptp(map_)
    labels, count = ndimage.label(map_ >= 0.5, structure=np.ones((3, 3)))
    sizes = sorted((int((labels == label).sum()) for label in range(1, count + 1)), reverse=True)
    kept = [size for size in sizes if size >= 0.0005 * map_.size][:20]
    assert [round(region.area_fraction * map_.size) for region in find_regions(map_)] == kept
