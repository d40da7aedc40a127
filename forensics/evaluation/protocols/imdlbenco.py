"""What IMDL-BenCo's evaluators print for the same maps (3efef9b, ``evaluation/{F1,IOU,AUC,Accuracy}.py``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan

import numpy as np
import torch
from numpy.typing import NDArray

from forensics.evaluation.confusion import Confusion, confusion
from forensics.evaluation.metrics import MapArray
from forensics.evaluation.picture import Picture
from forensics.evaluation.protocols.blind import ADDED, blind_values
from forensics.evaluation.protocols.measure import Measure, PictureScores
from forensics.evaluation.protocols.peer_map import map_of, truth_of
from forensics.evaluation.protocols.protocol import Protocol
from forensics.evaluation.protocols.summary import (
    forged_and_all,
    pooled_measure,
    present,
    score_auc_measure,
    score_counts,
)
from forensics.evaluation.value_counts import count_values, fine_levels

MODES = ("origin", "reverse", "double")
_METRICS = ("pixel_f1", "pixel_iou", "pixel_auc", "pixel_accuracy")
_EPSILON = 1e-8


class ImdlBenCo(Protocol):
    """F1, IoU, AUC and accuracy per picture, for the map, the inverted map and the better of the two.

    >>> from forensics.evaluation.picture import Picture
    >>> truth = np.eye(8, dtype=bool)
    >>> protocol = ImdlBenCo()
    >>> protocol.update(Picture("a.jpg", "a.jpg", 1, 8, 8, truth, (~truth).astype(np.float32)))
    >>> numbers = {measure.name: round(measure.value, 6) for measure in protocol.compute()}
    >>> [numbers[f"imdlbenco/pixel_f1_{mode}"] for mode in MODES]
    [0.0, 1.0, 1.0]
    """

    name = "imdlbenco"
    definition = (
        "IMDL-BenCo at 3efef9b. F1, IoU, AUC and accuracy per picture at map > 0.5, mean over pictures; scored "
        "here at native size (there at the network's). origin: the map; reverse: what it does not mark; double: "
        "the larger of the two, so that an inverted map scores 1. F1 and IoU have 1e-8 in their denominators. The "
        "inverted map is 1 - map > 0.5 for IoU, which leaves out values of exactly 0.5, and all that is not marked "
        "for F1 and accuracy. AUC takes equal values one by one, in the order in which "
        "torch.argsort(descending=True) of this machine leaves them: with ties it is no metric (a constant map "
        "need not give 0.5). AUC of a mask that covers everything is NaN: left out and counted. all/: authentic "
        "pictures as well; F1, IoU and AUC 0, and counted. A picture without a map counts: F1 and IoU 0, AUC 0.5, "
        "nothing marked. Image level: F1 and accuracy at score > 0.5, exact AUC; no score counts as 0. "
        f"{ADDED}, in AUC with ties counted half; intervals, undecoded pixels as its shape_mask has padding, masks of "
        "both ends apart."
    )
    quantities = tuple(f"{metric}_{mode}" for metric in _METRICS for mode in MODES)
    at_threshold = tuple(f"{metric}_{mode}" for metric in ("pixel_f1", "pixel_iou", "pixel_accuracy") for mode in MODES)
    ranked = tuple(f"pixel_auc_{mode}" for mode in MODES)

    def measure(self, picture: Picture) -> Mapping[str, float]:
        """The four metrics in the three modes."""
        truth = truth_of(picture)
        if picture.values is None:
            return self._of_no_map(picture, truth)
        values = map_of(picture)
        counts = confusion(values > 0.5, truth, picture.valid)
        strict = confusion(1 - values > 0.5, truth, picture.valid)
        areas = _auc(values, truth, picture.valid), _auc(1 - values, truth, picture.valid)
        return {**_of_counts(counts, strict), **_modes("pixel_auc", *areas)}

    def measure_blind(self, picture: Picture) -> Mapping[str, float]:
        """The same of maps that never look at the picture."""
        truth = truth_of(picture)

        def at_threshold(marked: NDArray[np.bool_]) -> Mapping[str, float]:
            counts = confusion(marked, truth, picture.valid)
            return _of_counts(counts, counts.inverted())

        def ranked(values: MapArray) -> Mapping[str, float]:
            # Blind maps are full of ties, and their numbers should not depend on the machine.
            area = count_values(fine_levels(values), truth, picture.valid).auc()
            if area is None:
                return _modes("pixel_auc", *((nan, nan) if picture.label else (0.0, 0.0)))
            return _modes("pixel_auc", area, 1 - area)

        return blind_values(picture, at_threshold, ranked)

    def summarize(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        """Means over pictures, then the scores."""
        undefined = "the mask covers everything"
        return (*forged_and_all(self.name, pictures, self.quantities, undefined), *self._image_level(pictures))

    def _of_no_map(self, picture: Picture, truth: NDArray[np.bool_]) -> Mapping[str, float]:
        accuracy = confusion(np.zeros_like(truth), truth, picture.valid).accuracy
        values = {"pixel_f1": 0.0, "pixel_iou": 0.0, "pixel_auc": 0.5 * picture.label, "pixel_accuracy": accuracy}
        return {f"{metric}_{mode}": value for metric, value in values.items() for mode in MODES}

    def _image_level(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        if all(picture.score is None for picture in pictures):
            return ()
        counts = score_counts(pictures)
        return present(
            (
                pooled_measure(f"{self.name}/score_f1", pictures, counts, _f1),
                score_auc_measure(f"{self.name}/score_auc", pictures),
                pooled_measure(f"{self.name}/score_accuracy", pictures, counts, lambda found: found.accuracy),
            )
        )


def _of_counts(counts: Confusion, strict: Confusion) -> dict[str, float]:
    """What is taken at the threshold; ``strict`` are the counts of the inverted map, which only IoU reads."""
    inverted = counts.inverted()
    return {
        **_modes("pixel_f1", _f1(counts), _f1(inverted)),
        **_modes("pixel_iou", _iou(counts), _iou(strict)),
        **_modes("pixel_accuracy", counts.accuracy, inverted.accuracy),
    }


def _modes(metric: str, origin: float, reverse: float) -> dict[str, float]:
    return dict(zip((f"{metric}_{mode}" for mode in MODES), (origin, reverse, max(origin, reverse)), strict=True))


def _f1(counts: Confusion) -> float:
    return 2 * counts.tp / (2 * counts.tp + counts.fp + counts.fn + _EPSILON)


def _iou(counts: Confusion) -> float:
    return counts.tp / (counts.tp + counts.fp + counts.fn + _EPSILON)


def _auc(values: NDArray[np.float32], truth: NDArray[np.bool_], valid: NDArray[np.bool_] | None) -> float:
    """Trapezoids pixel by pixel: equal values are walked in an order that nothing defines."""
    if valid is not None:
        values, truth = values[valid], truth[valid]
    order = torch.argsort(torch.from_numpy(np.ascontiguousarray(values).ravel()), descending=True).numpy()
    changed = truth.ravel()[order]
    positives, negatives = int(changed.sum()), int((~changed).sum())
    if not positives:
        return 0.0
    if not negatives:
        return nan
    # Every unchanged pixel is a step to the right, as high as the changed pixels before it.
    return float(np.cumsum(changed)[~changed].sum() / (positives * negatives))
