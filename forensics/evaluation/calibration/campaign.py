"""All pictures of a calibration, measured one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from forensics.data.forge.forger import Forger
from forensics.data.photos import PhotoPool
from forensics.evaluation.calibration.degraded import calibration_recipe
from forensics.evaluation.calibration.journal import Journal
from forensics.evaluation.calibration.measuring import Measured, PredictorLike, measure_generated, measure_version
from forensics.evaluation.calibration.versions import photo_versions
from signals.errors import UnreadableImage

Progress = Callable[[], None]


@dataclass(frozen=True)
class Campaign:
    """What is measured.

    Attributes:
        photos: Untouched photos that the checkpoint was not trained on.
        pairs: Generated forgeries, as many twins beside them.
        seed: Of the forgeries.
        largest: Megapixels to which some photos are enlarged.
        enlarged: How many.
    """

    photos: PhotoPool
    pairs: int
    seed: int = 0
    largest: float = 12.0
    enlarged: int = 4

    @property
    def total(self) -> int:
        """Pictures."""
        versions = sum(len(photo_versions(self.photos, photo, self._largest(n))) for n, photo in enumerate(self.photos))
        return versions + 2 * self.pairs

    def measure_photos(
        self, predictor: PredictorLike, journal: Journal, progress: Progress = lambda: None
    ) -> list[Measured]:
        """Every version of every photo; a photo that cannot be decoded is named in the warnings of the pool."""
        return list(self._versions(predictor, journal, progress))

    def measure_forgeries(
        self, predictor: PredictorLike, journal: Journal, progress: Progress = lambda: None
    ) -> list[Measured]:
        """Generated forgeries, each followed by its twin."""
        forger, found = Forger(self.photos, calibration_recipe(), self.seed), []
        for index in range(2 * self.pairs):
            name = f"{self.photos.data_hash[:16]} {self.seed} {index}"
            found.append(journal.measured(name, partial(measure_generated, predictor, forger, index)))
            progress()
        return found

    def _versions(self, predictor: PredictorLike, journal: Journal, progress: Progress) -> Iterator[Measured]:
        for number, photo in enumerate(self.photos):
            try:
                for version in photo_versions(self.photos, photo, self._largest(number)):
                    name = f"{photo.sha256} {version.name}"
                    yield journal.measured(name, partial(measure_version, predictor, photo, version))
                    progress()
            except UnreadableImage as error:
                self.photos.warnings.append(str(error))

    def _largest(self, number: int) -> float:
        return self.largest if number < self.enlarged else 0.0
