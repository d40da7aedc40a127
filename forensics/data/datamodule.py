"""Forgeries made while training: from raw photos to batches, nothing prepared by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import torch
from lightning import LightningDataModule
from torch.utils.data import DataLoader, Dataset, Sampler

from forensics.data.batch import TrainingBatch
from forensics.data.forge import Forger, get_recipe
from forensics.data.photos import PhotoPool
from forensics.data.sample import SampleReader, SampleTensors
from forensics.objects import RegionMerging, Rule
from signals import Evidence, get_signal
from signals.errors import NoPictures, WrongUsage

# A validation stream shares photos with no training stream and no seed with any.
VALIDATION_SEED_OFFSET = 1_000_003
TEST_SEED_OFFSET = 2_000_003
# Without a manifest every eighth photo validates.
VALIDATION_STEP = 8


@dataclass(frozen=True)
class NetworkNeeds:
    """What a network asks of its data: signals, patch size and object rule."""

    signals: tuple[str, ...]
    patch: int
    rule: Rule


class ForgedDataset(Dataset[TrainingBatch]):
    """Forgery ``index`` of a forger as a batch of one; even indices are forged, odd ones their pristine twins.

    Args:
        forger: Makes the pictures.
        needs: What the network asks for.
        sizes: Picture sizes ``(H, W)``; all pictures of one batch share one.
        batch_size: Pictures a batch.
    """

    def __init__(
        self, forger: Forger, needs: NetworkNeeds, sizes: list[tuple[int, int]], batch_size: int, length: int
    ) -> None:
        self._forger = forger
        self._needs = needs
        self._sizes = sizes
        self._batch_size = batch_size
        self._length = length
        # Coarser objects than in analysis: pictures are small here and there are very many of them.
        signals = tuple(get_signal(name) for name in needs.signals)
        self._reader = SampleReader(signals, RegionMerging(max_pixels=1 << 14))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> TrainingBatch:
        size = self._sizes[index // self._batch_size % len(self._sizes)]
        forged = self._forger.forge(index, size)
        sample = self._reader.read(Evidence.open(forged.data))
        tensors = SampleTensors.of(sample, self._needs.patch, self._needs.rule)
        mask = torch.from_numpy(forged.mask)[None, None].float()
        return TrainingBatch(tensors.whole(), mask, torch.tensor([float(forged.label)]))


class FreshPerEpoch(Sampler[int]):
    """Goes on where the epoch before ended, so that no forgery is seen twice."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._epoch * self._length, (self._epoch + 1) * self._length))


class ForgedDataModule(LightningDataModule):
    """Training and validation forgeries from two disjoint sets of photos.

    Args:
        photos: Folder of pristine photos. A ``manifest.csv`` with the columns ``file,camera,split`` in it or in
            its parent tells which photos train and which validate (``train`` and ``calibration``); without one
            every eighth photo validates.
        recipe: Name of the forging recipe.
        seed: Seed of the forgeries.
        sizes: Sizes ``[height, width]`` of the pictures, multiples of the patch size, one a batch in turn.
        batch_size: Pictures a batch, an even number: every forgery comes with its pristine twin.
        batches: Batches an epoch.
        validation_batches: Batches of the validation set.
        workers: Processes that forge beside the training.
    """

    def __init__(
        self,
        photos: Path,
        recipe: str = "default",
        seed: int = 1,
        sizes: list[tuple[int, int]] | None = None,
        batch_size: int = 8,
        batches: int = 100,
        validation_batches: int = 16,
        workers: int = 1,
    ) -> None:
        super().__init__()
        if batch_size % 2:
            raise ValueError("batch_size must be even: a forgery and its twin share a batch")
        self._photos = Path(photos)
        self._recipe = get_recipe(recipe)
        self._seed = seed
        self._sizes = [(height, width) for height, width in sizes or [(256, 256)]]
        self._batch_size = batch_size
        self._batches = batches
        self._validation_batches = validation_batches
        self._workers = workers

    def setup(self, stage: str) -> None:
        """Opens the photos; what the network needs is asked of the module under training."""
        train, validation = split_photos(self._photos)
        self.forger = Forger(train, self._recipe, self._seed)
        self.validation_forger = Forger(validation, self._recipe, self._seed + VALIDATION_SEED_OFFSET)
        assert self.trainer is not None
        needs = self.trainer.lightning_module.needs
        assert isinstance(needs, NetworkNeeds)
        self._needs = needs

    def train_dataloader(self) -> DataLoader[TrainingBatch]:
        """Fresh forgeries each epoch."""
        length = self._batches * self._batch_size
        dataset = ForgedDataset(self.forger, self._needs, self._sizes, self._batch_size, length)
        return self._loader(dataset, FreshPerEpoch(length))

    def val_dataloader(self) -> DataLoader[TrainingBatch]:
        """The same forgeries each time."""
        length = self._validation_batches * self._batch_size
        dataset = ForgedDataset(self.validation_forger, self._needs, self._sizes, self._batch_size, length)
        return self._loader(dataset, None)

    def test_dataloader(self) -> DataLoader[TrainingBatch]:
        """Forgeries of the photos that a manifest gives to ``test``.

        Raises:
            WrongUsage: There is no manifest.
        """
        length = self._validation_batches * self._batch_size
        forger = Forger(PhotoPool.open(self._photos, split="test"), self._recipe, self._seed + TEST_SEED_OFFSET)
        return self._loader(ForgedDataset(forger, self._needs, self._sizes, self._batch_size, length), None)

    def facts(self) -> dict[str, Any]:
        """What a checkpoint records of its data."""
        return {
            "photos": len(self.forger.photos),
            "photos_sha256": self.forger.photos.data_hash,
            "validation_photos": len(self.validation_forger.photos),
            "validation_photos_sha256": self.validation_forger.photos.data_hash,
            "recipe": self._recipe.to_json(),
            "seed": self._seed,
            "sizes": self._sizes,
            "batch_size": self._batch_size,
        }

    def _loader(self, dataset: ForgedDataset, sampler: Sampler[int] | None) -> DataLoader[TrainingBatch]:
        return DataLoader(
            dataset,
            batch_size=self._batch_size,
            sampler=sampler,
            num_workers=self._workers,
            collate_fn=TrainingBatch.of,
            worker_init_fn=_one_thread,
            persistent_workers=self._workers > 0,
            prefetch_factor=4 if self._workers else None,
        )


def split_photos(folder: Path) -> tuple[PhotoPool, PhotoPool]:
    """Photos to train on and photos to validate on, disjoint by photo and, where a manifest tells, by camera.

    Raises:
        NoPictures: The folder holds no photo, or too few to hold any out.
    """
    try:
        return PhotoPool.open(folder, split="train"), PhotoPool.open(folder, split="calibration")
    except WrongUsage:  # no manifest that tells
        pool = PhotoPool.open(folder)
    held_out = pool.photos[::VALIDATION_STEP]
    rest = tuple(photo for photo in pool.photos if photo not in held_out)
    if len(rest) < 2:
        raise NoPictures(f"{folder}: {len(pool)} photos are too few to train and validate on; give at least 3")
    return PhotoPool(rest), PhotoPool(held_out)


def _one_thread(worker: int) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
