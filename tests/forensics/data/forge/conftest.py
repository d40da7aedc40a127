from __future__ import annotations

from pathlib import Path

import pytest

from forensics.data.photos import PhotoPool


@pytest.fixture(scope="session")
def pool(photo_folder: Path) -> PhotoPool:
    return PhotoPool.open(photo_folder)
