"""How often pristine photos are flagged by a threshold, and by one that was fitted without their camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.calibration.conformal import conformal_threshold
from forensics.calibration.threshold import ScoreThreshold, left_out_flags, unit_weights
from forensics.evaluation.bootstrap import Interval, statistic_interval
from forensics.evaluation.calibration.measuring import Measured
from forensics.evaluation.calibration.versions import ORIGINAL
from forensics.evaluation.controls import wilson_interval


@dataclass(frozen=True)
class VersionRate:
    """Photos of one kind of version.

    Attributes:
        name: How the version was made.
        n: Photos.
        flagged: Of them, how many reach the threshold.
        logit: Median of their scores' logits, without a calibration.
        marked: Median share of the pixels that the map marks.
    """

    name: str
    n: int
    flagged: int
    logit: float
    marked: float


@dataclass(frozen=True)
class FalseAlarms:
    """A threshold on pristine photos.

    Attributes:
        photos: Photos.
        cameras: Cameras.
        flagged: Photos whose own file is flagged.
        low: Lower end of the 95 % interval of their share (Wilson 1927).
        high: Upper end.
        any_version: Photos of which any version is flagged.
        share: Of all versions, cameras weighing the same, with its 95 % interval over cameras.
        versions: Each kind.
    """

    photos: int
    cameras: int
    flagged: int
    low: float
    high: float
    any_version: int
    share: Interval
    versions: tuple[VersionRate, ...]


def fit_threshold(photos: Sequence[Measured], false_alarms: float) -> ScoreThreshold:
    """The threshold that at most that share of the versions of new pristine photos shall reach."""
    return ScoreThreshold.fit(logits(photos), megapixels(photos), [photo.camera for photo in photos], false_alarms)


def flags_of_others(photos: Sequence[Measured], false_alarms: float, tolerated: float) -> NDArray[np.bool_]:
    """Whether each is flagged by the threshold that all other cameras give, see :func:`left_out_flags`."""
    cameras = [photo.camera for photo in photos]
    return left_out_flags(logits(photos), megapixels(photos), cameras, false_alarms, tolerated)


def flags(pictures: Sequence[Measured], threshold: ScoreThreshold) -> NDArray[np.bool_]:
    """Whether each reaches the threshold."""
    return np.asarray(logits(pictures) >= threshold.logit(megapixels(pictures)))


def count_alarms(photos: Sequence[Measured], flagged: NDArray[np.bool_]) -> FalseAlarms:
    """Sums up versions of pristine photos."""
    cameras, sources = [photo.camera for photo in photos], [photo.source for photo in photos]
    weights, hits = unit_weights(cameras), flagged.astype(np.float64)
    share = statistic_interval(
        lambda drawn: (drawn * weights) @ hits / (drawn * weights).sum(axis=1), len(photos), cameras
    )
    assert share is not None
    own = [hit for photo, hit in zip(photos, flagged, strict=True) if photo.kind == ORIGINAL]
    low, high = wilson_interval(int(sum(own)), len(own))
    return FalseAlarms(
        photos=len(own),
        cameras=len(set(cameras)),
        flagged=int(sum(own)),
        low=low,
        high=high,
        any_version=len({source for source, hit in zip(sources, flagged, strict=True) if hit}),
        share=share,
        versions=tuple(_version(name, photos, flagged) for name in dict.fromkeys(photo.kind for photo in photos)),
    )


def promised_logit(photos: Sequence[Measured], threshold: ScoreThreshold, false_alarms: float) -> float:
    """The intercept at which the share would be a promise for every new camera; infinite with too few cameras."""
    residual = logits(photos) - threshold.slope * np.log2(megapixels(photos))
    return conformal_threshold(residual.tolist(), [photo.camera for photo in photos], false_alarms)


def logits(pictures: Sequence[Measured]) -> NDArray[np.float64]:
    """Of their scores, without a calibration."""
    return np.array([picture.logit for picture in pictures], np.float64)


def megapixels(pictures: Sequence[Measured]) -> NDArray[np.float64]:
    """Their sizes."""
    return np.array([picture.facts["megapixels"] for picture in pictures], np.float64)


def _version(name: str, photos: Sequence[Measured], flagged: NDArray[np.bool_]) -> VersionRate:
    rows = [place for place, photo in enumerate(photos) if photo.kind == name]
    return VersionRate(
        name=name,
        n=len(rows),
        flagged=int(flagged[rows].sum()),
        logit=float(np.median([photos[row].logit for row in rows])),
        marked=float(np.median([photos[row].marked for row in rows])),
    )
