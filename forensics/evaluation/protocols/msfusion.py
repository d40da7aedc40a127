"""The multi-stream fusion network's evaluation (Siopi et al., MMM 2023): all pixels pooled, at 256 x 256."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.confusion import confusion
from forensics.evaluation.picture import Picture
from forensics.evaluation.protocols.blind import ADDED, blind_values
from forensics.evaluation.protocols.class_pairs import Ratio, class_pairs
from forensics.evaluation.protocols.measure import Measure, PictureScores
from forensics.evaluation.protocols.peer_map import map_of, truth_of
from forensics.evaluation.protocols.pooled import PooledProtocol, exact_auc
from forensics.evaluation.protocols.summary import (
    COUNTS,
    blind_counts_of,
    by_meaning,
    counts_columns,
    counts_of,
    present,
)
from forensics.evaluation.value_counts import FINE_LEVELS, fine_levels

SIDE = 256

_RATIOS: Mapping[str, Ratio] = {
    "precision": lambda counts: counts.precision,
    "recall": lambda counts: counts.recall,
    "f1": lambda counts: counts.f1,
    "iou": lambda counts: counts.iou,
}


class MultiStreamFusion(PooledProtocol):
    """One confusion matrix and one ROC over the middle 256 x 256 pixels of all pictures.

    >>> from forensics.evaluation.picture import Picture
    >>> truth = np.zeros((256, 300), bool)
    >>> truth[:100] = True
    >>> protocol = MultiStreamFusion()
    >>> protocol.update(Picture("a.jpg", "a.jpg", 1, 256, 300, truth, truth.astype(np.float32)))
    >>> numbers = {measure.name: measure.value for measure in protocol.compute()}
    >>> numbers["msfusion/pixel_auc"], numbers["msfusion/pixel_iou_authentic"]
    (1.0, 1.0)
    """

    name = "msfusion"
    definition = (
        "Multi-stream fusion network (Siopi et al., MMM 2023). Map and mask with the shorter side brought to "
        f"{SIDE} pixels and the middle {SIDE} x {SIDE} cut out: what lies outside is never scored. Shrunk by area, "
        "enlarged bilinearly; a pixel of the small mask is changed where it holds any changed pixel at all, so "
        "regions grow by up to a pixel. All pixels of all pictures, authentic ones as well, in one confusion "
        "matrix at map > 0.5, precision, recall, F1 and IoU for the manipulated and the authentic class (0 where "
        "undefined), accuracy, and one ROC (histograms of 65536 levels, the small map rounded to 1/65535), absent "
        "where a class is missing. No means over pictures: not comparable with protocols that score each picture "
        "at its native size. Left out of the reference's defects: sets cut to 100 pictures, and samples that fail "
        "to load replaced by others. A picture without a map counts as one that marks nothing. "
        f"{ADDED}; intervals, undecoded pixels do not count, masks of both ends apart."
    )
    quantities = COUNTS
    at_threshold = COUNTS
    level_count = FINE_LEVELS

    def measure(self, picture: Picture) -> Mapping[str, float]:
        """Confusion counts of the small map."""
        return counts_columns(confusion(_small(map_of(picture)) > 0.5, *_small_truth(picture)))

    def measure_blind(self, picture: Picture) -> Mapping[str, float]:
        """Confusion counts of centered discs and of a map that marks everything."""
        truth, valid = _small_truth(picture)
        return blind_values(
            picture,
            lambda marked: counts_columns(confusion(_small(marked.astype(np.float32)) > 0.5, truth, valid)),
        )

    def levels(self, picture: Picture) -> tuple[NDArray[Any], NDArray[Any]]:
        """The small map in 16 bits."""
        values, (truth, valid) = _small(map_of(picture)), _small_truth(picture)
        return (
            (fine_levels(values).ravel(), truth.ravel())
            if valid is None
            else (fine_levels(values[valid]), truth[valid])
        )

    def summarize(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        """Pixels of all pictures."""
        measures: list[Measure] = []
        for prefix, group in by_meaning(pictures):
            start = f"{self.name}/{prefix}pixel_"
            measures += class_pairs(start, group, counts_of(group), _RATIOS, blind_counts_of(group))
            measures += present([self.area_measure(prefix, "pixel_auc", group, exact_auc)])
        return tuple(measures)


def middle(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The middle 256 x 256 pixels after the shorter side is brought to 256.

    Args:
        pixels: float32 ``[H, W]``.

    >>> middle(np.ones((512, 1000), np.float32)).shape
    (256, 256)
    """
    height, width = pixels.shape
    scale = SIDE / min(height, width)
    size = max(SIDE, round(width * scale)), max(SIDE, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = (size[1] - SIDE) // 2, (size[0] - SIDE) // 2
    return np.asarray(small[top : top + SIDE, left : left + SIDE])


def _small(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The middle of a map in 0..1."""
    return middle(values).clip(0, 1)


def _small_truth(picture: Picture) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
    """What is changed in the middle, and which of its pixels count; None: all."""
    # Rounding inside the resizing leaves specks of unchanged pixels a little above 0.
    truth = middle(truth_of(picture).astype(np.float32)) > 1e-6
    return truth, None if picture.valid is None else middle(picture.valid.astype(np.float32)) > 1 - 1e-6
