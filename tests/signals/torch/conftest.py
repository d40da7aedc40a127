"""Crops with fine noise, clipped areas and sharp edges, as NumPy pictures and as a batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch


def _crops(count: int, height: int, width: int) -> tuple[list[np.ndarray], torch.Tensor]:
    random = np.random.default_rng(height * width)
    pictures = []
    for number in range(count):
        picture = random.normal(0, 5, (height, width, 3))
        picture += 128 + 90 * np.sin(np.arange(width) / (9 + number))[None, :, None] * np.array([1.0, 0.7, 0.4])
        picture[height // 3 : height // 2, : width // 2] += 200
        picture[: height // 4, width // 2 :] -= 220
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return pictures, torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


@pytest.fixture
def crops():
    return _crops
