"""Forgeries made on the device that trains: no worker, no file, no copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from forensics.data.batch import TrainingBatch
from forensics.data.datamodule import ForgedDataModule
from forensics.data.device_inputs import check_needs, training_batch
from forensics.data.forge import Forger
from forensics.data.forge.torch import DeviceForger, PhotoBank
from forensics.data.loading import TrainingLoader
from forensics.data.training_data import NetworkNeeds
from signals.errors import UnreadableImage, WrongUsage


class DeviceForgedDataset(Dataset[TrainingBatch]):
    """Pictures by number, a whole batch at a time, on the device of the photos.

    Args:
        forger: Makes the pictures.
        needs: What the network asks for.
        batch_size: Pictures a batch, an even number.

    Raises:
        WrongUsage: The network needs what cannot be read on the device.
    """

    def __init__(self, forger: DeviceForger, needs: NetworkNeeds, batch_size: int) -> None:
        check_needs(needs.signals, needs.patch, forger.size)
        self._forger = forger
        self._needs = needs
        self._batch_size = batch_size

    def __getitems__(self, indices: list[int]) -> list[TrainingBatch]:
        """The pictures of one batch, already joined; loaders ask for all of them at once.

        Raises:
            WrongUsage: They are not the pictures of one batch in their order.
        """
        number, size = indices[0] // self._batch_size, self._batch_size
        if indices != list(range(number * size, (number + 1) * size)):
            raise WrongUsage(f"pictures {indices[0]} to {indices[-1]} are no whole batch of {size}; ask for one")
        batch = self._forger.forge(number, size // 2)
        return [training_batch(batch, self._needs.signals, self._needs.patch, self._needs.rule, first=indices[0])]


class DeviceForgedDataModule(ForgedDataModule):
    """Training and validation forgeries from two disjoint sets of photos, all of which stay on the device.

    Reads the signals of :func:`forensics.data.device_inputs.list_device_signals` and finds objects by color and place;
    for other signals there is ``ForgedDataModule``. What tests a network or chooses its operating point is forged as
    files there as here, and read as analysis reads them.

    Args:
        photos: Folder of pristine photos. A ``manifest.csv`` with the columns ``file,camera,split`` in it or in
            its parent tells which photos train and which validate (``train`` and ``calibration``); without one
            every eighth photo validates.
        recipe: Name of the forging recipe.
        seed: Seed of the forgeries.
        crop: Side of the pictures in pixels, a multiple of 8 and of the network's patch size.
        batch_size: Pictures a batch and process, an even number: every forgery comes with its pristine twin.
        batches: Batches an epoch and process.
        validation_batches: Batches of the validation set.
        largest_side: Of larger photos the middle is kept; a photo takes 3.75 bytes a pixel.
    """

    def __init__(
        self,
        photos: Path | None = None,
        recipe: str = "default",
        seed: int = 1,
        crop: int = 512,
        batch_size: int = 16,
        batches: int = 100,
        validation_batches: int = 16,
        largest_side: int = 2048,
    ) -> None:
        super().__init__(photos, recipe, seed, [(crop, crop)], batch_size, batches, validation_batches, workers=0)
        self._crop = crop
        self._largest_side = largest_side
        self._on_device: tuple[DeviceForger, DeviceForger] | None = None

    def setup(self, stage: str) -> None:
        """Opens the photos, and decodes them once where they are needed.

        Raises:
            UnreadableImage: A photo that the manifest gives to the validation cannot be read.
        """
        super().setup(stage)
        if stage == "test" or self._on_device is not None:
            return
        train, validation = self._keep(self.forger), self._keep(self.validation_forger)
        self.note_skipped(train.bank.warnings)
        if validation.bank.warnings:
            raise UnreadableImage(f"validation photo {validation.bank.warnings[0]}")
        self._on_device = train, validation

    def train_dataloader(self) -> TrainingLoader:
        """Fresh forgeries each epoch."""
        assert self._on_device is not None
        return self.train_on(self._device_dataset(self._on_device[0]), self._batches)

    def val_dataloader(self) -> DataLoader[TrainingBatch]:
        """The same forgeries each time."""
        assert self._on_device is not None
        dataset = self._device_dataset(self._on_device[1])
        return self.evaluate_on(dataset, self._validation_batches * self._batch_size)

    def facts(self) -> dict[str, Any]:
        """What a checkpoint records of its data."""
        return {**super().facts(), "forged_on": self._device().type, "largest_side": self._largest_side}

    def _keep(self, forger: Forger) -> DeviceForger:
        bank = PhotoBank.of(forger.photos, self._device(), self._largest_side)
        return DeviceForger(bank, forger.recipe, forger.seed, (self._crop, self._crop))

    def _device(self) -> torch.device:
        assert self.trainer is not None
        return self.trainer.strategy.root_device

    def _device_dataset(self, forger: DeviceForger) -> DeviceForgedDataset:
        return DeviceForgedDataset(forger, self.needs, self._batch_size)
