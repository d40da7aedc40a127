"""What PhotoHolmes' metrics print for the same maps (223762c, ``metrics/*.py``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import sqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from forensics.evaluation.bootstrap import Statistic
from forensics.evaluation.confusion import Confusion, confusion, soft_confusion
from forensics.evaluation.metrics import MapArray
from forensics.evaluation.picture import Picture
from forensics.evaluation.protocols.blind import ADDED, blind_values
from forensics.evaluation.protocols.measure import Measure, PictureScores
from forensics.evaluation.protocols.peer_map import decoded, map_of, truth_of
from forensics.evaluation.protocols.pooled import PooledProtocol
from forensics.evaluation.protocols.summary import (
    COUNTS,
    blind_counts_of,
    by_meaning,
    column,
    counts_columns,
    counts_of,
    mean_measure,
    pooled_measure,
    present,
    score_counts,
    scores_and_labels,
    statistic_measure,
)

THRESHOLDS = 100
WEIGHTED = tuple(f"pixel_{name}_weighted_v1" for name in ("f1", "iou", "mcc"))


class PhotoHolmes(PooledProtocol):
    """One confusion matrix over the pixels of all pictures, a ROC of 100 thresholds, and soft counts.

    >>> from forensics.evaluation.picture import Picture
    >>> truth = np.eye(8, dtype=bool)
    >>> protocol = PhotoHolmes()
    >>> protocol.update(Picture("a.jpg", "a.jpg", 1, 8, 8, truth, truth.astype(np.float32)))
    >>> numbers = {measure.name: measure.value for measure in protocol.compute()}
    >>> numbers["photoholmes/pixel_f1"], numbers["photoholmes/pixel_mcc_weighted_v1"]
    (1.0, 2.0)
    """

    name = "photoholmes"
    definition = (
        "PhotoHolmes at 223762c, native size. F1, IoU, MCC, precision and TPR of one confusion matrix over all "
        "pixels of all pictures, authentic ones as well, at map > 0.5; 0 where undefined, MCC as torchmetrics has "
        "it (a small number, not 0, where a class or a call is missing). AUROC: one ROC over all pixels at "
        f"{THRESHOLDS} fixed thresholds without end points, 0 where a class is missing and 0, not 0.5, for a map "
        "that is 1 throughout. mAUROC: the same per picture, mean over pictures, 0 for authentic ones and those "
        "changed throughout. FPR counts unchanged pixels whose value is exactly 1. weighted: soft counts, each "
        "pixel by its value; v1 per picture, mean over pictures (F1 and IoU 0 for authentic ones), v2 pooled. "
        "MCC_weighted_v1 adds its special case (+1 for no error, -1 for nothing right) to the formula: 2 for a "
        "perfect map, -2 for its inverse; v2 returns the one or the other. Image level: F1 and MCC at score > 0.5, "
        "AUROC at the same thresholds. A picture without a map counts as one that marks nothing, with mAUROC 0.5 "
        "if forged; no score counts as 0. Its states without a rule for several processes are gathered here. "
        f"{ADDED} (FPR has neither); intervals, undecoded pixels do not count, masks of both ends apart."
    )
    quantities = (
        *(f"{prefix}{name}" for prefix in ("", "soft_") for name in COUNTS),
        *WEIGHTED,
        "pixel_mauroc",
        "exactly_one",
    )
    at_threshold = (*COUNTS, *WEIGHTED)
    ranked = ("pixel_mauroc",)
    level_count = THRESHOLDS

    def measure(self, picture: Picture) -> Mapping[str, float]:
        """Hard and soft counts, and what is taken per picture."""
        values, truth = map_of(picture), truth_of(picture)
        soft = soft_confusion(values, truth, picture.valid)
        area = binned_auroc(self.histogram(picture)) if picture.values is not None else 0.5 * picture.label
        return {
            **counts_columns(confusion(values > 0.5, truth, picture.valid)),
            **counts_columns(soft, "soft_"),
            **_weighted(soft),
            "pixel_mauroc": area,
            "exactly_one": float(np.count_nonzero(picture.counted((values == 1) & ~truth))),
        }

    def measure_blind(self, picture: Picture) -> Mapping[str, float]:
        """The same of maps that never look at the picture; soft counts of yes and no are the hard ones."""
        truth = truth_of(picture)

        def at_threshold(marked: NDArray[np.bool_]) -> Mapping[str, float]:
            counts = confusion(marked, truth, picture.valid)
            return {**counts_columns(counts), **_weighted(counts)}

        def ranked(values: MapArray) -> Mapping[str, float]:
            return {"pixel_mauroc": binned_auroc(self.histogram(replace(picture, values=values)))}

        return blind_values(picture, at_threshold, ranked)

    def levels(self, picture: Picture) -> tuple[NDArray[Any], NDArray[Any]]:
        """How many of the thresholds each value reaches, less one."""
        if picture.values is not None and picture.values.dtype == np.uint8:
            return decoded(picture, _levels_of_bytes()[picture.values]), decoded(picture, truth_of(picture))
        return decoded(picture, levels_of(map_of(picture))), decoded(picture, truth_of(picture))

    def summarize(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        """Pixels of all pictures, means over pictures, then the scores."""
        measures: list[Measure | None] = []
        for prefix, group in by_meaning(pictures):
            start = f"{self.name}/{prefix}"
            measures += self._pooled(start, group)
            measures.append(self.area_measure(prefix, "pixel_auroc", group, binned_auroc))
            measures += [
                mean_measure(f"{start}{quantity}", group, quantity)
                for quantity in self.quantities
                if quantity.startswith("pixel_")
            ]
        return (*present(measures), *self._image_level(pictures))

    def _pooled(self, start: str, pictures: Sequence[PictureScores]) -> list[Measure | None]:
        hard, soft = counts_of(pictures), counts_of(pictures, "soft_")
        ones, unchanged = column(pictures, "exactly_one"), hard[:, 1] + hard[:, 3]
        exact = np.stack([0 * ones, ones, 0 * ones, unchanged - ones], 1)
        blind = blind_counts_of(pictures)

        def beside_blind(
            name: str, counts: NDArray[np.float64], formula: Callable[[Confusion], float]
        ) -> Measure | None:
            return pooled_measure(f"{start}pixel_{name}", pictures, counts, formula, blind_counts=blind)

        return [
            beside_blind("f1", hard, lambda counts: counts.f1),
            beside_blind("iou", hard, lambda counts: counts.iou),
            beside_blind("mcc", hard, torchmetrics_mcc),
            beside_blind("precision", hard, lambda counts: counts.precision),
            beside_blind("tpr", hard, lambda counts: counts.recall),
            pooled_measure(f"{start}pixel_fpr", pictures, exact, lambda counts: counts.false_positive_rate),
            beside_blind("f1_weighted_v2", soft, lambda counts: counts.f1),
            beside_blind("iou_weighted_v2", soft, lambda counts: counts.iou),
            beside_blind("mcc_weighted_v2", soft, lambda counts: _special_case(counts) or _plain_mcc(counts)),
        ]

    def _image_level(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        if all(picture.score is None for picture in pictures):
            return ()
        counts, start = score_counts(pictures), f"{self.name}/score_"
        return present(
            (
                pooled_measure(f"{start}f1", pictures, counts, lambda found: found.f1),
                pooled_measure(f"{start}mcc", pictures, counts, torchmetrics_mcc),
                statistic_measure(f"{start}auroc", pictures, _score_auroc(*scores_and_labels(pictures))),
            )
        )


def levels_of(values: NDArray[Any]) -> NDArray[np.intp]:
    """How many of the 100 thresholds 0, 1/99, .. 1 each value reaches, less one.

    >>> levels_of(np.array([0.0, 0.5, 1.0], np.float32))
    array([ 0, 49, 99])
    """
    return np.searchsorted(_thresholds(), values, side="right") - 1


def binned_auroc(histograms: NDArray[Any]) -> float:
    """Trapezoids between the thresholds alone, nothing added at the ends; 0 where a class is missing.

    Args:
        histograms: Changed and unchanged pixels by level, ``[2, 100]`` ascending.
    """
    return float(_areas(histograms[None])[0])


def torchmetrics_mcc(counts: Confusion) -> float:
    """Matthews correlation with the rules of torchmetrics 1.x where the denominator is 0.

    >>> round(torchmetrics_mcc(Confusion(tp=0, fp=0, fn=1024, tn=3072)), 6)
    0.018042
    """
    if special := _special_case(counts):
        return special
    sums = (counts.tp + counts.fp, counts.tp + counts.fn, counts.tn + counts.fp, counts.tn + counts.fn)
    if all(sums):
        return _plain_mcc(counts)
    right = counts.tp + counts.tn
    wrong = counts.fp + counts.fn
    tiny = float(np.finfo(np.float32).eps)
    return sqrt(tiny) * (right - wrong) / sqrt(float(np.prod([part + tiny for part in sums])))


def _weighted(counts: Confusion) -> dict[str, float]:
    """What is taken per picture of soft counts."""
    return dict(zip(WEIGHTED, (counts.f1, counts.iou, _plain_mcc(counts) + _special_case(counts)), strict=True))


def _plain_mcc(counts: Confusion) -> float:
    return counts.mcc


def _special_case(counts: Confusion) -> float:
    """1 where nothing is wrong, -1 where nothing is right, else 0."""
    right, wrong = counts.tp + counts.tn, counts.fp + counts.fn
    return float(bool(right and not wrong)) - float(bool(wrong and not right))


@cache
def _thresholds() -> NDArray[np.float32]:
    # torch's own: numpy's differ in the last bit.
    return torch.linspace(0, 1, THRESHOLDS).numpy()


@cache
def _levels_of_bytes() -> NDArray[np.intp]:
    return levels_of(np.arange(256, dtype=np.float32) / np.float32(255))


def _areas(histograms: NDArray[Any]) -> NDArray[np.float64]:
    """Of ``[R, 2, 100]``."""
    from_above = np.cumsum(histograms[..., ::-1], axis=2)
    rates = from_above / np.maximum(from_above[..., -1:], 1)
    return np.asarray(np.trapezoid(rates[:, 0], rates[:, 1], axis=1))


def _score_auroc(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> Statistic:
    reached = np.eye(THRESHOLDS)[levels_of(scores.astype(np.float32))]

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return _areas(np.stack([(weights * labels) @ reached, (weights * ~labels) @ reached], 1))

    return statistic
