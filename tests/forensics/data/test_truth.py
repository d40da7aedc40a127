from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from forensics.data.manifest import ManifestRow
from forensics.data.truth import read_truth
from signals import Evidence
from signals.errors import UnreadableImage, WrongUsage


def save(folder: Path, orientation: int = 1, mask_size: tuple[int, int] = (30, 40)) -> ManifestRow:
    """A picture of 40 x 30 stored pixels with a bright spot, and the mask of the spot as people see it."""
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[4:9, 30:38] = 255
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(pixels).save(folder / "a.png", exif=exif)
    with Image.open(folder / "a.png") as stored:
        seen = ImageOps.exif_transpose(stored)
    mask = seen.convert("L") if mask_size == (30, 40) else Image.new("L", mask_size[::-1], 255)
    mask.save(folder / "mask.png")
    return ManifestRow(folder / "a.png", folder / "mask.png", 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_are_turned_to_the_stored_pixels(orientation: int, tmp_path: Path) -> None:
    row = save(tmp_path, orientation)
    evidence = Evidence.open(row.image)
    assert np.array_equal(read_truth(row, evidence), evidence.pixels[:, :, 0] > 127)


def test_a_mask_of_another_size_is_told_with_both_sizes(tmp_path: Path) -> None:
    row = save(tmp_path, mask_size=(15, 20))
    with pytest.raises(WrongUsage, match=r"mask\.png: the mask is 20 x 15, its picture a\.png is 40 x 30"):
        read_truth(row, Evidence.open(row.image))


def test_a_forged_picture_needs_a_mask_that_marks_something(tmp_path: Path) -> None:
    row = save(tmp_path)
    evidence = Evidence.open(row.image)
    with pytest.raises(WrongUsage, match="names no mask"):
        read_truth(ManifestRow(row.image, None, 1), evidence)
    Image.new("L", (40, 30)).save(tmp_path / "mask.png")
    with pytest.raises(WrongUsage, match="marks nothing"):
        read_truth(row, evidence)
    (tmp_path / "mask.png").write_bytes(b"no picture")
    with pytest.raises(UnreadableImage, match=r"mask\.png: the mask cannot be read"):
        read_truth(row, evidence)
