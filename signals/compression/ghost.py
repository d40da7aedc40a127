"""JPEG ghosts: how far every block is from a picture saved at each of many qualities.

Farid, "Exposing digital forgeries from JPEG ghosts", IEEE Transactions on Information Forensics and Security 4(1),
2009, equations 1 and 3. A part that was once saved at some quality differs least from that very quality.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.block_dct import block_dct
from signals.compression.recompression import recompressed
from signals.evidence import Evidence
from signals.signal import SignalMap, SignalSpec
from signals.validity import decoded_cells

QUALITIES = (50, 55, 60, 65, 70, 75, 78, 80, 82, 85, 88, 90, 92, 94, 96, 98)
_CELL = 8
# Windows of the global curve, and rows of blocks worked on at a time.
_WINDOW, _STRIP = 17, 32
# Squared differences below this, of the order of rounding to whole grey levels, hardly show.
_ROUNDING = 1 / 16
# Just above log2(1 + 16 * 255 ** 2).
_TOP = 20.0
# The drawing: qualities up to 88, since most last saves are above; blocks averaged; doublings at the top of the scale.
_DRAWN, _DRAWN_WINDOW, _DRAWN_DOUBLINGS = QUALITIES.index(88) + 1, 5, 2.0

# Luma table of quality 50, T.81, Table K.1.
_TABLE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


class Ghost:
    """Squared difference of luma between each 8x8 block and the same block at each JPEG quality.

    ``values[i]`` is float16 ``[ceil(H/8), ceil(W/8)]``: log2(1 + 16 d) in 0..20 for a mean squared difference of d
    squared grey levels at quality ``QUALITIES[i]``. The blocks lie on the grid from pixel (0, 0). The curve of a block
    falls with the quality; a dip in it is a ghost of an earlier save. Color is left out: it adds to all qualities
    nearly alike.
    """

    spec = SignalSpec(
        "ghost",
        version="1",
        parameters={"qualities": list(QUALITIES)},
        channels=len(QUALITIES),
        stride=_CELL,
        dtype="float16",
        range=(0.0, _TOP),
    )
    reads = (
        "Reads at which JPEG quality each part changes least: a part that was once saved at a lower quality than the "
        "rest keeps a ghost of that save."
    )
    blind_when = (
        "Sees nothing of a part whose earlier save lies on another 8x8 grid, was of higher quality than the last "
        "save, used tables unlike the common ones, or was followed by a resize."
    )

    def extract(self, evidence: Evidence) -> SignalMap:
        """Measures the differences; unusable below 8x8 pixels."""
        if min(evidence.height, evidence.width) < _CELL:
            return SignalMap.unusable(self.spec, f"The picture is smaller than {_CELL} x {_CELL} pixels.")
        height, width = self.spec.grid(evidence.height, evidence.width)
        values = np.empty((len(QUALITIES), height, width), dtype=np.float16)
        tables = [luma_table(quality) for quality in QUALITIES]
        for top in range(0, height, _STRIP):
            blocks = block_dct(evidence.pixels[top * _CELL : (top + _STRIP) * _CELL])
            for channel, table in enumerate(tables):
                values[channel, top : top + _STRIP] = np.log2(1 + block_differences(blocks, table) / _ROUNDING)
        # A quantized block that was not clipped can be further away than any block of pixels.
        # The color of a cut file's last row is interpolated from the row below.
        return SignalMap(self.spec, np.minimum(values, np.float16(_TOP)), decoded_cells(self.spec, evidence, 1))

    def draw(self, found: SignalMap) -> NDArray[np.float32]:
        """Depth of the deepest dip of the curve below quality 88, over 5x5 blocks: 1 is a factor of 4 or more."""
        return np.asarray((dip(found.values[:_DRAWN]) / _DRAWN_DOUBLINGS).clip(0, 1), dtype=np.float32)


def luma_table(quality: int) -> NDArray[np.int64]:
    """Luma quantization table of the Independent JPEG Group: ``[8, 8]`` in 1..255 for quality 1..100."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.asarray(((_TABLE * scale + 50) // 100).clip(1, 255))


def block_differences(blocks: NDArray[np.float32], table: NDArray[np.int64]) -> NDArray[np.float32]:
    """Mean squared difference that quantization makes in every block.

    By Parseval's theorem the sum over the coefficients is the sum over the pixels, but for the rounding and clipping
    of the decoded pixels.

    Args:
        blocks: float32 ``[h, w, 8, 8]``: orthonormal DCT of luma blocks.
        table: ``[8, 8]``: quantization steps.

    Returns:
        float32 ``[h, w]`` in squared grey levels.
    """
    steps = table.reshape(64).astype(np.float32)
    coefficients = blocks.reshape(*blocks.shape[:2], 64)
    quantized = coefficients * (1 / steps)
    np.rint(quantized, out=quantized)
    quantized *= steps
    quantized -= coefficients
    return np.asarray(np.einsum("hwc,hwc->hw", quantized, quantized) / np.float32(64))


def dip(values: NDArray[np.float16]) -> NDArray[np.float32]:
    """How far the curve of each block rises again from a lower to a higher quality.

    Args:
        values: ``[Q, h, w]``: as the values of :class:`Ghost`, qualities ascending.

    Returns:
        float32 ``[h, w]``: the largest rise, in doublings, of the curve averaged over 5x5 blocks; 0 for a falling one.
    """
    window = (_DRAWN_WINDOW, _DRAWN_WINDOW)
    lowest = np.full(values.shape[1:], np.inf, dtype=np.float32)
    rise = np.zeros(values.shape[1:], dtype=np.float32)
    for channel in values:
        smooth = np.log2(cv2.blur(np.exp2(channel.astype(np.float32)), window, borderType=cv2.BORDER_REFLECT))
        np.minimum(lowest, smooth, out=lowest)
        np.maximum(rise, smooth - lowest, out=rise)
    return rise


def ghost_map(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.float64]:
    """Equation 3 with a real JPEG save: mean squared difference over 17x17 pixels and the three colors.

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB, at least 17 x 17.
        quality: 1..100.

    Returns:
        float64 ``[H - 16, W - 16]`` in squared grey levels, one value for each window that lies in the picture.
    """
    changes = cv2.absdiff(pixels, recompressed(pixels, quality)).astype(np.float64)
    squares = np.square(changes).mean(axis=2)
    margin = _WINDOW // 2
    return np.asarray(cv2.blur(squares, (_WINDOW, _WINDOW))[margin:-margin, margin:-margin], dtype=np.float64)


def ghost_curve(pixels: NDArray[np.uint8], qualities: Iterable[int]) -> NDArray[np.float64]:
    """Mean of :func:`ghost_map` over the picture at each quality: float64 ``[Q]``."""
    return np.array([ghost_map(pixels, quality).mean() for quality in qualities])
