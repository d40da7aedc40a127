"""The quantized DCT coefficients of luma, as a categorical volume. CAT-Net (Kwon et al., IJCV 2022), section 3.2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.luma_blocks import luma_blocks
from signals.signal import SignalMap, SignalSpec, Unusable
from signals.validity import decoded_cells

_TOP = 20


class Dct:
    """Magnitude of every quantized luma coefficient, cut at 20, one cell a block.

    ``values[8 * row_frequency + column_frequency]`` is uint8 in 0..20. Of a JPEG these are the file's own
    coefficients; of other pictures the rounded block DCT of luma, with a quantization table of ones. ``side`` holds
    ``quantization_table`` float32 ``[8, 8]`` and ``was_jpeg`` float32 ``()``, 1 or 0.
    """

    spec = SignalSpec(
        "dct", version="1", parameters={"levels": _TOP + 1}, channels=64, stride=8, offset=0, dtype="uint8"
    )
    reads = (
        "Reads the rounding that JPEG saving leaves in each 8x8 block, which differs where a part has been saved "
        "a different number of times or on a shifted grid."
    )
    blind_when = (
        "Sees little when the whole picture was saved again at low quality or resized after the change, "
        "or when no part of it was ever a JPEG."
    )

    def extract(self, evidence: Evidence) -> SignalMap:
        """Reads the volume; unusable below 8x8 pixels and for a JPEG without full-resolution luma."""
        try:
            blocks = luma_blocks(evidence)
        except Unusable as reason:
            return SignalMap.unusable(self.spec, str(reason))
        side = {
            "quantization_table": blocks.table.astype(np.float32),
            "was_jpeg": np.array(blocks.was_jpeg, dtype=np.float32),
        }
        return SignalMap(self.spec, _volume(blocks.coefficients), decoded_cells(self.spec, evidence), side)

    def draw(self, found: SignalMap) -> NDArray[np.float32]:
        """The share of a block's 63 AC coefficients that are not zero."""
        return np.asarray((found.values[1:] > 0).mean(axis=0, dtype=np.float32))


def _volume(coefficients: NDArray[np.int16]) -> NDArray[np.uint8]:
    """``[h, w, 8, 8]`` -> uint8 ``[64, h, w]`` of min(abs, 20)."""
    # The cut comes before the sign is dropped: -32768 has no int16 magnitude.
    magnitudes = np.abs(np.clip(coefficients, -_TOP, _TOP)).astype(np.uint8)
    height, width = magnitudes.shape[:2]
    return np.ascontiguousarray(magnitudes.reshape(height, width, 64).transpose(2, 0, 1))
