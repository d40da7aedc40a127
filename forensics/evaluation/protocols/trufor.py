"""What TruFor's evaluation prints for the same maps (ae54475, ``test_docker/metrics.py``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

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
from forensics.evaluation.value_counts import count_values

ERODED, DILATED = 15, 11

_FIXED = ("pixel_f1_fixed", "pixel_f1_fixed_not_permuted", "pixel_f1_training")
_BEST = ("pixel_f1_best", "pixel_f1_best_not_permuted")


class TruFor(Protocol):
    """Permuted F1 with the border of the region left out.

    >>> from forensics.evaluation.picture import Picture
    >>> truth = np.zeros((64, 64), bool)
    >>> truth[16:48, 16:48] = True
    >>> protocol = TruFor()
    >>> protocol.update(Picture("a.jpg", "a.jpg", 1, 64, 64, truth, (~truth).astype(np.float32)))
    >>> {measure.name: measure.value for measure in protocol.compute()}["trufor/pixel_f1_fixed"]
    1.0
    """

    name = "trufor"
    definition = (
        "TruFor, test_docker/metrics.py at ae54475. F1 per picture at native size, mean over pictures. Only pixels "
        f"that survive an erosion of the mask by {ERODED} x {ERODED} (changed) or lie outside its dilation by "
        f"{DILATED} x {DILATED} (unchanged) count: a region thinner than {ERODED} pixels vanishes. Permuted: the "
        "larger of the F1 of the map and of the inverted map, so that an inverted map scores 1. fixed: map > 0.5; "
        "best: the best threshold of each picture, marked strictly above one of its values, so that `everything "
        "marked` is never tried and best can lie below fixed. not_permuted: the map as it is. Where truth and "
        "marks together hold one class only, the code fails and fixed is NaN: such pictures are left out and "
        "counted; best stays in (0 without changed pixels), so the two have different denominators. training: the "
        "p-F1 by which its training picks a checkpoint, the whole mask at map > 0.5; its inverted term is 2 FN / "
        "(2 TP + FN + TN) and can exceed 1. all/: authentic pictures as well (best 0, fixed NaN or 0). A picture "
        "without a map counts 0. Image level: exact AUC and balanced accuracy at score > 0.5; pictures without a "
        f"score are dropped. {ADDED}; intervals, undecoded pixels do not count, masks of both ends apart."
    )
    quantities = (_BEST[0], _FIXED[0], _BEST[1], *_FIXED[1:])
    at_threshold = _FIXED
    ranked = _BEST

    def measure(self, picture: Picture) -> Mapping[str, float]:
        """F1 of the map and of its inverse, away from the border of the region."""
        if picture.values is None:
            return dict.fromkeys(self.quantities, 0.0)
        unchanged, changed = away_from_border(truth_of(picture))
        counted, values = picture.counted(unchanged | changed), map_of(picture)
        return {**_fixed_f1(picture, values > 0.5, counted), **_best_f1(values, changed, counted)}

    def measure_blind(self, picture: Picture) -> Mapping[str, float]:
        """The same of maps that never look at the picture."""
        unchanged, changed = away_from_border(truth_of(picture))
        counted = picture.counted(unchanged | changed)
        return blind_values(
            picture,
            lambda marked: _fixed_f1(picture, marked, counted),
            lambda values: _best_f1(values, changed, counted),
        )

    def summarize(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        """Means over pictures, then the scores."""
        undefined = "truth and marks hold one class only"
        return (*forged_and_all(self.name, pictures, self.quantities, undefined), *self._image_level(pictures))

    def _image_level(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        scored = [picture for picture in pictures if picture.score is not None]
        if not scored:
            return ()
        note = f"{len(pictures) - len(scored)} without a score dropped" if len(scored) < len(pictures) else ""
        name = f"{self.name}/score_balanced_accuracy"
        return present(
            (
                score_auc_measure(f"{self.name}/score_auc", scored, note),
                pooled_measure(name, scored, score_counts(scored), _balanced_accuracy, note),
            )
        )


def away_from_border(truth: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pixels that count as unchanged and as changed; the border between them counts as neither.

    The edge of the picture is mirrored: a region that touches it is not eroded from there.

    >>> unchanged, changed = away_from_border(np.eye(64, dtype=bool))
    >>> changed.any()
    np.False_
    """
    pixels = truth.astype(np.uint8)
    return maximum_filter(pixels, DILATED) == 0, minimum_filter(pixels, ERODED) == 1


def _fixed_f1(picture: Picture, marked: NDArray[np.bool_], counted: NDArray[np.bool_]) -> dict[str, float]:
    """F1 at the threshold of what a map marks, away from the border and, as in training, of the whole mask."""
    truth = truth_of(picture)
    whole = confusion(marked, truth, picture.valid)
    found = {"pixel_f1_training": max(whole.f1, _training_inverted_f1(whole))}
    fixed = confusion(marked, truth, counted)
    if _holds_both_classes(fixed):
        found["pixel_f1_fixed"] = max(fixed.f1, fixed.inverted().f1)
        found["pixel_f1_fixed_not_permuted"] = fixed.f1
    return found


def _best_f1(values: MapArray, changed: NDArray[np.bool_], counted: NDArray[np.bool_]) -> dict[str, float]:
    """Best F1 of a map and of its inverse over thresholds at its values; marked is strictly above."""
    counts = count_values(values, changed, counted)
    occurring = counts.positives + counts.negatives > 0
    if not occurring.any():
        return dict.fromkeys(_BEST, 0.0)
    misses, quiet = np.cumsum(counts.positives[occurring]), np.cumsum(counts.negatives[occurring])
    hits, alarms = misses[-1] - misses, quiet[-1] - quiet
    upright = float((2 * hits / np.maximum(2 * hits + alarms + misses, 1)).max())
    inverted = float((2 * misses / np.maximum(2 * misses + quiet + hits, 1)).max())
    return {"pixel_f1_best": max(upright, inverted), "pixel_f1_best_not_permuted": upright}


def _holds_both_classes(counts: Confusion) -> bool:
    only_changed = counts.fp + counts.fn + counts.tn == 0
    only_unchanged = counts.tp + counts.fp + counts.fn == 0
    return not (only_changed or only_unchanged)


def _training_inverted_f1(counts: Confusion) -> float:
    whole = 2 * counts.tp + counts.fn + counts.tn
    return 2 * counts.fn / whole if whole else 0.0


def _balanced_accuracy(counts: Confusion) -> float:
    if not (counts.tp + counts.fn and counts.fp + counts.tn):
        return float("nan")
    return (counts.recall + counts.other_class().recall) / 2
