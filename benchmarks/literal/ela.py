"""Krawetz 2007, section on error level analysis: save again, subtract, average over 8x8 pixels; plainly."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from signals.evidence import Evidence


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """Mean absolute change of each cell at qualities 70, 80, 90 and 95: ``[4, ceil(H/8), ceil(W/8)]``."""
    maps = []
    for quality in (70, 80, 90, 95):
        buffer = io.BytesIO()
        Image.fromarray(evidence.pixels).save(buffer, "jpeg", quality=quality, subsampling="4:2:0")
        again = np.asarray(Image.open(buffer))
        change = np.abs(evidence.pixels.astype(float) - again.astype(float))
        rows = []
        for y in range(0, evidence.height, 8):
            rows.append([change[y : y + 8, x : x + 8].mean() for x in range(0, evidence.width, 8)])
        maps.append(rows)
    return np.array(maps)
