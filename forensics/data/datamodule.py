"""Forgeries made while training: from raw photos to batches, nothing prepared by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from forensics.data.batch import TrainingBatch
from forensics.data.forge import Forger, get_recipe
from forensics.data.loading import TrainingLoader
from forensics.data.photos import PhotoPool
from forensics.data.sample import SampleReader, SampleTensors
from forensics.data.training_data import DevelopmentPicture, NetworkNeeds, TrainingData
from signals import Evidence, Signal, get_signal
from signals.errors import NoPictures, UnreadableImage, WrongUsage

__all__ = ["ForgedDataModule", "ForgedDataset", "split_photos"]

# A validation stream shares photos with no training stream and no seed with any.
VALIDATION_SEED_OFFSET = 1_000_003
TEST_SEED_OFFSET = 2_000_003
# Without a manifest every eighth photo validates.
VALIDATION_STEP = 8
# Past the validation batches of any fit.
FIRST_DEVELOPMENT_PICTURE = 1 << 20


class ForgedDataset(Dataset[TrainingBatch]):
    """Forgery ``index`` of a forger as a batch of one; even indices are forged, odd ones their pristine twins.

    Args:
        forger: Makes the pictures.
        needs: What the network asks for.
        sizes: Picture sizes ``(H, W)``; all pictures of one step share one.
        step_pictures: Pictures a step, of all processes together.
        strict: Whether a photo that cannot be read is an error; otherwise it is passed over and named in the batch.
        shares: By the name of a signal that is slow to read, the share of the steps in which it is; it is missing in
            the others. All pictures of a step have it or none, so that batch statistics are those of many pictures.
    """

    def __init__(
        self,
        forger: Forger,
        needs: NetworkNeeds,
        sizes: list[tuple[int, int]],
        step_pictures: int,
        strict: bool = False,
        shares: Mapping[str, float] | None = None,
    ) -> None:
        needs.check_sizes(sizes)
        self._forger = forger
        self._needs = needs
        self._sizes = sizes
        self._step_pictures = step_pictures
        self._strict = strict
        self._signals = tuple(get_signal(name) for name in needs.signals)
        self._segmenter = needs.segmenter()
        self._shares = shares or {}

    def __getitem__(self, index: int) -> TrainingBatch:
        size = self._sizes[index // self._step_pictures % len(self._sizes)]
        forged = self._forger.forge(index, size)
        skipped = tuple(self._forger.unreadable.values())
        if skipped and self._strict:
            raise UnreadableImage(skipped[0])
        sample = SampleReader(self._read_now(index), self._segmenter).read(Evidence.open(forged.data))
        tensors = SampleTensors.of(sample, self._needs.patch, self._needs.rule)
        mask = torch.from_numpy(forged.mask)[None, None].float()
        label = torch.tensor([float(forged.label)])
        return TrainingBatch(
            tensors.whole(), mask, label, skipped=skipped, names=(f"forgery {index} of seed {self._forger.seed}",)
        )

    def _read_now(self, index: int) -> tuple[Signal, ...]:
        step = index // self._step_pictures
        draws = np.random.default_rng([self._forger.seed, step]).random(len(self._signals))
        shares = [self._shares.get(signal.spec.name, 1.0) for signal in self._signals]
        return tuple(s for s, draw, share in zip(self._signals, draws, shares, strict=True) if draw < share)


class ForgedDataModule(TrainingData):
    """Training and validation forgeries from two disjoint sets of photos.

    Args:
        photos: Folder of pristine photos. A ``manifest.csv`` with the columns ``file,camera,split`` in it or in
            its parent tells which photos train and which validate (``train`` and ``calibration``); without one
            every eighth photo validates.
        recipe: Name of the forging recipe.
        seed: Seed of the forgeries.
        sizes: Sizes ``[height, width]`` of the pictures, multiples of the patch size, one a batch in turn.
        batch_size: Pictures a batch and process, an even number: every forgery comes with its pristine twin.
        batches: Batches an epoch and process.
        validation_batches: Batches of the validation set.
        workers: Processes that forge beside the training.
        shares: See :class:`ForgedDataset`.
    """

    def __init__(
        self,
        photos: Path | None = None,
        recipe: str = "default",
        seed: int = 1,
        sizes: list[tuple[int, int]] | None = None,
        batch_size: int = 8,
        batches: int = 100,
        validation_batches: int = 16,
        workers: int = 1,
        shares: dict[str, float] | None = None,
    ) -> None:
        super().__init__(batch_size, workers)
        if batch_size % 2:
            raise WrongUsage(f"batch_size {batch_size} is odd; a forgery and its twin share a batch, give an even one")
        if photos is None:
            raise WrongUsage("no photos are named; give a folder with --data.photos DIR")
        self._photos = Path(photos)
        self._recipe = get_recipe(recipe)
        self._seed = seed
        self._sizes = [(height, width) for height, width in sizes or [(256, 256)]]
        self._batches = batches
        self._validation_batches = validation_batches
        self._shares = shares or {}

    def setup(self, stage: str) -> None:
        """Opens the photos.

        Raises:
            UnreadableImage: A photo that the manifest gives to the validation cannot be read.
        """
        train, validation = split_photos(self._photos)
        self.note_skipped(tuple(train.warnings))
        if validation.warnings:
            raise UnreadableImage(f"validation photo {validation.warnings[0]}")
        self.forger = Forger(train, self._recipe, self._seed)
        self.validation_forger = Forger(validation, self._recipe, self._seed + VALIDATION_SEED_OFFSET)

    def train_dataloader(self) -> TrainingLoader:
        """Fresh forgeries each epoch."""
        return self.train_on(self._dataset(self.forger), self._batches)

    def val_dataloader(self) -> DataLoader[TrainingBatch]:
        """The same forgeries each time."""
        dataset = self._dataset(self.validation_forger, strict=True)
        return self.evaluate_on(dataset, self._validation_batches * self._batch_size)

    def test_dataloader(self) -> DataLoader[TrainingBatch]:
        """Forgeries of the photos that a manifest gives to ``test``.

        Raises:
            WrongUsage: There is no manifest.
        """
        forger = Forger(PhotoPool.open(self._photos, split="test"), self._recipe, self._seed + TEST_SEED_OFFSET)
        return self.evaluate_on(self._dataset(forger, strict=True), self._validation_batches * self._batch_size)

    def development(self, count: int) -> Iterator[DevelopmentPicture]:
        """``count`` forgeries of the validation photos, half of them pristine; up to an eighth as many photos whole."""
        for index in range(FIRST_DEVELOPMENT_PICTURE, FIRST_DEVELOPMENT_PICTURE + count):
            forged = self.validation_forger.forge(index)
            yield DevelopmentPicture(Evidence.open(forged.data), forged.mask)
        for photo in self.validation_forger.photos.photos[: max(1, count // 8)]:
            evidence = Evidence.open(photo.path)
            yield DevelopmentPicture(evidence, np.zeros((evidence.height, evidence.width), dtype=bool))

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
            "shares": self._shares,
            "batch_size": self._batch_size,
        }

    def describe(self) -> str:
        """See :meth:`TrainingData.describe`."""
        train, validation = self.forger.photos, self.validation_forger.photos
        return (
            f"Forgeries made of {len(train)} photos (`{train.data_hash[:16]}`),"
            f" validated on {len(validation)} others (`{validation.data_hash[:16]}`)"
        )

    def _dataset(self, forger: Forger, strict: bool = False) -> ForgedDataset:
        # Sizes of training steps are those of all processes, so that none waits for another.
        pictures = self._batch_size if strict else self._batch_size * self.world_size
        return ForgedDataset(forger, self.needs, self._sizes, pictures, strict, self._shares)


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
    return PhotoPool(rest, pool.warnings), PhotoPool(held_out)
