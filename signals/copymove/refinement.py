"""Dense comparison: one end of a supposed copy warped onto the other, aligned to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.copymove.residuals import CELL, Band, Cells, cell_means, innovation
from signals.copymove.transform import Map, apply, scale_of

_MARGIN = 4
_LARGEST_GAIN = 1.4
_SLIMMEST = 16
# Nearer than this an area is compared with itself.
NEAREST = 16.0


@dataclass(frozen=True)
class Box:
    """A part of a picture: rows ``top .. bottom``, columns ``left .. right``; corners are multiples of 8."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def around(cls, left: float, top: float, right: float, bottom: float, shape: tuple[int, ...]) -> Box:
        """The box of whole blocks round some pixels, inside a picture of ``shape``."""
        height, width = shape[0] // 8 * 8, shape[1] // 8 * 8
        return cls(
            int(np.clip(top // 8 * 8, 0, height)),
            int(np.clip(left // 8 * 8, 0, width)),
            int(np.clip(-(-bottom // 8) * 8, 0, height)),
            int(np.clip(-(-right // 8) * 8, 0, width)),
        )

    @property
    def is_slim(self) -> bool:
        """Whether it is too slim to compare anything in it."""
        return min(self.bottom - self.top, self.right - self.left) < _SLIMMEST

    @property
    def cells(self) -> tuple[slice, slice]:
        """The same part of a map of cells."""
        return (
            slice(self.top // CELL, self.bottom // CELL),
            slice(self.left // CELL, self.right // CELL),
        )


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two ends of a map side by side, on cells of 4x4 pixels of the first end; all ``[h, w]``.

    Attributes:
        content: Correlation of the pictures in 12x12 pixels, -1..1.
        difference: Mean squared difference of the band.
        energy: Innovation of the band, the lesser of both ends.
        correlation: Correlation of the band in 12x12 pixels, -1..1.
        level: Mean brightness of the first end.
        other_level: Mean brightness of the second end.
        inside: Whether both ends lie inside the picture and are not clipped.
    """

    content: Cells
    difference: Cells
    energy: Cells
    correlation: Cells
    level: Cells
    other_level: Cells
    inside: NDArray[np.bool_]


def compare(luma: NDArray[np.uint8], map_: Map, box: Box, band: Band) -> Comparison:
    """Compares a part of the picture with what a map puts beside it.

    Args:
        luma: uint8 ``[H, W]``, the whole picture.
        map_: From the part to the other end, not shrinking.
        box: The part.
        band: The band of frequencies in which to compare noise.
    """
    here = luma[box.top : box.bottom, box.left : box.right].astype(np.float32)
    there = warp(luma, map_, box)
    first, second = band.of(here), band.of(there)
    content = _correlation(here, there, centered=True)
    correlation = _correlation(first, second, centered=False)
    second *= np.float32(_gain(first, second, content))
    energy = np.minimum(innovation(first, band.apart), innovation(second, band.apart))
    difference = first - second
    level, other_level = cell_means(here), cell_means(there)
    inside = _inside(luma.shape, map_, box)
    for brightness in (level, other_level):
        inside &= (brightness > 6) & (brightness < 249)
    squared = cell_means(np.multiply(difference, difference, out=difference))
    return Comparison(content, squared, energy, correlation, level, other_level, inside)


def content_agreement(luma: NDArray[np.uint8], map_: Map, box: Box) -> Cells:
    """Correlation of the pictures at both ends in 12x12 pixels, -1..1; 0 where one end is outside the picture."""
    here = luma[box.top : box.bottom, box.left : box.right].astype(np.float32)
    content = _correlation(here, warp(luma, map_, box), centered=True)
    return np.where(_inside(luma.shape, map_, box), content, np.float32(0))


def warp(luma: NDArray[np.uint8], map_: Map, box: Box) -> NDArray[np.float32]:
    """The other end of a map drawn over ``box``: float32 of the box's size."""
    corners = np.array([(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)], dtype=np.float64)
    reached = apply(map_, corners)
    height, width = luma.shape
    # Never a single row or column: OpenCV 5.0 mirrors at one without end.
    low = np.clip(np.floor(reached.min(axis=0)) - 8, 0, (width - 2, height - 2)).astype(int)
    high = np.clip(np.ceil(reached.max(axis=0)) + 8, low + 2, (width, height)).astype(int)
    other = luma[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    scale = scale_of(map_)
    if scale > 1.05:
        other = np.asarray(cv2.GaussianBlur(other, (0, 0), 0.5 * float(np.sqrt(scale**2 - 1))), dtype=np.float32)
    offset = map_[:, :2] @ (box.left, box.top) + map_[:, 2] - low
    local = np.column_stack([map_[:, :2], offset])
    size = (box.right - box.left, box.bottom - box.top)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(other, local, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101))


def align(luma: NDArray[np.uint8], map_: Map, box: Box, weight: Cells) -> Map:
    """Improves a map so that both ends agree: an affine change, by Gauss and Newton's method.

    Args:
        luma: uint8 ``[H, W]``, the whole picture.
        map_: A map right to a few pixels.
        box: Part of the picture to align.
        weight: ``[h, w]`` on the cells of the box: where both ends are supposed to agree.

    Returns:
        The better map; the same one if nothing can be told from the picture there.
    """
    here = luma[box.top : box.bottom, box.left : box.right].astype(np.float32)
    heavy = cv2.resize(weight.astype(np.float32), here.shape[::-1], interpolation=cv2.INTER_LINEAR)
    x, y = np.meshgrid(np.arange(here.shape[1], dtype=np.float32), np.arange(here.shape[0], dtype=np.float32))
    center = np.array([here.shape[1] / 2, here.shape[0] / 2])
    size = float(max(here.shape)) / 2
    x, y = (x - np.float32(center[0])) / np.float32(size), (y - np.float32(center[1])) / np.float32(size)
    best = map_
    for blur in (2.0, 1.0, 1.0, 0.7, 0.7):
        smooth = cv2.GaussianBlur(here, (0, 0), blur)
        moved = cv2.GaussianBlur(warp(luma, best, box), (0, 0), blur)
        dx = cv2.Sobel(moved, cv2.CV_32F, 1, 0, scale=1 / 8)
        dy = cv2.Sobel(moved, cv2.CV_32F, 0, 1, scale=1 / 8)
        missing = smooth - moved
        missing -= np.float32((missing * heavy).sum() / max(float(heavy.sum()), 1e-6))
        # Robust: what differs most does not belong to the copy.
        scale = 2 * np.sqrt((missing * missing * heavy).sum() / max(float(heavy.sum()), 1e-6)) + 0.5
        weights = heavy / (1 + (missing / np.float32(scale)) ** 2)
        columns = np.stack([dx * x, dx * y, dx, dy * x, dy * y, dy]).reshape(6, -1)
        weighted = columns * weights.ravel()
        normal = (weighted @ columns.T).astype(np.float64)
        right = (weighted @ missing.ravel()).astype(np.float64)
        normal += np.eye(6) * (1e-4 * np.trace(normal) / 6 + 1e-9)
        change = np.linalg.solve(normal, right)
        if not np.isfinite(change).all() or np.abs(change).max() > 6:
            break
        # The picture moves by local (p - center) + shift before the map so far is taken.
        local = np.array([[change[0], change[1]], [change[3], change[4]]]) / size
        shift = np.array([change[2], change[5]]) - local @ (center + np.array([box.left, box.top]))
        best = np.column_stack([best[:, :2] @ (np.eye(2) + local), best[:, :2] @ shift + best[:, 2]])
    return best


def exact_map(map_: Map, box: Box) -> Map | None:
    """The map by whole pixels and quarter turns that is within a fraction of a pixel of a map over a box, if any."""
    linear = np.rint(map_[:, :2])
    if abs(round(float(np.linalg.det(linear)))) != 1:
        return None
    center = np.array([(box.left + box.right) / 2, (box.top + box.bottom) / 2])
    extent = max(box.right - box.left, box.bottom - box.top) / 2
    if np.abs(map_[:, :2] - linear).max() * extent > 1.5:
        return None
    offset = map_[:, :2] @ center + map_[:, 2] - linear @ center
    return np.column_stack([linear, np.rint(offset)])


def _gain(first: NDArray[np.float32], second: NDArray[np.float32], content: Cells) -> float:
    """Contrast of the first end over the second where both agree."""
    agree = (content > 0.8).astype(np.float32)
    if not agree.any():
        return 1.0
    product = float((cell_means(first * second) * agree).sum())
    power = float((cell_means(second * second) * agree).sum())
    gain = product / power if power > 0 else 1.0
    if not 1 / _LARGEST_GAIN < gain < _LARGEST_GAIN or abs(gain - 1) < 0.02:
        return 1.0
    return gain


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32], centered: bool) -> Cells:
    """Correlation in windows of 3x3 cells; 0 where either does not vary."""

    def window(values: NDArray[np.float32]) -> Cells:
        return np.asarray(cv2.blur(cell_means(values), (3, 3)), dtype=np.float32)

    product, power, other = window(first * second), window(first * first), window(second * second)
    if centered:
        mean, other_mean = window(first), window(second)
        product, power, other = product - mean * other_mean, power - mean**2, other - other_mean**2
    varies = (power > 0.05) & (other > 0.05)
    scale = np.sqrt(np.maximum(power, 0.05) * np.maximum(other, 0.05))
    return np.where(varies, np.clip(product / scale, -1, 1), 0).astype(np.float32)


def _inside(shape: tuple[int, ...], map_: Map, box: Box) -> NDArray[np.bool_]:
    """Whether the other end of each cell of a box lies in the picture, and is not nearly the cell itself."""
    rows, columns = (box.bottom - box.top) // CELL, (box.right - box.left) // CELL
    x = box.left + (np.arange(columns) + 0.5) * CELL
    y = box.top + (np.arange(rows) + 0.5) * CELL
    result = np.ones((rows, columns), dtype=np.bool_)
    moved = np.zeros((rows, columns))
    for axis, limit, start in ((0, shape[1], x), (1, shape[0], y[:, None])):
        place = map_[axis, 0] * x + (map_[axis, 1] * y + map_[axis, 2])[:, None]
        result &= (place >= _MARGIN) & (place <= limit - _MARGIN)
        moved += (place - start) ** 2
    return result & (moved >= NEAREST**2)
