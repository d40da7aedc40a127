"""What the fine noise of a picture allows two shots of the same thing to agree by.

Two photographs of one object differ at least by the noise of both. A copy differs by less: by nothing, by its
resampling, or by what a compression after the copying left. These are measured here in two bands of the picture, the
finest grain for copies moved by whole pixels, and a coarser one that survives rotation and scaling.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.luma_blocks import luma_blocks
from signals.memo import once_per_picture
from signals.signal import Unusable

Cells = NDArray[np.float32]

CELL = 4
_LEVELS = 16
_FLOOR_QUANTILE = 0.05
_CALMEST_QUANTILE = 0.01
_CLIPPED_LOW, _CLIPPED_HIGH = 6, 249
_MOST_SAMPLED = 3_000_000
# Noise differs with brightness, but within bounds; what is far above the calmest part is texture.
_MOST_OVER_CALMEST = 3.0
_STRONGEST_NOISE = 2.0
_WEAKEST_ENERGY = 0.02
# A coefficient that was rounded to zero was small in a quiet block, and anything below half a step in a busy one.
_VANISHED, _BUSY = np.float32(0.5), np.float32(2.5)


@dataclass(frozen=True)
class Band:
    """A band of spatial frequencies: the picture blurred a little less than the picture blurred more.

    Attributes:
        name: ``fine`` or ``middle``.
        low: Standard deviation in pixels of the weaker blur; 0 for none.
        high: Standard deviation of the stronger.
        apart: Pixels beyond which noise of this band no longer resembles itself.
    """

    name: str
    low: float
    high: float
    apart: int

    def of(self, luma: NDArray[np.float32]) -> NDArray[np.float32]:
        """The band of a picture ``[H, W]``."""
        sharp = cv2.GaussianBlur(luma, (0, 0), self.low) if self.low else luma
        return np.asarray(sharp - cv2.GaussianBlur(luma, (0, 0), self.high), dtype=np.float32)

    def power(self) -> NDArray[np.float64]:
        """Share of power that each frequency of the 8x8 block DCT keeps: ``[8, 8]``."""
        squared = np.add.outer(np.arange(8) ** 2, np.arange(8) ** 2) / 256.0
        low, high = (np.exp(-2 * np.pi**2 * sigma**2 * squared) for sigma in (self.low, self.high))
        return np.asarray((low - high) ** 2)


FINE = Band("fine", 0.0, 1.0, 3)
MIDDLE = Band("middle", 0.8, 2.0, 5)


def cell_means(values: NDArray[np.float32], cell: int = CELL) -> Cells:
    """Means of whole cells ``[H // cell, W // cell]``."""
    height, width = values.shape[0] // cell, values.shape[1] // cell
    whole = values[: height * cell, : width * cell]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)


def innovation(band: NDArray[np.float32], apart: int, cell: int = CELL) -> Cells:
    """How strongly each cell differs from itself moved a little in any direction; an edge is no innovation.

    Args:
        band: A band of the picture ``[H, W]``.
        apart: How far to move.
        cell: Side of a cell.

    Returns:
        Half the mean squared difference, that of the direction in which it is least: the variance of white noise,
        and only the noise where the picture is an edge or a stripe.
    """
    step = max(1, round(apart * 0.7))
    least: Cells | None = None
    for dx, dy in ((apart, 0), (0, apart), (step, step), (step, -step)):
        difference = band - _moved(band, dx, dy)
        energy = cell_means(np.multiply(difference, difference, out=difference), cell)
        least = energy if least is None else np.minimum(least, energy)
    assert least is not None
    return least * np.float32(0.5)


def _moved(band: NDArray[np.float32], dx: int, dy: int) -> NDArray[np.float32]:
    height, width = band.shape
    margins = abs(dy), abs(dy), abs(dx), abs(dx)
    padded = np.asarray(cv2.copyMakeBorder(band, *margins, cv2.BORDER_REFLECT_101), dtype=np.float32)
    return padded[abs(dy) + dy : abs(dy) + dy + height, abs(dx) + dx : abs(dx) + dx + width]


@dataclass(frozen=True, eq=False)
class NoiseFloor:
    """The noise of the calm parts of a picture, by brightness.

    Attributes:
        variance: float32 ``[256]``: variance of the band's noise at each brightness.
    """

    variance: NDArray[np.float32]

    def at(self, luma: Cells) -> Cells:
        """The floor at cells of a mean brightness."""
        return self.variance[np.clip(np.rint(luma), 0, 255).astype(np.intp)]


def noise_floors(luma: NDArray[np.uint8]) -> dict[str, NoiseFloor]:
    """The noise floors of both bands, by name.

    What little the middle band holds in a textured picture is texture. Its floor is therefore no more than white noise
    of the fine band's floor would leave in it.
    """
    fine, middle = (noise_floor(luma, band) for band in (FINE, MIDDLE))
    white = np.float32(MIDDLE.power().mean() / FINE.power().mean())
    return {FINE.name: fine, MIDDLE.name: NoiseFloor(np.minimum(middle.variance, white * fine.variance))}


def noise_floor(luma: NDArray[np.uint8], band: Band) -> NoiseFloor:
    """Measures the noise floor of a picture ``[H, W]`` in a band.

    Per sixteenth of the range of brightness, the twentieth part of the cells that vary least; cells that do not vary at
    all, or are clipped, tell nothing.
    """
    energies, levels = [], []
    rows = 512
    strips = list(range(0, luma.shape[0], rows))
    every = max(1, round(luma.size / _MOST_SAMPLED))
    for top in strips[::every]:
        strip = luma[top : top + rows].astype(np.float32)
        if strip.shape[0] < 2 * CELL or strip.shape[1] < 2 * CELL:
            continue
        energies.append(innovation(band.of(strip), band.apart, 2 * CELL).ravel())
        levels.append(cell_means(strip, 2 * CELL).ravel())
    if not energies:
        return NoiseFloor(np.full(256, _WEAKEST_ENERGY, dtype=np.float32))
    energy, level = np.concatenate(energies), np.concatenate(levels)
    told = (energy > _WEAKEST_ENERGY) & (level > _CLIPPED_LOW) & (level < _CLIPPED_HIGH)
    energy, level = energy[told], level[told]
    if energy.size < 20:
        return NoiseFloor(np.full(256, _WEAKEST_ENERGY, dtype=np.float32))
    calmest = float(np.quantile(energy, _CALMEST_QUANTILE))
    width = 256 // _LEVELS
    places, floors = [], []
    for index in range(_LEVELS):
        inside = energy[(level >= index * width) & (level < (index + 1) * width)]
        if inside.size >= 30:
            places.append((index + 0.5) * width)
            floors.append(min(float(np.quantile(inside, _FLOOR_QUANTILE)), _MOST_OVER_CALMEST * calmest))
    if not places:
        places, floors = [128.0], [calmest]
    variance = np.minimum(np.interp(np.arange(256), places, floors), _STRONGEST_NOISE)
    return NoiseFloor(variance.astype(np.float32))


@dataclass(frozen=True, eq=False)
class CompressionNoise:
    """What the picture's own JPEG compression changed, block by block.

    Attributes:
        fine: float32 ``[ceil(H/8), ceil(W/8)]``: expected error variance in the fine band; zero if no JPEG.
        middle: The same in the middle band.
    """

    fine: Cells
    middle: Cells

    def of(self, band: Band) -> Cells:
        """The error in a band."""
        return self.fine if band.name == "fine" else self.middle


@once_per_picture
def compression_noise(evidence: Evidence) -> CompressionNoise:
    """The error that rounding to the quantization table made, q^2 / 12 a coefficient, less for those that vanished."""
    shape = -(-evidence.height // 8), -(-evidence.width // 8)
    try:
        blocks = luma_blocks(evidence) if evidence.type == "jpeg" else None
    except Unusable:
        blocks = None
    if blocks is None or not blocks.was_jpeg:
        nothing = np.zeros(shape, dtype=np.float32)
        return CompressionNoise(nothing, nothing)
    step = blocks.table.astype(np.float64) ** 2 / 12 / 64
    results = []
    weights = [(step * band.power()).ravel().astype(np.float32) for band in (FINE, MIDDLE)]
    results = [np.empty(shape, dtype=np.float32) for _ in weights]
    for top in range(0, shape[0], 64):
        kept = (blocks.coefficients[top : top + 64] != 0).astype(np.float32).reshape(-1, shape[1], 64)
        vanished = np.minimum(_VANISHED, _BUSY * kept.mean(axis=2, keepdims=True))
        share = np.maximum(kept, vanished)
        for result, weight in zip(results, weights, strict=True):
            result[top : top + 64] = share @ weight
    return CompressionNoise(*results)
