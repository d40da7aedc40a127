"""Samples of 16 bits, scaled to 8: dropping the lower byte would darken a picture and leave its own trace."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.reading.native_messages import OPENCV_MESSAGES, native_messages

_ROWS = 256


class DepthError(Exception):
    """A kind of 16-bit picture that is refused on purpose; the text names it."""


def scale_to_eight_bits(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """``v / 257``, rounded: 0 stays 0 and 65535 becomes 255.

    Args:
        values: uint16, any shape.
    """
    scaled = np.empty(values.shape, dtype=np.uint8)
    for top in range(0, len(values), _ROWS):
        strip = values[top : top + _ROWS].astype(np.uint32)
        strip += 128
        strip //= 257
        scaled[top : top + _ROWS] = strip
    return scaled


def read_deep_color(data: bytes, truncated: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Decodes a 16-bit PNG or TIFF file in color.

    Args:
        data: The bytes.
        truncated: uint8 ``[H, W, 3]`` RGB: the upper byte of every sample, read by another decoder. The two must
            agree, so that no damage and no kind of file that one of them misreads goes unnoticed.

    Returns:
        uint8 ``[H, W, 3]`` RGB, scaled, read-only.

    Raises:
        DepthError: The decoder does not read this kind of 16-bit file.
    """
    with native_messages(OPENCV_MESSAGES):
        try:
            read = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error:
            read = None
    if read is None or read.dtype != np.uint16 or read.shape[:2] != truncated.shape[:2]:
        raise DepthError("this kind of 16-bit picture is not supported")
    samples: NDArray[np.uint16] = np.asarray(read[..., None] if read.ndim == 2 else read, dtype=np.uint16)
    samples = samples[..., :1] if samples.shape[2] < 3 else samples[..., 2::-1]
    for top in range(0, len(samples), _ROWS):
        known = truncated[top : top + _ROWS]
        if not np.array_equal(np.broadcast_to(samples[top : top + _ROWS] >> 8, known.shape), known):
            raise DepthError("this kind of 16-bit picture is not supported")
    scaled = scale_to_eight_bits(samples)
    pixels = np.ascontiguousarray(np.broadcast_to(scaled, truncated.shape))
    pixels.setflags(write=False)
    return pixels
