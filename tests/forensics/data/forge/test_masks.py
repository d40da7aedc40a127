from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.data.forge.masks import draw_mask


def patchwork(height: int, width: int) -> np.ndarray:
    random = np.random.default_rng(0)
    tiles = random.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(tiles, (width, height), interpolation=cv2.INTER_NEAREST))


@pytest.mark.parametrize("kind", ["blob", "ellipse", "polygon", "segments", "cutout"])
@pytest.mark.parametrize("area", [0.004, 0.05, 0.3])
def test_mask_is_one_region_of_about_the_wanted_area(kind: str, area: float) -> None:
    random = np.random.default_rng(1)
    shares = []
    for _ in range(6):
        mask = draw_mask(random, kind, patchwork(200, 300), area)
        assert mask.shape == (200, 300)
        assert mask.dtype == bool
        pieces, labels = cv2.connectedComponents(mask.astype(np.uint8))
        largest = np.bincount(labels.ravel())[1:].max(initial=0)
        assert pieces >= 2
        assert largest >= 0.9 * mask.sum()
        shares.append(mask.mean())
    assert 0.4 * area < np.median(shares) < 2.5 * area
