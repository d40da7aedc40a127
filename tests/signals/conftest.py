"""Small pictures for the tests of the signals."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image


def _noise(height: int, width: int) -> np.ndarray:
    """A smooth pattern with fine noise: something for every signal to read."""
    rng = np.random.default_rng(height * 10_007 + width)
    y, x = np.mgrid[:height, :width]
    base = 128 + 60 * np.sin(x / 9)[..., None] * np.cos(y / 7)[..., None] * np.array([1.0, 0.8, 0.5])
    return np.clip(base + rng.normal(0, 6, (height, width, 3)), 0, 255).astype(np.uint8)


def _encode(image: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def noise() -> Callable[[int, int], np.ndarray]:
    return _noise


@pytest.fixture
def encode() -> Callable[..., bytes]:
    return _encode
