"""What OMG-Fuser's metrics print for the same maps (cc0e55b, ``omgfuser/metrics.py``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.confusion import Confusion, confusion
from forensics.evaluation.picture import Picture
from forensics.evaluation.protocols.blind import (
    ADDED,
    ALL_ONE,
    CLOSENESS,
    blind_values,
    closeness_map,
    everything_marked,
)
from forensics.evaluation.protocols.class_pairs import Ratio, class_pairs
from forensics.evaluation.protocols.measure import Measure, PictureScores
from forensics.evaluation.protocols.peer_map import decoded, map_of, truth_of
from forensics.evaluation.protocols.pooled import PooledProtocol, exact_auc
from forensics.evaluation.protocols.summary import (
    COUNTS,
    blind_counts_of,
    by_meaning,
    counts_columns,
    counts_of,
    mean_measure,
    present,
    score_auc_measure,
    score_counts,
)
from forensics.evaluation.value_counts import FINE_LEVELS, count_values, fine_levels


class OmgFuser(PooledProtocol):
    """One confusion matrix and one ROC over the pixels of all pictures.

    >>> from forensics.evaluation.picture import Picture
    >>> truth = np.eye(8, dtype=bool)
    >>> protocol = OmgFuser()
    >>> protocol.update(Picture("a.jpg", "a.jpg", 1, 8, 8, truth, truth.astype(np.float32)))
    >>> protocol.update(Picture("b.jpg", "b.jpg", 0, 8, 8, None, np.zeros((8, 8), np.float32)))
    >>> numbers = {measure.name: measure.value for measure in protocol.compute()}
    >>> numbers["omgfuser/pixel_f1_manipulated"], numbers["omgfuser/pixel_auc"]
    (1.0, 1.0)
    """

    name = "omgfuser"
    definition = (
        "OMG-Fuser, omgfuser/metrics.py at cc0e55b. All pixels of all pictures, authentic ones as well, in one "
        "confusion matrix at map > 0.5, for the manipulated and the authentic class: precision (1 where nothing "
        "was called so), recall and IoU (NaN, absent here, where the class does not occur), F1 (0 where "
        "undefined), accuracy. Large pictures weigh more. Pixel AUC: one ROC over all pixels, from histograms of "
        "65536 levels: exact for 8- and 16-bit maps, float maps rounded to 1/65535; 0 where a class is missing. "
        "f1_best: best F1 over all thresholds per picture, mean over pictures; for an authentic picture map and "
        "truth are inverted, which gives 1 whatever the map; pictures of one batch are taken as one, each with the "
        "best F1 of the whole batch (update_batch; by default a batch is one picture). Scores of pictures: the "
        "same, f1_best over the scores of a batch, always 1 in batches of one. Maps are scored at native size. A "
        "picture without a map counts as one that marks nothing, with f1_best 0; no score counts as 0. "
        f"{ADDED}; intervals, undecoded pixels do not count, masks of both ends apart."
    )
    quantities = (*COUNTS, "pixel_f1_best", "score_f1_best")
    at_threshold = COUNTS
    ranked = ("pixel_f1_best",)
    level_count = FINE_LEVELS

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._best_of_batch: Mapping[str, float] | None = None

    def update_batch(self, pictures: Sequence[Picture], indices: Sequence[int] | None = None) -> None:
        """Measures the pictures of one batch, whose best F1 is pooled as the reference pools it.

        Args:
            pictures: The pictures.
            indices: Their places in the set; None: they follow those before.
        """
        self._best_of_batch = _best(pictures)
        try:
            for place, picture in enumerate(pictures):
                self.update(picture, None if indices is None else indices[place])
        finally:
            self._best_of_batch = None

    def measure(self, picture: Picture) -> Mapping[str, float]:
        """Confusion counts and the best F1 of the picture, or of the batch that it came in."""
        counts = confusion(map_of(picture) > 0.5, truth_of(picture), picture.valid)
        return {**counts_columns(counts), **(self._best_of_batch or _best([picture]))}

    def measure_blind(self, picture: Picture) -> Mapping[str, float]:
        """Confusion counts of centered discs and of a map that marks everything; the best F1 comes with the batch."""
        truth = truth_of(picture)
        return blind_values(picture, lambda marked: counts_columns(confusion(marked, truth, picture.valid)))

    def levels(self, picture: Picture) -> tuple[NDArray[Any], NDArray[Any]]:
        """The map in 16 bits."""
        values = map_of(picture) if picture.values is None else picture.values
        return decoded(picture, fine_levels(values)), decoded(picture, truth_of(picture))

    def summarize(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        """Pixels of all pictures, then their scores."""
        measures: list[Measure] = []
        for prefix, group in by_meaning(pictures):
            start = f"{self.name}/{prefix}pixel_"
            measures += class_pairs(start, group, counts_of(group), _RATIOS, blind_counts_of(group))
            note = "float maps rounded to 1/65535"
            area = self.area_measure(prefix, "pixel_auc", group, lambda counts: exact_auc(counts) or 0.0, note)
            measures += present([area, mean_measure(f"{start}f1_best", group, "pixel_f1_best")])
        return (*measures, *self._image_level(pictures))

    def _image_level(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        if all(picture.score is None for picture in pictures):
            return ()
        start = f"{self.name}/score_"
        return (
            *class_pairs(start, pictures, score_counts(pictures), _RATIOS),
            score_auc_measure(f"{start}auc", pictures) or Measure(f"{start}auc", len(pictures), 0.0),
            *present([mean_measure(f"{start}f1_best", pictures, "score_f1_best")]),
        )


def _best(pictures: Sequence[Picture]) -> dict[str, float]:
    """Best F1 of the maps, of blind maps in their place, and of the scores, of a batch."""
    scores = np.array([picture.score or 0.0 for picture in pictures])
    labels = np.array([picture.label == 1 for picture in pictures])
    failed = all(picture.values is None for picture in pictures)
    near = [replace(picture, values=closeness_map(picture.height, picture.width)) for picture in pictures]
    ones = [replace(picture, values=everything_marked(picture.height, picture.width)) for picture in pictures]
    return {
        "pixel_f1_best": 0.0 if failed else _best_of_pixels(pictures),
        f"{CLOSENESS}/pixel_f1_best": _best_of_pixels(near),
        f"{ALL_ONE}/pixel_f1_best": _best_of_pixels(ones),
        "score_f1_best": _best_or_inverted(scores, labels),
    }


def _best_of_pixels(pictures: Sequence[Picture]) -> float:
    values = np.concatenate([decoded(picture, map_of(picture)) for picture in pictures])
    truth = np.concatenate([decoded(picture, truth_of(picture)) for picture in pictures])
    return _best_or_inverted(values, truth)


def _best_or_inverted(values: NDArray[Any], truth: NDArray[Any]) -> float:
    return (count_values(values, truth) if truth.any() else count_values(1 - values, ~truth)).best_f1()


def _precision(counts: Confusion) -> float:
    return counts.precision if counts.tp + counts.fp else 1.0


def _recall(counts: Confusion) -> float:
    return counts.recall if counts.tp + counts.fn else nan


def _iou(counts: Confusion) -> float:
    return counts.iou if counts.tp + counts.fp + counts.fn else nan


_RATIOS: Mapping[str, Ratio] = {
    "precision": _precision,
    "recall": _recall,
    "f1": lambda counts: counts.f1,
    "iou": _iou,
}
