"""Noise level by the finest diagonal wavelet band.

Mahdian and Saic, "Using noise inconsistencies for blind image forensics", Image and Vision Computing 27, 2009,
tiled subband HH1 of the 8-tap Daubechies wavelet, noise level by the median absolute deviation.
"""

from __future__ import annotations

from math import comb

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.signal import SignalMap, SignalSpec
from signals.validity import decoded_cells

# Cells of 8 x 8 coefficients.
_COEFFICIENTS, _CELL, _MIN_SIZE = 8, 16, 16
_MOMENTS = 8
_TAPS = 2 * _MOMENTS
# Median of the magnitude of normal noise of deviation 1, as the paper rounds it.
_NORMAL_MEDIAN = 0.6745
_TOP = 255.0
_STRIP = 32 * _CELL
# Grey levels at half of the drawn scale.
_HALF = 2.0


class NoiseWavelet:
    """Noise level of each 16x16 cell: median(abs(HH)) / .6745 of its 8x8 diagonal db8 coefficients.

    ``values`` is float32 ``[1, ceil(H/16), ceil(W/16)]``: standard deviation of the noise in grey levels of luma,
    at most 255. The picture continues as its mirror image.
    """

    spec = SignalSpec("noise_wavelet", version="1", parameters={"wavelet": "db8"}, stride=_CELL, range=(0.0, _TOP))
    reads = (
        "Reads the strength of the noise in each part from its finest diagonal detail; an inserted part from another "
        "camera, sensitivity or size carries noise of another strength."
    )
    blind_when = (
        "Takes dense texture for noise, and sees little when compression, smoothing or downsizing of the whole "
        "picture has taken the finest detail away."
    )

    def extract(self, evidence: Evidence) -> SignalMap:
        """Measures the noise; unusable below 16x16 pixels."""
        if min(evidence.height, evidence.width) < _MIN_SIZE:
            return SignalMap.unusable(self.spec, f"The picture is smaller than {_MIN_SIZE} x {_MIN_SIZE} pixels.")
        values = np.minimum(noise_levels(rounded_luma(evidence.pixels)), _TOP).astype(np.float32)
        # The color of a cut file's last row is interpolated from the row below.
        return SignalMap(self.spec, values[None], decoded_cells(self.spec, evidence, 1))

    def draw(self, found: SignalMap) -> NDArray[np.float32]:
        """The noise level s as s / (s + 2 grey levels)."""
        return np.asarray(found.values[0] / (found.values[0] + np.float32(_HALF)))


def rounded_luma(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma (ITU-R BT.601, full range), rounded half up: uint8 ``[H, W]`` of uint8 ``[H, W, 3]`` RGB."""
    luma = np.empty(pixels.shape[:2], dtype=np.uint8)
    for top in range(0, len(pixels), _STRIP):
        # Unlike the conversion to grey of OpenCV, this one is exact.
        luma[top : top + _STRIP] = cv2.cvtColor(pixels[top : top + _STRIP], cv2.COLOR_RGB2YCrCb)[..., 0]
    return luma


def noise_levels(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Standard deviation of the noise of every cell of 16x16 pixels.

    Args:
        luma: uint8 ``[H, W]``, at least 16 x 16.

    Returns:
        float64 ``[ceil(H/16), ceil(W/16)]`` in grey levels.
    """
    height, width = luma.shape
    rows, columns = -(-height // _CELL), -(-width // _CELL)
    # Coefficient k reads pixels 2 k - 14 .. 2 k + 1.
    before = _TAPS - 2
    mirrored = np.pad(luma, ((before, rows * _CELL - height), (before, columns * _CELL - width)), mode="symmetric")
    levels = np.empty((rows, columns))
    for top in range(0, rows * _CELL, _STRIP):
        band = _diagonal_band(mirrored[top : top + _STRIP + before])
        size = _COEFFICIENTS
        cells = np.abs(band).reshape(-1, size, columns, size).swapaxes(1, 2).reshape(-1, columns, size * size)
        levels[top // _CELL : (top + _STRIP) // _CELL] = np.median(cells, axis=2, overwrite_input=True)
    return levels / _NORMAL_MEDIAN


def _diagonal_band(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    """HH of ``[2 h + 14, 2 w + 14]`` pixels without any padding: float64 ``[h, w]``."""
    vertical = _high_pass(luma.T.astype(np.float64)).T
    return _high_pass(vertical)


def _high_pass(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every second value of the high-pass filtered lines of ``[n, 2 w + 14]``: ``[n, w]``."""
    width = (lines.shape[1] - _TAPS) // 2 + 1
    filtered = np.zeros((len(lines), width))
    for place, tap in enumerate(_FILTER):
        filtered += tap * lines[:, place : place + 2 * width - 1 : 2]
    return filtered


def daubechies_low_pass(moments: int) -> NDArray[np.float64]:
    """Scaling filter of Daubechies' extremal phase wavelet: float64 ``[2 moments]`` of norm 1, largest taps first.

    Daubechies, "Ten Lectures on Wavelets", 1992, section 6.1: the roots of P(y), y = (2 - z - 1/z) / 4, inside the
    unit circle.
    """
    roots = np.roots([comb(moments - 1 + power, power) for power in reversed(range(moments))])
    taps = np.ones(1, dtype=np.complex128)
    for root in roots:
        pair = np.roots([1, 4 * root - 2, 1])
        taps = np.convolve(taps, [1, -pair[np.argmin(np.abs(pair))]])
    for _ in range(moments):
        taps = np.convolve(taps, [1, 1])
    return np.asarray(taps.real * np.sqrt(2) / taps.real.sum())


# The high-pass filter that belongs to it; the sign of the band plays no part.
_FILTER = daubechies_low_pass(_MOMENTS)[::-1] * (-1.0) ** np.arange(_TAPS)
