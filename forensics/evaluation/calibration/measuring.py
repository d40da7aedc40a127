"""What a checkpoint says of pictures whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forensics.calibration.facts import file_facts, signal_facts
from forensics.data.forge.forger import Forger
from forensics.data.photos import UNKNOWN_CAMERA, Photo
from forensics.evaluation.calibration.degraded import degraded_picture
from forensics.evaluation.calibration.versions import Version
from forensics.evaluation.metrics import marks
from forensics.inference.prediction import Prediction
from signals import Evidence

# Beyond this a score is 0 or 1 in single precision.
_NEAREST = 1e-6


class PredictorLike(Protocol):
    """A checkpoint without a calibration."""

    def predict(self, evidence: Evidence) -> Prediction:
        """Analyzes one picture."""
        ...


@dataclass(frozen=True)
class Measured:
    """One picture.

    Attributes:
        source: The photo that it was made from.
        camera: That took the photo; the photo itself where no manifest tells.
        kind: The version of a photo, or the degradation of a generated picture.
        family: The edit; empty for a pristine picture.
        logit: Of the score without a calibration.
        marked: Share of the pixels that the map marks.
        area: Share that was changed; 0 for a pristine picture.
        overlap: Intersection over union of what was marked and what was changed; 0 for a pristine picture.
        facts: See :mod:`forensics.calibration.facts`.
    """

    source: str
    camera: str
    kind: str
    family: str
    logit: float
    marked: float
    area: float
    overlap: float
    facts: Mapping[str, float]

    @property
    def label(self) -> int:
        """1 forged, 0 pristine."""
        return int(bool(self.family))


def measure_version(predictor: PredictorLike, photo: Photo, version: Version) -> Measured:
    """A version of a pristine photo.

    Raises:
        UnreadableImage: The photo cannot be decoded.
    """
    evidence = Evidence.open(version.make(), name=photo.id)
    return _measure(predictor, evidence, None, photo.id, photo.camera, version.name, "")


def measure_generated(predictor: PredictorLike, forger: Forger, index: int) -> Measured:
    """A generated forgery or twin, see :func:`degraded_picture`."""
    picture = degraded_picture(forger, index)
    evidence = Evidence.open(picture.data)
    mask = picture.mask if picture.label else None
    return _measure(predictor, evidence, mask, picture.source, picture.camera, picture.degradation, picture.family)


def _measure(
    predictor: PredictorLike,
    evidence: Evidence,
    mask: NDArray[np.bool_] | None,
    source: str,
    camera: str,
    kind: str,
    family: str,
) -> Measured:
    prediction = predictor.predict(evidence)
    marked = marks(prediction.map)
    score = float(np.clip(prediction.score, _NEAREST, 1 - _NEAREST))
    overlap = 0.0 if mask is None else float((marked & mask).sum() / max(1, (marked | mask).sum()))
    return Measured(
        source=source,
        camera=source if camera == UNKNOWN_CAMERA else camera,
        kind=kind,
        family=family,
        logit=float(np.log(score) - np.log1p(-score)),
        marked=float(marked.mean()),
        area=0.0 if mask is None else float(mask.mean()),
        overlap=overlap,
        facts={**file_facts(evidence), **signal_facts(evidence, prediction.signals)},
    )
