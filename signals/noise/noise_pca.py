"""Noise level by principal components of patches.

Zeng, Zhan, Kang and Lin, "Image splicing localization using PCA-based noise level estimation", Multimedia Tools and
Applications 76, 2017: cells of 64 x 64 pixels give a steady estimate, cells of 32 x 32 the finer detail. The paper
further splits the cells of a picture into two classes and takes the fine estimate alone along their border; that
step is left out, so that a value means the same in every picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.noise.noise_wavelet import rounded_luma
from signals.noise.pca_noise_level import pca_noise_levels
from signals.signal import SignalMap, SignalSpec
from signals.validity import decoded_cells

_COARSE, _FINE, _CELL = 64, 32, 16
_COARSE_WEIGHT = 0.8
_TOP = 128.0
# Grey level at half of the drawn scale.
_HALF = 1.0


class NoisePca:
    """Noise level of each 32x32 cell, laid out on cells of 16x16 pixels.

    A fifth of it is the estimate of the cell itself, the rest that of the 64x64 pixels it lies in. ``values`` is
    float32 ``[1, ceil(H/16), ceil(W/16)]``: standard deviation of the noise in grey levels of luma, at most 128. Where
    clipped black or white leaves too little to read, the cells are not valid.
    """

    spec = SignalSpec(
        "noise_pca", version="1", parameters={"cells": [_COARSE, _FINE], "patch": 5}, stride=_CELL, range=(0.0, _TOP)
    )
    reads = (
        "Reads the strength of the noise in each part apart from its texture; an inserted part from another camera, "
        "sensitivity or size carries noise of another strength."
    )
    blind_when = (
        "Sees no part much smaller than 64 pixels, takes texture without any smooth spot for noise, and sees little "
        "when compression or downsizing of the whole picture has taken the noise away."
    )

    def extract(self, evidence: Evidence) -> SignalMap:
        """Measures the noise; unusable below 64x64 pixels."""
        if min(evidence.height, evidence.width) < _COARSE:
            return SignalMap.unusable(self.spec, f"The picture is smaller than {_COARSE} x {_COARSE} pixels.")
        levels = noise_levels(rounded_luma(evidence.pixels))
        height, width = self.spec.grid(evidence.height, evidence.width)
        times = _FINE // _CELL
        levels = levels.repeat(times, axis=0).repeat(times, axis=1)[:height, :width]
        measured = np.isfinite(levels)
        values = np.where(measured, levels, 0).clip(0, _TOP).astype(np.float32)
        # A cell reads the 64 pixels that its own 16 lie in.
        valid = measured & decoded_cells(self.spec, evidence, _COARSE - _CELL)
        return SignalMap(self.spec, values[None], valid)

    def draw(self, found: SignalMap) -> NDArray[np.float32]:
        """The noise level s as s / (s + 1 grey level)."""
        return np.asarray(found.values[0] / (found.values[0] + np.float32(_HALF)))


def noise_levels(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Standard deviation of the noise of every cell of 32x32 pixels.

    Args:
        luma: uint8 ``[H, W]``, at least 64 x 64.

    Returns:
        float64 ``[ceil(H/32), ceil(W/32)]`` in grey levels; NaN where too much is clipped.
    """
    fine = pca_noise_levels(luma, _FINE)
    coarse = pca_noise_levels(luma, _COARSE)
    coarse = coarse.repeat(2, axis=0).repeat(2, axis=1)[: fine.shape[0], : fine.shape[1]]
    levels = _COARSE_WEIGHT * coarse + (1 - _COARSE_WEIGHT) * fine
    # Of the two estimates there may be only one.
    return np.where(np.isfinite(levels), levels, np.where(np.isfinite(fine), fine, coarse))
