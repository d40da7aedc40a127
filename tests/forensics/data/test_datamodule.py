from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from forensics.data.batch import TrainingBatch
from forensics.data.datamodule import ForgedDataset, split_photos
from forensics.data.forge import Forger, get_recipe
from forensics.data.photos import PhotoPool
from forensics.data.training_data import NetworkNeeds
from signals.errors import NoPictures, UnreadableImage

NEEDS = NetworkNeeds(("dct", "splicebuster_counts"), patch=16, rule="any")


def dataset(photos: Path, strict: bool = False) -> ForgedDataset:
    forger = Forger(PhotoPool.open(photos, split="train"), get_recipe(), seed=3)
    return ForgedDataset(forger, NEEDS, [(64, 96), (96, 64)], step_pictures=2, strict=strict)


def test_a_batch_holds_a_forgery_and_its_twin_of_one_size(photo_folder: Path) -> None:
    pictures = dataset(photo_folder)
    batch = TrainingBatch.of([pictures[2], pictures[3]])
    assert batch.input.rgb.shape == (2, 3, 96, 64)
    assert batch.label.tolist() == [1.0, 0.0]
    assert batch.mask[0].any()
    assert not batch.mask[1].any()
    assert set(batch.input.signals) == set(NEEDS.signals)


def test_a_slow_signal_is_read_for_some_steps_only(photo_folder: Path) -> None:
    forger = Forger(PhotoPool.open(photo_folder, split="train"), get_recipe(), seed=3)
    pictures = ForgedDataset(forger, NEEDS, [(64, 64)], step_pictures=2, shares={"splicebuster_counts": 0.5})
    has = ["splicebuster_counts" in pictures[index].input.signals for index in range(24)]
    assert has[::2] == has[1::2]
    assert 2 <= sum(has[::2]) <= 10
    assert all("dct" in pictures[index].input.signals for index in range(4))


def test_the_same_index_gives_the_same_tensors(photo_folder: Path) -> None:
    first, second = dataset(photo_folder)[4], dataset(photo_folder)[4]
    assert torch.equal(first.input.rgb, second.input.rgb)
    assert torch.equal(first.mask, second.mask)


def test_without_a_manifest_some_photos_are_held_out(photo_folder: Path, tmp_path: Path) -> None:
    for photo in photo_folder.iterdir():
        shutil.copy(photo, tmp_path)
    train, validation = split_photos(tmp_path)
    assert len(train) + len(validation) == 6
    assert not {photo.id for photo in train} & {photo.id for photo in validation}


def test_one_photo_is_too_few(photo_folder: Path, tmp_path: Path) -> None:
    shutil.copy(next(photo_folder.iterdir()), tmp_path)
    with pytest.raises(NoPictures, match="too few"):
        split_photos(tmp_path)


def test_a_photo_that_cannot_be_decoded_is_named_and_in_validation_an_error(photo_folder: Path, tmp_path: Path) -> None:
    for photo in photo_folder.iterdir():
        shutil.copy(photo, tmp_path)
    broken = sorted(tmp_path.iterdir())[:4]
    for photo in broken:
        photo.write_bytes(photo.read_bytes()[:8000])
    forger = Forger(PhotoPool.open(tmp_path), get_recipe(), seed=3)
    pictures = ForgedDataset(forger, NEEDS, [(64, 96)], step_pictures=2)
    skipped = {Path(line.partition(": ")[0]).name for index in range(4) for line in pictures[index].skipped}
    assert skipped
    assert skipped <= {photo.name for photo in broken}
    with pytest.raises(UnreadableImage, match="cut short"):
        ForgedDataset(forger, NEEDS, [(64, 96)], step_pictures=2, strict=True)[0]
