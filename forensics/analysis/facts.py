"""Plain facts on a file, none of which is evidence by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from signals import Evidence
from signals.orientation import upright_size

# ITU-T T.81, table K.1: the luminance table that libjpeg scales by its quality setting
_LUMINANCE = np.array(
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


def picture_facts(evidence: Evidence) -> dict[str, Any]:
    """The ``picture`` part of the report: JSON values, null where unknown.

    ``width`` and ``height`` are as stored; the map has the upright size.
    """
    wide, high = upright_size(evidence.width, evidence.height, evidence.orientation)
    return {
        "file": evidence.name,
        "sha256": evidence.sha256,
        "type": evidence.type,
        "width": evidence.width,
        "height": evidence.height,
        "exif_orientation": evidence.orientation,
        "upright_width": wide,
        "upright_height": high,
        "bytes": None if evidence.data is None else len(evidence.data),
        "decoded_rows": int(evidence.decoded_rows),
        "jpeg": _jpeg_facts(evidence),
    }


def nearest_quality(table: NDArray[Any]) -> tuple[int, bool]:
    """The libjpeg quality whose luminance table is nearest to ``table`` (sum of absolute differences).

    Args:
        table: ``[8, 8]`` luminance quantization table, natural order.

    Returns:
        Quality 1..100, and whether the tables are equal. Cameras often use tables of their own.
    """
    distances = [int(np.abs(_libjpeg_table(quality) - table.astype(np.int64)).sum()) for quality in range(1, 101)]
    best = int(np.argmin(distances))
    return best + 1, distances[best] == 0


def _libjpeg_table(quality: int) -> NDArray[np.int64]:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((_LUMINANCE * scale + 50) // 100).clip(1, 255)


def _jpeg_facts(evidence: Evidence) -> dict[str, Any] | None:
    jpeg = evidence.jpeg
    if jpeg is None or not jpeg.components:
        return None
    quality, exact = nearest_quality(jpeg.components[0].quantization_table)
    return {
        "markers": [str(marker) for marker in jpeg.markers],
        "sampling": [f"{horizontal}x{vertical}" for horizontal, vertical in (c.sampling for c in jpeg.components)],
        "nearest_quality": quality,
        "standard_table": exact,
    }
