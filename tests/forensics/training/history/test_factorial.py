from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.data.forge.chains.jpeg import JpegSave
from forensics.data.photos import PhotoPool
from forensics.training.history.factorial import (
    CONTENTS,
    HISTORIES,
    PATCH,
    cut,
    draw_block,
    draw_contents,
    mosaic,
    render,
    turned,
)
from forensics.training.history.history import History, Resampling
from signals.errors import NoPictures


@pytest.fixture(scope="module")
def photos(photo_folder: Path) -> PhotoPool:
    return PhotoPool.open(photo_folder)


def test_a_block_is_every_content_with_every_history(photos: PhotoPool) -> None:
    block = draw_block(photos, np.random.default_rng(1))
    assert block.patches.shape == (HISTORIES, CONTENTS, PATCH, PATCH, 3)
    assert len(block.histories) == len(set(map(repr, block.histories))) == HISTORIES
    assert np.array_equal(block.patches, draw_block(photos, np.random.default_rng(1)).patches)


def ramps(count: int) -> np.ndarray:
    """Contents whose pixels hold their row and column."""
    rows, columns = np.mgrid[:208, :208].astype(np.uint8)
    return np.stack([np.dstack([rows, columns, np.full_like(rows, number)]) for number in range(count)])


@pytest.mark.parametrize("shift", [(0, 0), (3, 5), (7, 7)])
def test_patches_of_all_contents_lie_on_the_shifted_grid(shift: tuple[int, int]) -> None:
    patches = render(ramps(4), History(shift=shift))
    assert patches.shape == (4, PATCH, PATCH, 3)
    for number, patch in enumerate(patches):
        assert (patch[..., 2] == number).all()
        assert tuple(patch[0, 0, :2] % 8) == shift
        assert patch[-1, -1, 0] - patch[0, 0, 0] == PATCH - 1


@pytest.mark.parametrize("scale", [0.6, 0.87, 1.3, 2.2])
def test_patches_are_whole_at_every_scale(scale: float) -> None:
    patches = render(ramps(6), History(resampling=Resampling(scale, "linear"), shift=(7, 7)))
    assert patches.shape == (6, PATCH, PATCH, 3)
    # nothing of a neighboring content
    assert [int(np.ptp(patch[..., 2])) for patch in patches] == [0] * 6


def smooth_clouds() -> np.ndarray:
    coarse = np.random.default_rng(0).uniform(40, 210, (2, 6, 6, 3)).astype(np.float32)
    fine = [cv2.resize(one, (208, 208), interpolation=cv2.INTER_CUBIC) for one in coarse]
    return np.stack(fine).clip(0, 255).astype(np.uint8)


def test_a_save_before_the_cut_leaves_its_grid_where_the_shift_says() -> None:
    clouds = smooth_clouds()
    patches = render(clouds, History(first_save=JpegSave(1, subsampling="4:4:4"), shift=(2, 3)))
    for patch in patches:
        steps = np.abs(np.diff(patch.astype(float).mean(axis=2), axis=1)).mean(axis=0)
        # Columns 5, 13, .. begin a block: what was saved very coarsely only changes there.
        assert np.argmax([steps[phase::8].mean() for phase in range(8)]) == 4


def test_contents_come_of_photos_that_are_large_enough(photos: PhotoPool, tmp_path: Path) -> None:
    assert draw_contents(photos, np.random.default_rng(0)).shape == (CONTENTS, 208, 208, 3)
    Image.new("RGB", (300, 300)).save(tmp_path / "small.png")
    with pytest.raises(NoPictures, match="416"):
        draw_contents(PhotoPool.open(tmp_path), np.random.default_rng(0))


def test_a_mosaic_is_cut_into_what_it_was_made_of() -> None:
    patches = np.random.default_rng(0).integers(0, 256, (3, 4, 16, 16, 3), dtype=np.uint8)
    assert mosaic(patches).shape == (48, 64, 3)
    assert np.array_equal(mosaic(patches)[16:32, 48:64], patches[1, 3])
    assert np.array_equal(cut(mosaic(patches), 3, 4), patches)


def test_the_eight_turns_differ() -> None:
    patch = np.random.default_rng(0).integers(0, 256, (1, 1, 8, 8, 3), dtype=np.uint8)
    assert len({turned(patch, turn).tobytes() for turn in range(8)}) == 8
    assert np.array_equal(turned(patch, 3)[0, 0], np.rot90(patch[0, 0], 2))
