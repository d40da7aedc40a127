"""Error level analysis: what one more JPEG save changes.

Krawetz, "A picture's worth: digital image analysis and forensics", Black Hat 2007, section on error level analysis.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.cell_means import cell_means
from signals.compression.recompression import recompressed
from signals.evidence import Evidence
from signals.signal import SignalMap, SignalSpec
from signals.validity import decoded_cells

QUALITIES = (70, 80, 90, 95)
_CELL = 8
# The coding unit around a cell ends at most 8 rows below it; its chroma is interpolated from the next unit.
REACH = 8 + 16
_DRAWN = QUALITIES.index(90)
# Grey levels at half of the drawn scale.
_HALF = 2.0


class Ela:
    """Mean absolute change of the pixels of each 8x8 cell when the picture is saved once more as a JPEG.

    ``values[i]`` is float16 ``[ceil(H/8), ceil(W/8)]`` in grey levels 0..255: the mean over the pixels and the three
    colors of a cell of the change at quality ``QUALITIES[i]``, chroma 4:2:0, grid at pixel (0, 0).
    """

    spec = SignalSpec(
        "ela",
        version="1",
        parameters={"qualities": list(QUALITIES), "subsampling": "4:2:0"},
        channels=len(QUALITIES),
        stride=_CELL,
        dtype="float16",
        range=(0.0, 255.0),
    )
    reads = (
        "Reads how much each part changes when the picture is saved as a JPEG once more: parts that went through "
        "fewer, more or stronger saves than the rest change by another amount."
    )
    blind_when = (
        "Follows texture and sharp edges as much as editing, and sees little once the whole picture was saved "
        "again at a lower quality or resized after the change."
    )

    def extract(self, evidence: Evidence) -> SignalMap:
        """Saves the picture at every quality; unusable below 8x8 pixels."""
        if min(evidence.height, evidence.width) < _CELL:
            return SignalMap.unusable(self.spec, f"The picture is smaller than {_CELL} x {_CELL} pixels.")
        pixels = evidence.pixels
        values = [cell_error_levels(pixels, quality).astype(np.float16) for quality in QUALITIES]
        return SignalMap(self.spec, np.stack(values), decoded_cells(self.spec, evidence, REACH))

    def draw(self, found: SignalMap) -> NDArray[np.float32]:
        """The change c at quality 90 as c / (c + 2 grey levels)."""
        change = found.values[_DRAWN].astype(np.float32)
        return np.asarray(change / (change + _HALF))


def error_levels(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.float32]:
    """Error level of every pixel.

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB.
        quality: Quality of the JPEG it is compared with, 1..100.

    Returns:
        float32 ``[H, W]`` in 0..255: the mean over the three colors of the absolute change.
    """
    return np.asarray(_changes(pixels, quality).sum(axis=2, dtype=np.float32) / np.float32(3))


def cell_error_levels(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.float32]:
    """Mean error level of every cell of 8x8 pixels: float32 ``[ceil(H/8), ceil(W/8)]``; see :func:`error_levels`."""
    return cell_means(_changes(pixels, quality), _CELL)


def _changes(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Absolute change of every value of uint8 ``[H, W, 3]``."""
    return np.asarray(cv2.absdiff(pixels, recompressed(pixels, quality)), dtype=np.uint8)
