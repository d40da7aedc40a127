"""Batches of one block each: rendered once, then saved anew every time, all patches alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from lightning import LightningDataModule
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from forensics.data.forge.chains.jpeg import JpegSave
from forensics.data.forge.draw import chance, choice, integer, log_uniform, uniform
from forensics.data.photos import PhotoPool
from forensics.training.history.factorial import PATCH, Block, cut, draw_block, mosaic, turned
from forensics.training.history.targets import Targets

Pixels = NDArray[np.uint8]
SIDES = (48, 64, 64, 64)


@dataclass(frozen=True, eq=False)
class Batch:
    """Patches of R histories times C contents.

    Attributes:
        pixels: uint8 ``[R * C, 3, S, S]``, S of 48 or 64; history by history.
        contents: C.
        phase: int64 ``[R, 2]``, see :class:`Targets`.
        quality: float32 ``[R]``.
        scale: float32 ``[R]``.
    """

    pixels: Tensor
    contents: int
    phase: Tensor
    quality: Tensor
    scale: Tensor

    def to(self, *args: Any, **kwargs: Any) -> Batch:
        """Moves every tensor, as :meth:`torch.Tensor.to` does."""
        pixels, phase, quality, scale = (
            values.to(*args, **kwargs) for values in (self.pixels, self.phase, self.quality, self.scale)
        )
        return Batch(pixels, self.contents, phase, quality, scale)


@dataclass(frozen=True)
class LastChain:
    """What happens to a whole picture at the end: the same for edited and other parts.

    Attributes:
        scale: Change of size, at most 1; None for none.
        save: Last compression; None for none.
    """

    scale: float | None
    save: JpegSave | None


def draw_last_chain(random: np.random.Generator) -> LastChain:
    """Mostly a JPEG file, now and then of a smaller picture."""
    scale = log_uniform(random, (0.67, 1.0)) if chance(random, 0.12) else None
    if chance(random, 0.2):
        return LastChain(scale, None)
    subsampling = choice(random, {"4:4:4": 0.3, "4:2:2": 0.1, "4:2:0": 0.6})
    quality = round(uniform(random, (60, 98)))
    return LastChain(scale, JpegSave(quality, (), subsampling))  # type: ignore[arg-type]


def finish(patches: Pixels, chain: LastChain) -> Pixels:
    """Takes patches ``[R, C, S, S, 3]``, S a multiple of 16, through a last chain.

    After a change of size 64 x 64 pixels of each are left.
    """
    rows, columns, side = patches.shape[:3]
    if chain.scale is not None:
        smaller = max(64, round(side * chain.scale))
        singles = patches.reshape(-1, *patches.shape[2:])
        resized = np.stack([cv2.resize(p, (smaller, smaller), interpolation=cv2.INTER_AREA) for p in singles])
        patches = resized.reshape(rows, columns, smaller, smaller, 3)[:, :, :64, :64]
    if chain.save is None:
        return patches
    return cut(chain.save.apply(mosaic(patches)), rows, columns)


def make_batch(block: Block, random: np.random.Generator) -> Batch:
    """A block, cut, turned and taken through one last chain; seldom through another one for every history."""
    chain = draw_last_chain(random)
    side = PATCH if chain.scale is not None else SIDES[integer(random, 0, len(SIDES) - 1)]
    top, left = (integer(random, 0, PATCH - side) for _ in range(2))
    if chance(random, 0.5):
        top, left = top // 8 * 8, left // 8 * 8
    turn = integer(random, 0, 7)
    patches = turned(block.patches[:, :, top : top + side, left : left + side], turn)
    targets = Targets.of(block.histories).cut(top, left).turned(turn)
    if chain.scale is None and chance(random, 0.08):
        finished = np.concatenate([finish(row[None], LastChain(None, draw_last_chain(random).save)) for row in patches])
    else:
        finished = finish(patches, chain)
    planes = finished.reshape(-1, *finished.shape[2:]).transpose(0, 3, 1, 2)
    parts = (planes, targets.phase, targets.quality, targets.scale)
    pixels, phase, quality, scale = (torch.from_numpy(np.ascontiguousarray(part)) for part in parts)
    if chain.scale is not None:
        phase, scale = torch.full_like(phase, -1), scale + float(np.log2(chain.scale))
    return Batch(pixels, patches.shape[1], phase, quality, scale)


class _Batches(IterableDataset[Batch]):
    """A fixed number of batches of randomly chosen blocks; every pass draws others, the same ones for a seed."""

    def __init__(self, blocks: list[Block], count: int, seed: int, anew: bool) -> None:
        self.blocks, self.count, self.seed, self.anew = blocks, count, seed, anew
        self._passes = 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Batch]:
        random = np.random.default_rng((self.seed, self._passes))
        self._passes += self.anew
        for number in range(self.count):
            place = integer(random, 0, len(self.blocks) - 1) if self.anew else number % len(self.blocks)
            yield make_batch(self.blocks[place], random)


class HistoryData(LightningDataModule):
    """Blocks of contents times histories, made of photos.

    Args:
        photos: Folder of photos with a manifest that gives them splits.
        train_split: Photos to learn from.
        validation_split: Photos to watch by; of other cameras.
        blocks: Rendered blocks to learn from, of 16 histories each.
        validation_blocks: Blocks to watch by.
        batches: Batches of an epoch.
        seed: Decides all.
    """

    def __init__(
        self,
        photos: Path,
        train_split: str | None = "train",
        validation_split: str | None = "calibration",
        blocks: int = 320,
        validation_blocks: int = 16,
        batches: int = 400,
        seed: int = 1,
    ) -> None:
        super().__init__()
        splits = {"train": train_split, "validation": validation_split}
        self.pools = {name: PhotoPool.open(photos, split) for name, split in splits.items()}
        self.counts = {"train": blocks, "validation": validation_blocks}
        self.batches, self.seed = batches, seed
        self.blocks: dict[str, list[Block]] = {}

    def setup(self, stage: str) -> None:
        """Renders the blocks, a second of one core for each."""
        for number, (name, pool) in enumerate(self.pools.items()):
            if name not in self.blocks:
                random = np.random.default_rng((self.seed, number))
                self.blocks[name] = [draw_block(pool, random) for _ in range(self.counts[name])]

    def train_dataloader(self) -> DataLoader[Batch]:
        """Other batches in every epoch."""
        return self._loader("train", self.batches, anew=True)

    def val_dataloader(self) -> DataLoader[Batch]:
        """The same batches in every epoch, one a block."""
        return self._loader("validation", self.counts["validation"], anew=False)

    def some_batches(self, count: int) -> Iterator[Batch]:
        """Training batches, always the same."""
        random = np.random.default_rng((self.seed, len(self.pools)))
        blocks = self.blocks["train"]
        return (make_batch(blocks[number % len(blocks)], random) for number in range(count))

    def _loader(self, name: str, count: int, anew: bool) -> DataLoader[Batch]:
        return DataLoader(_Batches(self.blocks[name], count, self.seed, anew), batch_size=None)
