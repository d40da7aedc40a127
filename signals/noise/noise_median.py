"""What a median filter of 3 x 3 pixels takes away: the finest noise and detail."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.cell_means import cell_means
from signals.evidence import Evidence
from signals.signal import SignalMap, SignalSpec
from signals.validity import decoded_cells

_CELL = 8
_STRIP = 64 * _CELL
# Grey levels at half of the drawn scale.
_HALF = 2.0


class NoiseMedian:
    """Mean distance of the pixels of each 8x8 cell from the median of their 3x3 neighborhood.

    ``values`` is float16 ``[1, ceil(H/8), ceil(W/8)]`` in grey levels 0..255, averaged over pixels and colors. Outside
    the picture its border pixels are repeated.
    """

    spec = SignalSpec(
        "noise_median", version="1", parameters={"window": 3}, stride=_CELL, dtype="float16", range=(0.0, 255.0)
    )
    reads = (
        "Reads how strong the finest noise is in each part; an inserted part from another camera, sensitivity or "
        "size carries noise of another strength."
    )
    blind_when = (
        "Follows texture as well as noise, and sees little when strong compression, smoothing or downsizing of the "
        "whole picture has taken the noise away."
    )

    def extract(self, evidence: Evidence) -> SignalMap:
        """Measures the residual; unusable below 8x8 pixels."""
        if min(evidence.height, evidence.width) < _CELL:
            return SignalMap.unusable(self.spec, f"The picture is smaller than {_CELL} x {_CELL} pixels.")
        values = cell_median_residuals(evidence.pixels).astype(np.float16)
        return SignalMap(self.spec, values[None], decoded_cells(self.spec, evidence, 1))

    def draw(self, found: SignalMap) -> NDArray[np.float32]:
        """The residual r as r / (r + 2 grey levels)."""
        residual = found.values[0].astype(np.float32)
        return np.asarray(residual / (residual + _HALF))


def median_residual(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Distance of every value from the median of its 3x3 neighborhood in its own color.

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB; border pixels are repeated outside.

    Returns:
        uint8 ``[H, W, 3]``.
    """
    return np.asarray(cv2.absdiff(pixels, cv2.medianBlur(np.ascontiguousarray(pixels), 3)), dtype=np.uint8)


def cell_median_residuals(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean of :func:`median_residual` over every cell of 8x8 pixels: float32 ``[ceil(H/8), ceil(W/8)]``."""
    height, width = pixels.shape[:2]
    values = np.empty((-(-height // _CELL), -(-width // _CELL)), dtype=np.float32)
    for top in range(0, height, _STRIP):
        first = max(0, top - 1)
        strip = median_residual(pixels[first : top + _STRIP + 1])[top - first :][:_STRIP]
        values[top // _CELL : (top + _STRIP) // _CELL] = cell_means(strip, _CELL)
    return values
