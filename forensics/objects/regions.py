"""Objects without a download: graph-based region merging at three scales."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import felzenszwalb

from forensics.objects.masks import MAX_OBJECTS, ObjectMasks


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
        found = []
        for level in range(self.levels):
            if level:
                copy = _resize(copy, max(1, copy.shape[0] // 2), max(1, copy.shape[1] // 2))
            found.append(_enlarge(self._regions(copy, self.scale * 2**level), rows, columns))
        return ObjectMasks(self._distinct(np.concatenate(found)), height, width)

    def _regions(self, copy: NDArray[np.uint8], scale: float) -> NDArray[np.bool_]:
        if min(copy.shape[:2]) < 2:
            return np.ones((1, *copy.shape[:2]), dtype=np.bool_)
        smallest = max(1, int(self.min_area * copy.shape[0] * copy.shape[1]))
        labels = felzenszwalb(copy, scale=scale, sigma=0.6, min_size=smallest)
        areas = np.bincount(labels.ravel())
        largest = np.argsort(-areas, kind="stable")[:MAX_OBJECTS]
        regions: NDArray[np.bool_] = labels[None] == largest[:, None, None]
        return regions

    def _distinct(self, masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The largest regions, without those that nearly repeat a larger one."""
        flat = masks.reshape(len(masks), -1).astype(np.float32)
        areas = flat.sum(axis=1)
        order = np.argsort(-areas, kind="stable")
        shared = flat[order] @ flat[order].T
        areas = areas[order]
        overlap = shared / (areas[:, None] + areas[None] - shared)
        kept: list[int] = []
        for index in range(len(order)):
            if len(kept) < MAX_OBJECTS and (overlap[index, kept] <= self.max_overlap).all():
                kept.append(index)
        return masks[order[kept]]


def _resize(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _enlarge(masks: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    y = np.arange(height) * masks.shape[1] // height
    x = np.arange(width) * masks.shape[2] // width
    enlarged: NDArray[np.bool_] = masks[:, y][:, :, x]
    return enlarged
