"""Crops of the pictures of a manifest, with the truth about them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from forensics.data.batch import TrainingBatch
from forensics.data.manifest import ManifestRow
from forensics.data.sample import SampleReader, SampleTensors, Window
from forensics.data.training_data import NetworkNeeds
from forensics.data.truth import read_truth
from signals import Evidence
from signals.errors import UnreadableImage, WrongUsage

_JPEG_BLOCK = 8


@dataclass(frozen=True)
class EpochOrder:
    """Which picture comes at which place, epoch after epoch, shuffled anew each time.

    Attributes:
        rows: All pictures.
        seed: Seed of the shuffling.
        stratify: Whether forged and authentic pictures take turns; those of the rarer class come more than once an
            epoch then. It asks for both classes.
    """

    rows: Sequence[ManifestRow]
    seed: int
    stratify: bool
    _known: dict[int, NDArray[np.intp]] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return 2 * max(len(numbers) for numbers in self._classes) if self.stratify else len(self.rows)

    def __getitem__(self, place: int) -> ManifestRow:
        """The picture at a place of 0 or more; places past the length belong to the epochs that follow."""
        epoch, place = divmod(place, len(self))
        if epoch not in self._known:
            self._known.clear()
            self._known[epoch] = self._shuffled(epoch)
        return self.rows[int(self._known[epoch][place])]

    @property
    def _classes(self) -> tuple[list[int], list[int]]:
        forged = [number for number, row in enumerate(self.rows) if row.label]
        return forged, [number for number, row in enumerate(self.rows) if not row.label]

    def _shuffled(self, epoch: int) -> NDArray[np.intp]:
        random = np.random.default_rng([self.seed, epoch])
        if not self.stratify:
            return random.permutation(len(self.rows))
        half = len(self) // 2
        drawn = []
        for numbers in self._classes:
            rounds = [random.permutation(numbers) for _ in range(math.ceil(half / len(numbers)))]
            drawn.append(np.concatenate(rounds)[:half])
        return np.stack(drawn, axis=1).ravel()


@dataclass(frozen=True)
class ManifestDataset(Dataset[TrainingBatch]):
    """The picture at a place of an order, cropped, as a batch of one.

    Signals are read from the whole file as it is; only then is everything cut, on the common grid of 8 pixels, the
    patches and the cells of all signals. Nothing is resized or mirrored: that would destroy what the signals read. A
    crop of a forged picture shows a part of what was changed. A picture smaller than the crop is filled up below and
    to the right with cells that are not valid.

    Attributes:
        pictures: The pictures by place, an :class:`EpochOrder` or a plain list.
        reader: Reads signals and objects.
        needs: What the network asks for.
        sizes: Crop sizes ``(H, W)``, one for all pictures of a step.
        step_pictures: Pictures a step, of all processes together.
        seed: Seed of the places of the crops.
        strict: Whether a picture that cannot be read is an error; otherwise the next one that can be read is taken,
            and the batch names what was passed over.

    Raises:
        WrongUsage: A size is no multiple of the grid; when read, a mask of another size than its picture.
        UnreadableImage: When read: a picture or mask cannot be read, and it is strict or no other can be read.
    """

    pictures: EpochOrder | Sequence[ManifestRow]
    reader: SampleReader
    needs: NetworkNeeds
    sizes: Sequence[tuple[int, int]]
    step_pictures: int
    seed: int
    strict: bool = False

    def __post_init__(self) -> None:
        for height, width in self.sizes:
            if height % self.grid or width % self.grid or min(height, width) < self.grid:
                raise WrongUsage(f"crops of {height} x {width} do not lie on the grid of {self.grid}; give multiples")

    @property
    def grid(self) -> int:
        """Pixels by which crops may move: a multiple of 8, the patch and every signal's stride."""
        return math.lcm(_JPEG_BLOCK, self.needs.patch, *(signal.spec.stride for signal in self.reader.signals))

    def __getitem__(self, index: int) -> TrainingBatch:
        size = self.sizes[index // self.step_pictures % len(self.sizes)]
        if self.strict:
            return self._read(self.pictures[index], size, index)
        skipped: list[str] = []
        for place in range(index, index + len(self.pictures)):
            try:
                return self._read(self.pictures[place], size, index, tuple(skipped))
            except UnreadableImage as error:
                skipped.append(str(error))
        raise UnreadableImage(f"no picture of the manifest can be read; the first: {skipped[0]}")

    def _read(
        self, row: ManifestRow, size: tuple[int, int], index: int, skipped: tuple[str, ...] = ()
    ) -> TrainingBatch:
        evidence = _open_whole(row.image)
        truth = read_truth(row, evidence)
        sample = self.reader.read(evidence)
        random = np.random.default_rng([self.seed, index])
        window = place_crop(random, truth, size, self.grid)
        cut = slice(window.top, window.top + window.height), slice(window.left, window.left + window.width)
        mask, valid = torch.zeros(1, 1, *size), torch.zeros(1, 1, *size, dtype=torch.bool)
        seen = torch.from_numpy(truth[cut])
        mask[0, 0, : seen.shape[0], : seen.shape[1]] = seen.float()
        valid[0, 0, : seen.shape[0], : seen.shape[1]] = True
        tensors = SampleTensors.of(sample, self.needs.patch, self.needs.rule)
        label = torch.tensor([float(seen.any())])
        names = (f"{row.image}, {size[1]} x {size[0]} at ({window.left}, {window.top})",)
        return TrainingBatch(tensors.window(window), mask, label, None if valid.all() else valid, skipped, names)


def _open_whole(path: Path) -> Evidence:
    try:
        evidence = Evidence.open(path)
        _ = evidence.pixels
        missing = evidence.height - evidence.decoded_rows
    except UnreadableImage as error:  # it knows the name of the file only
        raise UnreadableImage(f"{path}: {str(error).removeprefix(f'{path.name}: ')}") from error
    if missing:
        raise UnreadableImage(f"{path}: cut short; give the whole picture")
    return evidence


def place_crop(random: np.random.Generator, truth: NDArray[np.bool_], size: tuple[int, int], grid: int) -> Window:
    """A window on the grid; around some changed pixel, if there is one.

    Args:
        random: Draws the place.
        truth: bool ``[H, W]``.
        size: Height and width of the window, multiples of the grid.
        grid: Pixels by which it may move.
    """
    changed = np.flatnonzero(truth)
    inside = divmod(int(random.choice(changed)), truth.shape[1]) if len(changed) else None
    corner = []
    for axis in range(2):
        # The last window still begins inside of the picture and, if it can, ends there.
        last = max(0, math.ceil((truth.shape[axis] - size[axis]) / grid))
        first = 0
        if inside is not None:
            first = min(last, max(0, math.ceil((inside[axis] + 1 - size[axis]) / grid)))
            last = min(last, inside[axis] // grid)
        corner.append(grid * int(random.integers(first, last + 1)))
    return Window(corner[0], corner[1], *size)
