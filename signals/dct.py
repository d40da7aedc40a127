"""The quantized DCT coefficients of luma, as a categorical volume. CAT-Net (Kwon et al., IJCV 2022), section 3.2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.block_dct import block_dct
from signals.evidence import Evidence
from signals.signal import SignalMap, SignalSpec

_TOP = 20
_MIN_SIZE = 8


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
        if min(evidence.height, evidence.width) < _MIN_SIZE:
            return SignalMap.unusable(self.spec, f"The picture is smaller than {_MIN_SIZE} x {_MIN_SIZE} pixels.")
        height, width = self.spec.grid(evidence.height, evidence.width)
        table = np.ones((8, 8), dtype=np.float32)
        was_jpeg = evidence.type == "jpeg"
        if was_jpeg:
            if evidence.jpeg is None:
                return SignalMap.unusable(self.spec, "The coefficients of this JPEG file cannot be read.")
            component = evidence.jpeg.luma
            if component is None:
                return SignalMap.unusable(self.spec, "This JPEG file does not store luma at full resolution.")
            coefficients = component.coefficients[:height, :width]
            table = component.quantization_table.astype(np.float32)
        else:
            coefficients = np.rint(block_dct(evidence.pixels)).astype(np.int16)
        valid = np.zeros((height, width), dtype=np.bool_)
        # A block row that is only partly there is not valid.
        valid[: height if evidence.decoded_rows == evidence.height else evidence.decoded_rows // 8] = True
        side = {"quantization_table": table, "was_jpeg": np.array(was_jpeg, dtype=np.float32)}
        volume = _volume(coefficients)
        if not volume[1:].any():
            return SignalMap.unusable(self.spec, "The picture is flat: no block holds anything but its mean.")
        return SignalMap(self.spec, volume, valid, side)


def _volume(coefficients: NDArray[np.int16]) -> NDArray[np.uint8]:
    """``[h, w, 8, 8]`` -> uint8 ``[64, h, w]`` of min(abs, 20)."""
    # The cut comes before the sign is dropped: -32768 has no int16 magnitude.
    magnitudes = np.abs(np.clip(coefficients, -_TOP, _TOP)).astype(np.uint8)
    height, width = magnitudes.shape[:2]
    return np.ascontiguousarray(magnitudes.reshape(height, width, 64).transpose(2, 0, 1))
