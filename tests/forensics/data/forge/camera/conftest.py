from __future__ import annotations

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def scene() -> np.ndarray:
    """Uint8 ``[201, 243, 3]``: shapes and texture of correlated colors, reduced by three, as photos are here."""
    random = np.random.default_rng(11)
    height, width = 603, 729
    picture = np.zeros((height, width, 3))
    for cells, weight in ((3, 0.5), (14, 0.3), (60, 0.2)):
        colors = random.uniform(20, 235, (cells, cells, 1)) + random.uniform(-35, 35, (cells, cells, 3))
        picture += weight * cv2.resize(colors, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(25):
        center, color = (int(random.integers(width)), int(random.integers(height))), random.uniform(20, 235, 3)
        cv2.circle(picture, center, int(random.integers(10, 60)), (0.5 * color + 0.5 * color.mean()).tolist(), -1)
    picture += cv2.GaussianBlur(random.normal(0, 60, (height, width, 1)), (0, 0), 2)[..., None]
    reduced = cv2.resize(picture, (width // 3, height // 3), interpolation=cv2.INTER_AREA)
    return np.clip(np.round(reduced), 0, 255).astype(np.uint8)
