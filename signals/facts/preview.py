"""The small preview that a camera stores in a file, beside the picture: editors may leave an old one behind."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.errors import ForensicsError
from signals.evidence import Evidence

_MAX_PIXELS = 4_000_000
# Rounding of the preview's size, and the black bars cameras add, change its shape this much.
_SAME_SHAPE = 0.02
_BLACK = 24


@dataclass(frozen=True)
class Preview:
    """A preview and how it compares with the picture, both as stored.

    Attributes:
        width: Its columns of pixels.
        height: Its rows of pixels.
        same_shape: Whether width to height is that of the picture, black bars at its borders aside.
        mean_difference: Mean absolute difference to the picture reduced to its size, 0..255; None if the shapes
            differ or the picture cannot be decoded whole.
    """

    width: int
    height: int
    same_shape: bool
    mean_difference: float | None


def read_preview(data: bytes, evidence: Evidence) -> Preview | None:
    """Decodes a preview and compares it with the picture.

    Args:
        data: Bytes of the preview; empty if there is none.
        evidence: The picture.

    Returns:
        None if there is no preview or it cannot be decoded.
    """
    if not data:
        return None
    try:
        small = Evidence.open(data, name="preview")
        if small.width * small.height > _MAX_PIXELS or small.decoded_rows < small.height:
            return None
        pixels = _without_bars(small.pixels, evidence.width / evidence.height)
    except ForensicsError:
        return None
    same = _same_shape(pixels.shape[1] / pixels.shape[0], evidence.width / evidence.height, min(pixels.shape[:2]))
    return Preview(small.width, small.height, same, _difference(pixels, evidence) if same else None)


def _difference(small: NDArray[np.uint8], evidence: Evidence) -> float | None:
    try:
        if evidence.decoded_rows < evidence.height:
            return None
        picture = evidence.pixels
    except ForensicsError:
        return None
    height, width = small.shape[:2]
    reduced = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return float(np.abs(reduced.astype(np.int16) - small).mean())


def _same_shape(one: float, other: float, short_side: int) -> bool:
    # A row or column more or less is the rounding of a small size.
    return abs(one / other - 1) <= max(_SAME_SHAPE, 1.5 / short_side)


def _without_bars(pixels: NDArray[np.uint8], ratio: float) -> NDArray[np.uint8]:
    """The preview without the black bars that fill up a fixed shape; as it is, if that does not give the ratio."""
    height, width = pixels.shape[:2]
    if _same_shape(width / height, ratio, min(height, width)):
        return pixels
    if width / height > ratio:
        keep = max(1, round(height * ratio))
        start = (width - keep) // 2
        inside, bars = pixels[:, start : start + keep], (pixels[:, : max(0, start - 1)], pixels[:, start + keep + 1 :])
    else:
        keep = max(1, round(width / ratio))
        start = (height - keep) // 2
        inside, bars = pixels[start : start + keep], (pixels[: max(0, start - 1)], pixels[start + keep + 1 :])
    return inside if all(not bar.size or float(bar.mean()) <= _BLACK for bar in bars) else pixels
