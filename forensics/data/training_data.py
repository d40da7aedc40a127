"""What every source of training pictures is to those who train, export and resume."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from lightning import LightningDataModule
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from forensics.data.batch import TrainingBatch
from forensics.data.loading import EndlessBatches, TrainingLoader, evaluation_loader, training_loader
from forensics.objects import NoObjects, ObjectSegmenter, RegionMerging, Rule
from signals import Evidence
from signals.errors import WrongUsage

# Names of skipped files that a checkpoint keeps; their number is kept whole.
NAMED = 100


@dataclass(frozen=True)
class NetworkNeeds:
    """What a network asks of its data: signals, patch size, object rule, and whether it looks at objects."""

    signals: tuple[str, ...]
    patch: int
    rule: Rule
    objects: bool = True

    def segmenter(self) -> ObjectSegmenter:
        """Coarser objects than in analysis: pictures are small here and there are very many of them."""
        return RegionMerging(max_pixels=1 << 14) if self.objects else NoObjects()

    def check_sizes(self, sizes: Sequence[tuple[int, int]]) -> None:
        """Refuses sizes ``(H, W)`` that are no whole patches.

        Raises:
            WrongUsage: There is one.
        """
        for height, width in sizes:
            if height % self.patch or width % self.patch or min(height, width) < self.patch:
                raise WrongUsage(
                    f"pictures of {height} x {width} are no whole patches of {self.patch} pixels; give multiples"
                )


@dataclass(frozen=True)
class DevelopmentPicture:
    """A whole picture that no step of the training saw, and the truth about it.

    Attributes:
        evidence: The picture.
        truth: bool ``[H, W]``, True where it was changed.
    """

    evidence: Evidence
    truth: NDArray[np.bool_]


class TrainingData(LightningDataModule, ABC):
    """A source of training and validation batches.

    Files that cannot be read are passed over in training, named once and counted; in validation they are errors.

    Args:
        batch_size: Pictures a batch and process.
        workers: Processes that read beside the training.

    Attributes:
        skipped: One line for every file that was passed over so far.
    """

    def __init__(self, batch_size: int, workers: int) -> None:
        super().__init__()
        self._batch_size = batch_size
        self._workers = workers
        self.skipped: dict[str, None] = {}
        self._given = 0

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What a checkpoint records of its data: hashes and settings, pure JSON, the same in every process."""

    @abstractmethod
    def describe(self) -> str:
        """The same in a sentence, for the model card."""

    @abstractmethod
    def development(self, count: int) -> Iterator[DevelopmentPicture]:
        """Pictures that choose the operating point.

        Args:
            count: How many are wanted at least, where they can be made; otherwise all there are.
        """

    @property
    def needs(self) -> NetworkNeeds:
        """What the network under training asks for."""
        assert self.trainer is not None
        needs = self.trainer.lightning_module.needs
        assert isinstance(needs, NetworkNeeds)
        return needs

    @property
    def world_size(self) -> int:
        """Number of processes that train together."""
        return 1 if self.trainer is None else self.trainer.world_size

    def skipped_facts(self) -> dict[str, Any]:
        """What a checkpoint records of the files that could not be read."""
        return {"count": len(self.skipped), "files": sorted(self.skipped)[:NAMED]}

    def note_skipped(self, lines: tuple[str, ...]) -> None:
        """Names files that were passed over, each once."""
        for line in lines:
            if line not in self.skipped:
                self.skipped[line] = None
                warnings.warn(f"skipped in training: {line}", stacklevel=2)

    def on_before_batch_transfer(self, batch: TrainingBatch, dataloader_idx: int) -> TrainingBatch:
        """Called by the trainer for every batch."""
        self.note_skipped(batch.skipped)
        return batch

    def state_dict(self) -> dict[str, Any]:
        """Goes into Lightning's checkpoints: which data, and how far the run has come with them."""
        loader = None if self.trainer is None else self.trainer.train_dataloader
        given = loader.batches.given if isinstance(loader, TrainingLoader) else self._given
        return {"facts": self.facts(), "skipped": list(self.skipped), "given": given}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on where the run was stopped, and says so if it is resumed on other data than it began with."""
        self.skipped = dict.fromkeys(state["skipped"])
        self._given = state["given"]
        before, now = state["facts"], self.facts()
        for name in sorted(before.keys() | now.keys()):
            if _plain(before.get(name)) != _plain(now.get(name)):
                warnings.warn(
                    f"resumed on other data: {name} was {before.get(name)} and is {now.get(name)}; "
                    "what follows is not the run that was stopped",
                    stacklevel=2,
                )

    def batches(self, steps: int) -> EndlessBatches:
        """The numbers of this process's batches, ``steps`` an epoch."""
        return EndlessBatches(steps, *self._share(), given=self._given)

    def train_on(self, dataset: Dataset[TrainingBatch], steps: int) -> TrainingLoader:
        """A loader of fresh batches for this process, ``steps`` an epoch."""
        return training_loader(dataset, self.batches(steps), self._batch_size, self._workers)

    def evaluate_on(self, dataset: Dataset[TrainingBatch], count: int) -> DataLoader[TrainingBatch]:
        """A loader of the first ``count`` pictures, shared out among the processes."""
        return evaluation_loader(dataset, count, self._batch_size, self._workers, *self._share())

    def _share(self) -> tuple[int, int]:
        if self.trainer is None or self.trainer.world_size == 1:
            return 0, 1
        if self.trainer._accelerator_connector.use_distributed_sampler:
            raise WrongUsage("the pictures are shared out already; make the Trainer with use_distributed_sampler=False")
        return self.trainer.global_rank, self.trainer.world_size


def _plain(value: Any) -> Any:
    """Lists for tuples, as JSON and checkpoints do not keep them apart."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
