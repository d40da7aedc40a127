"""Masks are read strictly: what could mean two things is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.evaluation.truth import Excluded, marked_pixels

MARKED = np.zeros((6, 8), bool)
MARKED[2:5, 1:7] = True


def save(folder: Path, mode: str, gray: np.ndarray, alpha: np.ndarray) -> Path:
    channels = [gray] * (len(mode) - 1) + [alpha]
    path = folder / "mask.png"
    Image.merge(mode, [Image.fromarray(channel.astype(np.uint8)) for channel in channels]).save(path)
    return path


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_a_mask_whose_alpha_may_be_what_marks_is_refused(tmp_path: Path, mode: str) -> None:
    path = save(tmp_path, mode, np.full((6, 8), 255), 255 * MARKED)
    with pytest.raises(Excluded, match=r"mask\.png has an alpha .* save it as 8-bit gray"):
        marked_pixels(path, 6, 8)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_an_alpha_that_is_the_same_everywhere_says_nothing(tmp_path: Path, mode: str) -> None:
    path = save(tmp_path, mode, 255 * MARKED, np.full((6, 8), 255))
    assert np.array_equal(marked_pixels(path, 6, 8), MARKED)
