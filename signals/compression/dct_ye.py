"""Blocking artifacts that do not fit the picture. Ye, Sun and Chang, IEEE ICME 2007, pages 12-15 ("DCT")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.luma_blocks import luma_blocks
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

# Frequencies 2 to 32 of the zig-zag scan: the whole diagonals 1 to 6, and the first four of diagonal 7.
FREQUENCIES = (
    *((row, diagonal - row) for diagonal in range(1, 7) for row in range(diagonal + 1)),
    *((row, 7 - row) for row in range(4)),
)
_REACH = 256
_LEAST_BLOCKS = 256


class DctYe(Score):
    """Sum over 31 frequencies of how far a block's coefficients lie from multiples of the picture's steps.

    The steps are estimated from the power spectra of the histograms. The raw statistic is in units of the DCT of
    0..255 luma. (A widely used implementation keeps it modulo 256; this one does not.)
    """

    spec = score_spec("dct_ye", "1", 8, parameters={"frequencies": len(FREQUENCIES)})
    reads = (
        "Reads the quantization steps that fit most blocks of the picture, and finds the blocks whose DCT "
        "coefficients lie far from multiples of them."
    )
    blind_when = (
        "Sees nothing when no earlier compression left a trace, or when the last saving was coarse enough to give all "
        "blocks the same steps; strong texture may look like a misfit."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """The misfit of every block."""
        blocks = luma_blocks(evidence)
        known = evidence.decoded_rows // 8 if evidence.decoded_rows < evidence.height else len(blocks.coefficients)
        if known * blocks.coefficients.shape[1] < _LEAST_BLOCKS:
            raise Unusable(f"The picture holds fewer than {_LEAST_BLOCKS} blocks of 8 x 8 pixels.")
        values = np.zeros(blocks.coefficients.shape[:2], dtype=np.float32)
        coefficients = blocks.coefficients[:known]
        values[:known] = misfit(coefficients, blocks.table, estimate_steps(coefficients, blocks.table))
        return Statistic(values, decoded_cells(self.spec, evidence))


def estimate_steps(coefficients: NDArray[np.int16], table: NDArray[np.uint16]) -> NDArray[np.int64]:
    """The quantization steps that a picture shows.

    Args:
        coefficients: int16 ``[h, w, 8, 8]``, quantized luma, row frequency before column frequency.
        table: uint16 ``[8, 8]``, quantization table.

    Returns:
        int64 ``[8, 8]``: one more than :func:`count_dips` of the histogram of dequantized values, since the spectrum
        of a comb of step q has q - 1 lines beside that of frequency 0; 0 where there are no lines, and for all
        frequencies but the 31 that are read.
    """
    steps = np.zeros((8, 8), dtype=np.int64)
    for row, column in FREQUENCIES:
        values = coefficients[:, :, row, column].ravel() * np.int64(table[row, column])
        near = values[np.abs(values) <= _REACH]
        dips = count_dips(np.bincount(near + _REACH, minlength=2 * _REACH + 1))
        steps[row, column] = dips + 1 if dips else 0
    return steps


def misfit(coefficients: NDArray[np.int16], table: NDArray[np.uint16], steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """How far each block lies from multiples of the given steps.

    Args:
        coefficients: int16 ``[h, w, 8, 8]``, quantized luma.
        table: uint16 ``[8, 8]``, quantization table.
        steps: int64 ``[8, 8]``, what :func:`estimate_steps` gives; frequencies with 0 or 1 add nothing.

    Returns:
        int64 ``[h, w]``: the sum over the frequencies of ``|D - q round(D / q)|``, where ``D`` is the dequantized
        coefficient and ``q`` its step.
    """
    height, width = coefficients.shape[:2]
    total = np.zeros(height * width, dtype=np.int64)
    for row, column in zip(*np.nonzero(steps > 1), strict=True):
        rest = coefficients[:, :, row, column].ravel() * np.int64(table[row, column]) % steps[row, column]
        total += np.minimum(rest, steps[row, column] - rest)
    return total.reshape(height, width)


def count_dips(histogram: NDArray[np.intp]) -> int:
    """Number of lines in the spectrum of a histogram: dips in the second difference of its power.

    Args:
        histogram: Counts of the values -256 .. 256, ``[513]``.
    """
    power = np.abs(np.fft.fft(histogram) - 1)
    smooth = np.convolve(power, _gaussian(3), "same")
    cut = _first_valley(smooth)
    if 2 * cut >= 0.8 * power.size:
        return 0
    curvature = np.convolve(np.diff(power[cut - 1 : -cut], 2), _gaussian(5), "same")
    curvature[curvature > curvature.min() / 5] = 0
    return _count_minima(curvature)


def _first_valley(smooth: NDArray[np.float64]) -> int:
    """Number of values up to and including the first valley behind the first hill."""
    change = np.diff(smooth)
    falls = np.flatnonzero(change < 0)
    if falls.size == 0:
        return smooth.size
    rises = np.flatnonzero(change[falls[0] + 1 :] > 0)
    return smooth.size if rises.size == 0 else int(falls[0] + 1 + rises[0]) + 1


def _count_minima(values: NDArray[np.float64]) -> int:
    """Values below both neighbors, at the ends below the one there is; equal neighbors are one value."""
    # The spectrum is symmetric, so that of an even step the dip in its middle has two equal lowest values.
    rounded = np.round(values / max(float(np.abs(values).max()), 1e-12), 9)
    change = np.diff(rounded)
    change = change[change != 0]
    if change.size == 0:
        return 0
    return int(((change[:-1] < 0) & (change[1:] > 0)).sum()) + int(change[0] > 0) + int(change[-1] < 0)


def _gaussian(deviation: float) -> NDArray[np.float64]:
    place = np.arange(-25, 26)
    weights = np.exp(-(place**2) / (2 * deviation**2))
    return np.asarray(weights / weights.sum(), dtype=np.float64)
