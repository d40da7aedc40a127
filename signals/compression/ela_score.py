"""Error level analysis as a score: which part changes more than the rest when the picture is saved once more.

After Krawetz, "A picture's worth: digital image analysis and forensics", Black Hat 2007. The error level is averaged,
taken against the amount of fine detail, and compared with the rest of the picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.compression.ela import REACH, cell_error_levels
from signals.evidence import Evidence
from signals.noise.noise_median import cell_median_residuals
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

# Two qualities, since a picture that was last saved at one of them hardly changes there.
QUALITIES, WINDOW = (80, 90), 5
# Fine detail d (mean median residual) multiplies the error level by about (d + 1) ** .3.
_EXPONENT = 0.3
# What keeps the ratio finite, in grey levels.
_FLOOR = 0.1
_CELL, _MIN_SIZE = 8, 16


class ElaScore(Score):
    """Error level of 40x40 pixels, the mean of two qualities, against that of the rest of the picture.

    High means a larger change than elsewhere, as of a part that went through fewer or weaker JPEG saves than its
    surroundings. A smaller change is not counted: in untouched photos it is found in every smooth or clipped area.
    """

    spec = score_spec(
        "ela_score",
        "1",
        _CELL,
        parameters={"qualities": list(QUALITIES), "window": WINDOW * _CELL, "exponent": _EXPONENT},
    )
    reads = (
        "Reads which parts change more than the rest when the picture is saved as a JPEG once more: parts with fewer "
        "or weaker saves behind them than the rest."
    )
    blind_when = (
        "Misses parts that change less than the rest, marks vivid colors and sharp detail of untouched photos too, "
        "and sees little after a resize or a strong later save of the whole picture."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """Doublings of the error level over the median of the picture."""
        if min(evidence.height, evidence.width) < _MIN_SIZE:
            raise Unusable(f"The picture is smaller than {_MIN_SIZE} x {_MIN_SIZE} pixels.")
        pixels = evidence.pixels
        errors = np.mean([cell_error_levels(pixels, quality) for quality in QUALITIES], axis=0)
        if not errors.any():
            raise Unusable("Saving the picture once more changes nothing, as of a flat picture.")
        level = relative_level(errors, cell_median_residuals(pixels))
        valid = decoded_cells(self.spec, evidence, REACH + WINDOW // 2 * _CELL)
        if not valid.any():
            raise Unusable("Too little of the picture is there.")
        return Statistic(level - np.median(level[valid]), valid)


def relative_level(errors: NDArray[np.float32], detail: NDArray[np.float32]) -> NDArray[np.float32]:
    """Error level against fine detail, both averaged over 5x5 cells, in doublings.

    Args:
        errors: float32 ``[h, w]``: mean error levels of cells.
        detail: float32 ``[h, w]``: mean median residuals of the same cells.

    Returns:
        float32 ``[h, w]``: log2(errors + .1) - .3 log2(detail + 1). Outside the grid its border cells are mirrored.
    """
    error, fine = (cv2.blur(plane, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT) for plane in (errors, detail))
    return np.asarray(np.log2(error + _FLOOR) - _EXPONENT * np.log2(fine + 1), dtype=np.float32)
