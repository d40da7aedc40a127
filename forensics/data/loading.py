"""Loaders that share pictures out among processes and can be stopped and resumed at any batch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from forensics.data.batch import TrainingBatch


class EndlessBatches(Sampler[int]):
    """Numbers of batches; every epoch goes on where the one before was left, so none comes twice.

    In step n of W processes, the one of rank r reads batch ``n W + r``: together they read what one process with
    batches W times as large reads.

    Args:
        steps: Batches an epoch.
        rank: Number of this process.
        world_size: Number of processes.
        given: Batches of this process that a run used before it was stopped.

    Attributes:
        given: Batches of this process that were used so far; the next epoch begins behind them.
    """

    def __init__(self, steps: int, rank: int = 0, world_size: int = 1, given: int = 0) -> None:
        self.given = given
        self._steps = steps
        self._rank = rank
        self._world_size = world_size

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[int]:
        for step in range(self.given, self.given + self._steps):
            yield step * self._world_size + self._rank


@dataclass(frozen=True)
class PicturesOfBatches(Sampler[list[int]]):
    """The numbers of the pictures of each batch."""

    batches: EndlessBatches
    batch_size: int

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.batches:
            yield list(range(batch * self.batch_size, (batch + 1) * self.batch_size))


class TrainingLoader(DataLoader[TrainingBatch]):
    """Counts the batches it gave, whatever its workers have prepared beyond them.

    Args:
        dataset: Gives the same for the same number each time.
        batches: What is asked of it, by batch.
        how: Further arguments of the loader; its sampler reads ``batches``.
    """

    def __init__(self, dataset: Dataset[TrainingBatch], batches: EndlessBatches, **how: Any) -> None:
        super().__init__(dataset, **how)
        self.batches = batches

    def __iter__(self) -> Any:
        for batch in super().__iter__():
            self.batches.given += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Where the run is."""
        return {"given": self.batches.given}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Goes on from there."""
        self.batches.given = state["given"]


def training_loader(
    dataset: Dataset[TrainingBatch], batches: EndlessBatches, batch_size: int, workers: int
) -> TrainingLoader:
    """A loader of endless fresh batches.

    Args:
        dataset: Gives a batch of one for every number of 0 or more, the same each time.
        batches: The numbers of the batches.
        batch_size: Pictures a batch.
        workers: Processes that read beside the training, one thread each.
    """
    return TrainingLoader(dataset, batches, batch_sampler=PicturesOfBatches(batches, batch_size), **_how(workers))


def evaluation_loader(
    dataset: Dataset[TrainingBatch], count: int, batch_size: int, workers: int, rank: int = 0, world_size: int = 1
) -> DataLoader[TrainingBatch]:
    """A loader of the pictures 0 .. count - 1 in their order, shared out batch by batch.

    Every process gets the same number of batches, as they wait for each other; so where the batches do not divide
    among the processes, some of the first ones are read twice.
    """
    batches = [list(range(first, min(first + batch_size, count))) for first in range(0, count, batch_size)]
    own = [batches[(step + rank) % len(batches)] for step in range(0, len(batches), world_size)]
    return DataLoader(dataset, batch_sampler=own, **_how(workers))


def _how(workers: int) -> dict[str, Any]:
    return {
        "num_workers": workers,
        "collate_fn": TrainingBatch.of,
        "worker_init_fn": _set_up_worker,
        "persistent_workers": workers > 0,
        "prefetch_factor": 4 if workers else None,
        # Seeds of workers come from here: drawn from the global state they would change what the training draws.
        "generator": torch.Generator(),
    }


def _set_up_worker(worker: int) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    # Ctrl-C and `timeout` reach all processes of a group; the one that trains decides when its workers end, and must
    # be able to end them.
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
