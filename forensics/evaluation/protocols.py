"""Named protocols: what is measured on a picture and how a set is summed up, defined in words beside the numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.bootstrap import RESAMPLES, Interval, mean_interval, paired_difference
from forensics.evaluation.maps import MapResult
from forensics.evaluation.metrics import THRESHOLD, MapArray, f1_score, marks, roc_auc
from forensics.evaluation.prior import DISC_RADII, centered_disc, closeness
from signals.errors import WrongUsage

Truth = NDArray[np.bool_]


@dataclass(frozen=True)
class PictureScores:
    """What one picture measured.

    Attributes:
        image: The picture.
        label: 1 forged, 0 authentic.
        f1: Pixel F1; None for authentic pictures, as are the next three.
        auc: Pixel AUC; None also when the mask covers the whole picture.
        prior_f1: F1 of the centered disc of each radius of ``DISC_RADII``.
        prior_auc: AUC of the closeness to the center.
        marked: Share of the valid pixels that the map marks.
        score: Of the whole picture, 0..1; None when the source of maps has none.
    """

    image: str
    label: int
    f1: float | None
    auc: float | None
    prior_f1: tuple[float, ...] | None
    prior_auc: float | None
    marked: float
    score: float | None


@dataclass(frozen=True)
class Measure:
    """One number of a set, named after its protocol.

    Attributes:
        name: ``protocol/quantity``.
        n: Pictures it is taken over.
        value: Of the maps.
        interval: Its 95 % interval, where it is a mean over pictures.
        prior: The content-free prior's, where it has one.
        gain: Maps less prior, paired by picture.
        note: What a reader must know beside it.
    """

    name: str
    n: int
    value: float
    interval: Interval | None = None
    prior: Interval | None = None
    gain: Interval | None = None
    note: str = ""


@dataclass(frozen=True)
class Protocol:
    """How maps are scored.

    Attributes:
        name: Stands before every number.
        definition: What the numbers are, in words.
        f1: F1 of a map, the truth and the valid pixels.
        auc: AUC of the same; None when a class is missing.
    """

    name: str
    definition: str
    f1: Callable[[MapArray, Truth, Truth | None], float]
    auc: Callable[[MapArray, Truth, Truth | None], float | None]

    def measure(self, image: str, truth: Truth | None, result: MapResult, valid: Truth | None = None) -> PictureScores:
        """Scores one picture beside the prior.

        Args:
            image: The picture's name in the results.
            truth: bool ``[H, W]``, True where changed and somewhere True; None for authentic pictures.
            result: The map, ``[H, W]``.
            valid: bool ``[H, W]``, False where nothing could be decoded; None: valid throughout.
        """
        marked = marks(result.values) if valid is None else marks(result.values)[valid]
        share = float(marked.mean()) if marked.size else 0.0
        if truth is None:
            return PictureScores(image, 0, None, None, None, None, share, result.score)
        height, width = truth.shape
        return PictureScores(
            image=image,
            label=1,
            f1=self.f1(result.values, truth, valid),
            auc=self.auc(result.values, truth, valid),
            prior_f1=tuple(self.f1(centered_disc(height, width, radius), truth, valid) for radius in DISC_RADII),
            prior_auc=self.auc(closeness(height, width), truth, valid),
            marked=share,
            score=result.score,
        )

    def summarize(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        """Sums a set up; what no picture supports is absent."""
        measures = (
            self._localization_f1(pictures),
            self._localization_auc(pictures),
            self._false_alarm_area(pictures),
            self._false_alarm_pictures(pictures),
            self._score_auc(pictures),
        )
        return tuple(measure for measure in measures if measure is not None)

    def _localization_f1(self, pictures: Sequence[PictureScores]) -> Measure | None:
        ours = [picture.f1 for picture in pictures if picture.f1 is not None]
        discs = np.array([picture.prior_f1 for picture in pictures if picture.prior_f1 is not None])
        if not ours:
            return None
        best = int(discs.mean(axis=0).argmax())
        note = f"prior: centered disc of {DISC_RADII[best]:g} of the short side"
        return self._beside_prior("pixel_f1@0.5", ours, list(discs[:, best]), note)

    def _localization_auc(self, pictures: Sequence[PictureScores]) -> Measure | None:
        pairs = [(p.auc, p.prior_auc) for p in pictures if p.auc is not None and p.prior_auc is not None]
        if not pairs:
            return None
        ours, prior = zip(*pairs, strict=True)
        return self._beside_prior("pixel_auc", ours, prior, "prior: closeness to the center")

    def _beside_prior(self, quantity: str, ours: Sequence[float], prior: Sequence[float], note: str) -> Measure:
        return Measure(
            name=f"{self.name}/{quantity}",
            n=len(ours),
            value=float(np.mean(ours)),
            interval=mean_interval(ours),
            prior=mean_interval(prior),
            gain=paired_difference(ours, prior),
            note=note,
        )

    def _false_alarm_area(self, pictures: Sequence[PictureScores]) -> Measure | None:
        areas = [picture.marked for picture in pictures if picture.label == 0]
        note = "authentic pictures: mean share of pixels marked"
        return self._mean("false_alarm_area", areas, note)

    def _false_alarm_pictures(self, pictures: Sequence[PictureScores]) -> Measure | None:
        flags = [float(p.score >= THRESHOLD) for p in pictures if p.label == 0 and p.score is not None]
        note = "authentic pictures: share with a score of 0.5 and above"
        return self._mean("false_alarm_pictures", flags, note)

    def _mean(self, quantity: str, values: Sequence[float], note: str) -> Measure | None:
        interval = mean_interval(values)
        if interval is None:
            return None
        return Measure(f"{self.name}/{quantity}", interval.n, interval.mean, interval, note=note)

    def _score_auc(self, pictures: Sequence[PictureScores]) -> Measure | None:
        scored = [(picture.score, picture.label) for picture in pictures if picture.score is not None]
        scores, labels = np.array([score for score, _ in scored]), np.array([label == 1 for _, label in scored], bool)
        value = roc_auc(scores, labels)
        if value is None:
            return None
        note = "image level; if the two classes were saved differently, the container alone can drive it"
        return Measure(f"{self.name}/score_auc", len(scored), value, note=note)


_TRACEFUSE = Protocol(
    name="tracefuse",
    definition=(
        "Every picture at its native size, upright; nothing is resized; undecoded pixels do not count. "
        "Forged pictures: pixel F1 of map >= 0.5 (8-bit: >= 128) and exact pixel ROC AUC (ties half), each the mean "
        "over pictures; masks are changed above 127 of 255. AUC leaves out masks that cover the whole picture. "
        "Prior: for F1 a centered disc, one radius for the set, the best of "
        f"{', '.join(f'{radius:g}' for radius in DISC_RADII)} of the short side on these very pictures; for AUC the "
        "closeness to the center. Gain: maps less prior, paired. "
        f"Intervals: 95 % percentile bootstrap over pictures, {RESAMPLES} resamples. "
        "Authentic pictures: share of pixels marked, and share of pictures with a score >= 0.5; they have no F1."
    ),
    f1=f1_score,
    auc=roc_auc,
)

_PROTOCOLS = {protocol.name: protocol for protocol in (_TRACEFUSE,)}


def list_protocols() -> list[str]:
    """Names of all protocols."""
    return sorted(_PROTOCOLS)


def get_protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        WrongUsage: There is none.
    """
    if name not in _PROTOCOLS:
        raise WrongUsage(f"protocol {name}: unknown; there are {', '.join(list_protocols())}")
    return _PROTOCOLS[name]
