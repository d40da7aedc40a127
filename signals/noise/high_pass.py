"""High-pass filters of whole numbers over the mean of the three colors, kept in one byte a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.signal import SignalMap, SignalSpec
from signals.validity import decoded_cells

SIZE = 5
"""Rows and columns of every kernel; smaller filters are framed by zeros."""
REACH = SIZE // 2
STEPS = 4
"""Steps a grey level."""
LIMIT = 127
_STRIP = 256
# Of the drawing: grey levels at half of the scale, and pixels that are averaged.
_HALF, _DRAWN_OVER = 2.0, 9


@dataclass(frozen=True, eq=False)
class HighPass:
    """A bank of C filters.

    Attributes:
        kernels: int32 ``[C, 5, 5]``; each sums to 0, no entry exceeds 2048, so that float32 sums are exact.
        divisors: int32 ``[C]``: what the sum of a kernel's products is divided by.
    """

    kernels: NDArray[np.int32]
    divisors: NDArray[np.int32]

    def residuals(self, pixels: NDArray[np.uint8]) -> NDArray[np.int8]:
        """The residuals in quarters of a grey level, rounded and cut to -127..127.

        Args:
            pixels: uint8 ``[H, W, 3]``, at least 5x5.

        Returns:
            int8 ``[C, H, W]``; 0 in the two rows and columns along the border.
        """
        height, width = pixels.shape[:2]
        result = np.zeros((len(self.kernels), height, width), dtype=np.int8)
        for top in range(REACH, height - REACH, _STRIP):
            bottom = min(top + _STRIP, height - REACH)
            total = pixels[top - REACH : bottom + REACH].sum(axis=2, dtype=np.uint16).astype(np.float32)
            for channel, (kernel, divisor) in enumerate(zip(self.kernels, self.divisors, strict=True)):
                sums = cv2.filter2D(total, cv2.CV_32F, kernel.astype(np.float32))[REACH:-REACH, REACH:-REACH]
                steps = np.rint(sums / np.float32(3 * divisor / STEPS))
                result[channel, top:bottom, REACH : width - REACH] = np.clip(steps, -LIMIT, LIMIT)
        return result


def residual_map(spec: SignalSpec, bank: HighPass, evidence: Evidence) -> SignalMap:
    """The map of a signal that is a bank of filters; unusable below 8x8 pixels or where all residuals are 0."""
    height, width = evidence.height, evidence.width
    if min(height, width) < 8:
        return SignalMap.unusable(spec, "The picture is smaller than 8 x 8 pixels.")
    values = bank.residuals(evidence.pixels)
    if not values.any():
        return SignalMap.unusable(spec, "The picture is flat; there is no noise to read.")
    valid = decoded_cells(spec, evidence, REACH)
    valid[:REACH] = valid[-REACH:] = valid[:, :REACH] = valid[:, -REACH:] = False
    values *= valid
    return SignalMap(spec, values, valid)


def magnitude(found: SignalMap) -> NDArray[np.float32]:
    """Mean size m of the residuals within 9x9 pixels, in grey levels, as m / (m + 2): float32 ``[h, w]`` in 0..1."""
    total = np.zeros(found.valid.shape, dtype=np.float32)
    for plane in found.values:
        total += np.abs(plane)
    local = cv2.blur(total, (_DRAWN_OVER, _DRAWN_OVER)) / (STEPS * len(found.values))
    return np.asarray(local / (local + _HALF), dtype=np.float32)


def high_pass_spec(name: str, version: str, channels: int) -> SignalSpec:
    """The specification of such a signal: int8, one cell a pixel."""
    return SignalSpec(
        name,
        version,
        {"step": 1 / STEPS},
        channels=channels,
        dtype="int8",
        range=(-float(LIMIT), float(LIMIT)),
    )
