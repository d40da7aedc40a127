from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.data.manifest import ManifestRow, write_manifest

MakeManifest = Callable[..., Path]


@pytest.fixture
def make_manifest(tmp_path: Path, photo_folder: Path) -> MakeManifest:
    """Writes pictures, masks and a manifest ``NAME.csv``; forged ones come first, each with a square marked."""

    def make(name: str, forged: int = 2, authentic: int = 2, size: tuple[int, int] = (120, 136)) -> Path:
        random = np.random.default_rng(len(name))
        rows = []
        for number in range(forged + authentic):
            image = tmp_path / f"{name}-{number}.jpg"
            Image.fromarray(random.integers(0, 255, (*size, 3), dtype=np.uint8)).save(image, quality=85)
            mask = None
            if number < forged:
                mask = tmp_path / f"{name}-{number}-mask.png"
                marked = np.zeros(size, np.uint8)
                marked[100:110, 120:130] = 255
                Image.fromarray(marked).save(mask)
            rows.append(ManifestRow(image, mask, int(number < forged)))
        write_manifest(tmp_path / f"{name}.csv", rows)
        return tmp_path / f"{name}.csv"

    return make
