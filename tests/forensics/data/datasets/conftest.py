"""Tiny sets, laid out as the public ones are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

SIZE = (40, 56)  # height, width

Write = Callable[..., Path]


@pytest.fixture
def picture() -> Write:
    """Writes a picture of a scene of its own (by ``seed``), in the format of its extension."""

    def write(path: Path, seed: int = 0, size: tuple[int, int] = SIZE, orientation: int = 1) -> Path:
        random = np.random.default_rng(seed)
        grid = random.uniform(0, 255, (5, 7, 3)).astype(np.float32)
        scene = np.clip(cv2.resize(grid, size[::-1], interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)
        image = Image.fromarray(scene)
        exif = Image.Exif()
        exif[274] = orientation
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, exif=exif) if orientation != 1 else image.save(path)
        return path

    return write


@pytest.fixture
def mask() -> Write:
    """Writes a mask: ``inside`` where a rectangle of rows 4-11, columns 6-19 was changed, else ``outside``."""

    def write(
        path: Path,
        size: tuple[int, int] = SIZE,
        inside: int | tuple[int, int, int] = 255,
        outside: int | tuple[int, int, int] = 0,
        mode: str = "L",
    ) -> Path:
        pixels = np.zeros((*size, 3), np.uint8)
        pixels[:] = outside
        pixels[4:12, 6:20] = inside
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(pixels).convert(mode)
        image.save(path, quality=90) if path.suffix == ".jpg" else image.save(path)
        return path

    return write


@pytest.fixture
def changed() -> np.ndarray:
    """What the masks of ``mask`` mark."""
    expected = np.zeros(SIZE, bool)
    expected[4:12, 6:20] = True
    return expected
