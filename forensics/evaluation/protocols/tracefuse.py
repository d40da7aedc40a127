"""The default protocol: the mean over pictures at their native size, beside somebody who never looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.bootstrap import RESAMPLES, Statistic, statistic_interval
from forensics.evaluation.confusion import Confusion, confusion
from forensics.evaluation.metrics import MapArray, marks
from forensics.evaluation.picture import MaskMeaning, Picture
from forensics.evaluation.prior import DISC_RADII
from forensics.evaluation.protocols.blind import blind_values
from forensics.evaluation.protocols.image_level import MANY_AUTHENTIC, image_measures
from forensics.evaluation.protocols.measure import Measure, PictureScores
from forensics.evaluation.protocols.protocol import Protocol
from forensics.evaluation.protocols.summary import column, mean_measure, present, sources
from forensics.evaluation.value_counts import ValueCounts, count_values, fine_levels

# At the threshold; their prior is a centered disc.
MARKED = ("pixel_f1@0.5", "pixel_iou@0.5", "pixel_mcc@0.5")
# Over all thresholds; their prior is the closeness to the center.
RANKED = ("pixel_auc", "pixel_ap", "pixel_f1@oracle")
# A mask that covers all that was decoded leaves these without meaning.
_NEED_BOTH_CLASSES = ("pixel_mcc@0.5", "pixel_auc", "pixel_ap")


class TraceFuse(Protocol):
    """Mean over forged pictures of pixel metrics, false alarms of authentic ones, and the scores of both.

    >>> from forensics.evaluation.picture import Picture
    >>> truth = np.zeros((8, 8), bool)
    >>> truth[:4] = True
    >>> protocol = TraceFuse()
    >>> protocol.update(Picture("a.jpg", "a.jpg", 1, 8, 8, truth, truth.astype(np.float32)))
    >>> protocol.update(Picture("b.jpg", "b.jpg", 1, 8, 8, truth, None))
    >>> numbers = {measure.name: measure.value for measure in protocol.compute()}
    >>> numbers["tracefuse/pixel_f1@0.5"], numbers["tracefuse/pixel_auc"], numbers["tracefuse/failed"]
    (0.5, 0.75, 1.0)
    """

    name = "tracefuse"
    definition = (
        "Every picture at its native size, upright; nothing is resized; undecoded pixels do not count. "
        "Forged pictures, each number the mean over pictures: F1, IoU and Matthews correlation (MCC) of map >= 0.5 "
        "(8-bit: >= 128); exact ROC AUC (ties half) and average precision (AP; ties one step). f1@oracle is the best "
        "F1 over all thresholds of each picture, chosen with the truth in hand: a bound, no result. Masks are changed "
        "above 127 of 255; one that covers the whole picture has no MCC, AUC and AP. Masks that mark both ends of a "
        "copy are summed up apart, under both_ends/. A picture without a map counts: F1, IoU and MCC 0, AUC 0.5, "
        "AP its share of changed pixels, nothing marked; `failed` counts them. "
        "Prior: for F1, IoU and MCC a centered disc, one radius for the set and quantity, the best of "
        f"{', '.join(f'{radius:g}' for radius in DISC_RADII)} of the short side on these very pictures; for AUC, AP "
        "and f1@oracle the closeness to the center, in 16 bits. all_one: a map that marks everything. "
        "Gain: maps less prior, paired. Skill: (value - prior) / (1 - prior). "
        f"Intervals: 95 % percentile bootstrap over sources, {RESAMPLES} resamples. "
        "Authentic pictures: share of pixels marked (mean and 95th percentile) and share of pictures with any pixel "
        "marked; they have no F1. Image level: exact AUC and AP, balanced accuracy and false alarms at score >= 0.5, "
        f"and, with {MANY_AUTHENTIC} authentic pictures or more, the share of forged ones found at 5 % false alarms."
    )
    quantities = (*MARKED, *RANKED, "marked_area", "any_marked")
    at_threshold = MARKED
    ranked = RANKED

    def measure(self, picture: Picture) -> Mapping[str, float]:
        """Pixel metrics of the map, and what it marks."""
        if picture.truth is None:
            return _marked_area(picture)
        return _with_meaning(picture, {**_marked_area(picture), **_of_map(picture, picture.truth)})

    def measure_blind(self, picture: Picture) -> Mapping[str, float]:
        """The pixel metrics of blind maps; authentic pictures have none."""
        truth = picture.truth
        if truth is None:
            return {}

        def at_threshold(marked: NDArray[np.bool_]) -> Mapping[str, float]:
            return _marked_values(confusion(marked, truth, picture.valid))

        def ranked(values: MapArray) -> Mapping[str, float]:
            return _ranked_values(count_values(fine_levels(values), truth, picture.valid))

        return _with_meaning(picture, blind_values(picture, at_threshold, ranked))

    def summarize(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        """Localization by the meaning of the masks, then false alarms, then the scores."""
        if not pictures:
            return ()
        forged = [picture for picture in pictures if picture.label == 1]
        authentic = [picture for picture in pictures if picture.label == 0]
        return (
            *self._localization(forged, "altered", ""),
            *self._localization(forged, "both_ends", "both_ends/"),
            *self._false_alarms(authentic),
            *image_measures(self.name, pictures),
            self._failed(pictures),
        )

    def _localization(self, forged: Sequence[PictureScores], meaning: MaskMeaning, prefix: str) -> tuple[Measure, ...]:
        chosen = [picture for picture in forged if picture.mask_meaning == meaning]
        quantities = (*MARKED, *RANKED)
        return present(mean_measure(f"{self.name}/{prefix}{quantity}", chosen, quantity) for quantity in quantities)

    def _false_alarms(self, authentic: Sequence[PictureScores]) -> tuple[Measure, ...]:
        p95 = None
        if authentic:
            areas = column(authentic, "marked_area")
            interval = statistic_interval(_percentile(areas, 0.95), len(areas), sources(authentic))
            assert interval is not None
            note = "authentic pictures: 95th percentile of the share of pixels marked"
            p95 = Measure(f"{self.name}/false_alarm_area_p95", len(areas), interval.mean, interval, note=note)
        note = "authentic pictures: mean share of pixels marked"
        area = mean_measure(f"{self.name}/false_alarm_area", authentic, "marked_area", note)
        note = "authentic pictures: share with any pixel marked"
        regions = mean_measure(f"{self.name}/false_alarm_any", authentic, "any_marked", note)
        return present((area, p95, regions))

    def _failed(self, pictures: Sequence[PictureScores]) -> Measure:
        failed = sum(picture.failed for picture in pictures)
        return Measure(f"{self.name}/failed", len(pictures), float(failed), note="pictures without a map; they count")


def _of_map(picture: Picture, truth: NDArray[np.bool_]) -> dict[str, float]:
    if picture.values is None:
        return _of_no_map(picture, truth)
    counts = confusion(marks(picture.values), truth, picture.valid)
    return {**_marked_values(counts), **_ranked_values(count_values(picture.values, truth, picture.valid))}


def _of_no_map(picture: Picture, truth: NDArray[np.bool_]) -> dict[str, float]:
    """Nothing is marked, no pixel ranked before another, and the oracle finds nothing either."""
    counts = confusion(np.zeros_like(truth), truth, picture.valid)
    return {**_marked_values(counts), "pixel_auc": 0.5, "pixel_ap": counts.fn / counts.total, "pixel_f1@oracle": 0.0}


def _marked_values(counts: Confusion) -> dict[str, float]:
    return dict(zip(MARKED, (counts.f1, counts.iou, counts.mcc), strict=True))


def _ranked_values(counts: ValueCounts) -> dict[str, float]:
    auc, precision = counts.auc(), counts.average_precision()
    found = zip(RANKED, (auc, precision, counts.best_f1()), strict=True)
    return {name: value for name, value in found if value is not None}


def _marked_area(picture: Picture) -> dict[str, float]:
    marked = np.zeros(0, bool) if picture.values is None else marks(picture.values)
    if picture.values is not None and picture.valid is not None:
        marked = marked[picture.valid]
    return {"marked_area": float(marked.mean()) if marked.size else 0.0, "any_marked": float(marked.any())}


def _with_meaning(picture: Picture, values: Mapping[str, float]) -> Mapping[str, float]:
    """Without what a mask that covers everything cannot tell."""
    if picture.truth is None or picture.counted(~picture.truth).any():
        return values
    return {name: value for name, value in values.items() if not name.endswith(_NEED_BOTH_CLASSES)}


def _percentile(values: NDArray[np.float64], share: float) -> Statistic:
    """The smallest value that the given share of the weight does not exceed, as a statistic of weights."""
    order = np.argsort(values)

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        reached = np.cumsum(weights[:, order], axis=1)
        first = (reached < share * reached[:, -1:] - 1e-9).sum(1)
        return np.asarray(values[order][np.minimum(first, len(values) - 1)])

    return statistic
