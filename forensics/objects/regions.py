"""Objects without a download: graph-based region merging at three scales."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import felzenszwalb

from forensics.objects.masks import MAX_OBJECTS, ObjectMasks

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class RegionMerging:
    """Merges pixels into regions by color (Felzenszwalb and Huttenlocher 2004), from fine to coarse.

    Each level works on a copy half as large as the one before and merges twice as eagerly, so the
    coarse regions hold the fine ones loosely: a patch belongs to one region a level.

    Attributes:
        max_pixels: Size of the finest copy in pixels.
        levels: Number of scales.
        scale: Preference for large regions on the finest copy (the ``k`` of the paper, for 8-bit colors / 255).
        min_area: Regions below this fraction of the picture are merged into a neighbor.
        max_overlap: A region whose intersection over union with a larger one exceeds this is left out.
    """

    max_pixels: int = 1 << 16
    levels: int = 3
    scale: float = 120.0
    min_area: float = 0.003
    max_overlap: float = 0.85

    def segment(self, pixels: NDArray[np.uint8]) -> ObjectMasks:
        """Finds at most 64 regions, largest first; see :class:`ObjectSegmenter`."""
        height, width = pixels.shape[:2]
        shrink = min(1.0, (self.max_pixels / (height * width)) ** 0.5)
        copy = _resize(pixels, max(1, round(height * shrink)), max(1, round(width * shrink)))
        rows, columns = copy.shape[:2]
        levels = []
        for level in range(self.levels):
            if level:
                copy = _resize(copy, max(1, copy.shape[0] // 2), max(1, copy.shape[1] // 2))
            levels.append(_enlarge(self._labels(copy, self.scale * 2**level), rows, columns))
        return ObjectMasks(self._distinct(levels), height, width)

    def _labels(self, copy: NDArray[np.uint8], scale: float) -> Labels:
        if min(copy.shape[:2]) < 2:
            return np.zeros(copy.shape[:2], dtype=np.int64)
        smallest = max(1, int(self.min_area * copy.shape[0] * copy.shape[1]))
        return np.asarray(felzenszwalb(copy, scale=scale, sigma=0.6, min_size=smallest), dtype=np.int64)

    def _distinct(self, levels: list[Labels]) -> NDArray[np.bool_]:
        """The largest regions of all levels, without those that nearly repeat a larger one."""
        first = np.cumsum([0, *(labels.max() + 1 for labels in levels)])
        numbered = [labels + start for labels, start in zip(levels, first, strict=False)]
        count = int(first[-1])
        areas = np.bincount(np.concatenate([labels.ravel() for labels in numbered]), minlength=count)
        overlap = np.zeros((count, count))
        for one, other in combinations(numbered, 2):
            shared = np.bincount((one * count + other).ravel(), minlength=count * count).reshape(count, count)
            overlap += shared + shared.T
        overlap = overlap / (areas[:, None] + areas[None] - overlap)
        kept: list[int] = []
        for region in np.argsort(-areas, kind="stable"):
            if len(kept) < MAX_OBJECTS and (overlap[region, kept] <= self.max_overlap).all():
                kept.append(int(region))
        level_of = np.searchsorted(first, kept, side="right") - 1
        return np.stack([numbered[level] == region for level, region in zip(level_of, kept, strict=True)])


def _resize(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _enlarge(labels: Labels, height: int, width: int) -> Labels:
    y = np.arange(height) * labels.shape[0] // height
    x = np.arange(width) * labels.shape[1] // width
    enlarged: Labels = labels[y][:, x]
    return enlarged
