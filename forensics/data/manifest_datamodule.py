"""Training on a data set of one's own: any manifest with ``image,mask,label``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from forensics.data.batch import TrainingBatch
from forensics.data.loading import TrainingLoader
from forensics.data.manifest import ManifestRow, read_manifest
from forensics.data.manifest_dataset import EpochOrder, ManifestDataset
from forensics.data.sample import SampleReader
from forensics.data.training_data import DevelopmentPicture, TrainingData
from forensics.data.truth import read_truth
from signals import Evidence, get_signal
from signals.cache import SignalCache
from signals.errors import WrongUsage
from signals.extraction import extract


class ManifestDataModule(TrainingData):
    """Crops of the pictures of one manifest to train, of another to validate.

    Args:
        manifest: CSV with ``image,mask,label``, paths relative to it, see :mod:`forensics.data.manifest`. A further
            column ``sha256`` with the hashes of the pictures spares reading them all when data are recorded.
        validation_manifest: The same of the pictures that validate and choose the operating point.
        test_manifest: The same for ``tracefuse train test``.
        seed: Seed of order and places of the crops.
        sizes: Sizes ``[height, width]`` of the crops, one a step in turn; multiples of 8, of the patch size and of the
            signals' strides.
        batch_size: Pictures a batch and process.
        batches: Batches an epoch and process; by default as many as show every picture once.
        stratify: Whether as many forged as authentic pictures are shown.
        cache: Folder that keeps the signals' maps; they are read from each file only once then.
        workers: Processes that read beside the training.
    """

    def __init__(
        self,
        manifest: Path | None = None,
        validation_manifest: Path | None = None,
        test_manifest: Path | None = None,
        seed: int = 1,
        sizes: list[tuple[int, int]] | None = None,
        batch_size: int = 8,
        batches: int | None = None,
        stratify: bool = True,
        cache: Path | None = None,
        workers: int = 1,
    ) -> None:
        super().__init__(batch_size, workers)
        if manifest is None or validation_manifest is None:
            raise WrongUsage("name both manifests: --data.manifest TRAIN.csv --data.validation_manifest OTHER.csv")
        self._manifest = Path(manifest)
        self._validation_manifest = Path(validation_manifest)
        self._test_manifest = test_manifest
        self._seed = seed
        self._sizes = [(height, width) for height, width in sizes or [(256, 256)]]
        self._batches = batches
        self._stratify = stratify
        self._cache = cache
        self._hashes: dict[Path, str] = {}

    def setup(self, stage: str) -> None:
        """Reads the manifests.

        Raises:
            WrongUsage: A manifest cannot be used, lacks a class that is asked for, or shares pictures with the other.
        """
        self._rows = _read(self._manifest)
        self._validation_rows = _read(self._validation_manifest)
        if self._stratify and len({row.label for row in self._rows}) < 2:
            raise WrongUsage(f"{self._manifest}: holds one class only; add the other or set stratify to false")
        shared = {row.image.resolve() for row in self._rows} & {row.image.resolve() for row in self._validation_rows}
        if shared:
            raise WrongUsage(f"{min(shared)}: among the pictures to train and those to validate; take it out of one")

    def train_dataloader(self) -> TrainingLoader:
        """Other crops each epoch."""
        order = EpochOrder(self._rows, self._seed, self._stratify)
        pictures = self._batch_size * self.world_size
        steps = self._batches or max(1, len(order) // pictures)
        return self.train_on(self._dataset(order, pictures), steps)

    def val_dataloader(self) -> DataLoader[TrainingBatch]:
        """One crop of every picture, the same each time."""
        return self._evaluate(self._validation_rows)

    def test_dataloader(self) -> DataLoader[TrainingBatch]:
        """One crop of every picture of the test manifest.

        Raises:
            WrongUsage: There is none.
        """
        if self._test_manifest is None:
            raise WrongUsage("there are no pictures to test on; give --data.test_manifest")
        return self._evaluate(_read(self._test_manifest))

    def development(self, count: int) -> Iterator[DevelopmentPicture]:
        """At most ``count`` validation pictures, whole; forged and authentic ones in turns."""
        forged = [row for row in self._validation_rows if row.label]
        authentic = [row for row in self._validation_rows if not row.label]
        turns = chain.from_iterable(zip_longest(forged, authentic))
        for row in islice(filter(None, turns), count):
            evidence = Evidence.open(row.image)
            yield DevelopmentPicture(evidence, read_truth(row, evidence))

    def facts(self) -> dict[str, Any]:
        """What a checkpoint records of its data."""
        return {
            "pictures": len(self._rows),
            "forged": sum(row.label for row in self._rows),
            "sha256": self._data_hash(self._rows),
            "validation_pictures": len(self._validation_rows),
            "validation_forged": sum(row.label for row in self._validation_rows),
            "validation_sha256": self._data_hash(self._validation_rows),
            "seed": self._seed,
            "sizes": self._sizes,
            "batch_size": self._batch_size,
            "stratify": self._stratify,
        }

    def describe(self) -> str:
        """See :meth:`TrainingData.describe`."""
        facts = self.facts()
        return (
            f"{facts['pictures']} pictures, {facts['forged']} of them forged (`{facts['sha256'][:16]}`), validated on"
            f" {facts['validation_pictures']} others, {facts['validation_forged']} forged"
            f" (`{facts['validation_sha256'][:16]}`)"
        )

    def _evaluate(self, rows: Sequence[ManifestRow]) -> DataLoader[TrainingBatch]:
        return self.evaluate_on(self._dataset(rows, self._batch_size, strict=True), len(rows))

    def _dataset(
        self, pictures: EpochOrder | Sequence[ManifestRow], step_pictures: int, strict: bool = False
    ) -> ManifestDataset:
        needs = self.needs
        read = SignalCache(self._cache).extract if self._cache else extract
        signals = tuple(get_signal(name) for name in needs.signals)
        reader = SampleReader(signals, needs.segmenter(), read)
        return ManifestDataset(pictures, reader, needs, self._sizes, step_pictures, self._seed, strict)

    def _data_hash(self, rows: Sequence[ManifestRow]) -> str:
        """sha256 over label, picture and mask of all rows, whatever their order."""
        lines = [
            f"{row.label} {row.columns.get('sha256') or self._hash(row.image)} {self._hash(row.mask)}" for row in rows
        ]
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()

    def _hash(self, path: Path | None) -> str:
        if path is None:
            return "none"
        if path not in self._hashes:
            try:
                with path.open("rb") as file:
                    self._hashes[path] = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                self._hashes[path] = "unreadable"
        return self._hashes[path]


def _read(path: Path) -> list[ManifestRow]:
    rows = read_manifest(path)
    if not rows:
        raise WrongUsage(f"{path}: names no picture; add rows with image,mask,label")
    return rows
