"""Aligned double compression with an estimate of the first table ("ADQ2").

Bianchi, De Rosa and Piva, "Improved DCT coefficient analysis for forgery localization in JPEG images", ICASSP 2011;
Bianchi and Piva, IEEE TIFS 7 (2012) 1003-1017, the aligned case.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from signals.block_dct import block_dct
from signals.compression.adq1 import FREQUENCIES
from signals.compression.lattice import rounded_multiples
from signals.evidence import Evidence
from signals.luma_blocks import luma_blocks
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

_COARSEST = 40
# Steps are believed from this share of twice-compressed blocks on.
_LEAST_SHARE = 0.25
_SMALLEST_SHARE = 0.1
_LEAST_BLOCKS = 256
# No 8-bit picture has a larger DCT coefficient.
_LARGEST = 1024
_MEDIAN = 5
# Clipped areas break the model: no single coefficient may decide.
_LEAST_RATIO = 0.01


@dataclass(frozen=True, eq=False)
class FirstCompression:
    """What the histograms tell of an earlier compression on the same grid.

    Attributes:
        steps: int64 ``[8, 8]``, quantization table of the first compression; 0 where it could not be estimated.
        shares: float64 ``[8, 8]``, part of the blocks that were compressed twice, in 0..1; 1 where ``steps`` is 0.
        ratios: For each frequency with a step, ``log p(x | twice or once) / p(x | once)`` of the values
            ``-n .. n``: float64 ``[2 n + 1]``.
    """

    steps: NDArray[np.int64]
    shares: NDArray[np.float64]
    ratios: dict[tuple[int, int], NDArray[np.float64]]


class Adq2(Score):
    """Log-odds that a block was compressed once where the rest of the picture was compressed twice.

    As ADQ1, but with a model of the histogram that names the first quantization step of each frequency. The raw
    statistic is ``log(p / (1 - p))`` of the probability ``p`` of the paper, the median of 5 x 5 blocks.
    """

    spec = score_spec("adq2", "1", 8, parameters={"frequencies": len(FREQUENCIES), "median": _MEDIAN})
    reads = (
        "Reads which earlier JPEG table, on the same grid, explains the gaps and peaks in the histograms of DCT "
        "coefficients, and finds the blocks that this earlier saving did not touch."
    )
    blind_when = (
        "Sees nothing without the JPEG file, when the picture was compressed only once or the second time much "
        "coarser, or when the grid was shifted by cropping or resizing."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """Log-odds of every block, median of 5 x 5 blocks."""
        blocks = luma_blocks(evidence)
        if not blocks.was_jpeg:
            raise Unusable("The picture is no JPEG file: the table of its last saving is not known.")
        coefficients = blocks.coefficients
        known = evidence.decoded_rows // 8 if evidence.decoded_rows < evidence.height else len(coefficients)
        if known * coefficients.shape[1] < _LEAST_BLOCKS:
            raise Unusable(f"The picture holds fewer than {_LEAST_BLOCKS} blocks of 8 x 8 pixels.")
        coefficients, pixels = coefficients[:known], evidence.pixels[: known * 8]
        bias, deviation = decoding_errors(coefficients, blocks.table, pixels)
        first = estimate_first(coefficients, blocks.table, pixels, bias, deviation)
        values = np.zeros(blocks.coefficients.shape[:2], dtype=np.float32)
        values[:known] = cv2.medianBlur(log_odds(coefficients, first).astype(np.float32), _MEDIAN)
        return Statistic(values, decoded_cells(self.spec, evidence, reach=8 * (_MEDIAN // 2)))


def posterior(coefficients: NDArray[np.int16], first: FirstCompression) -> NDArray[np.float64]:
    """Probability that a block is altered, before the median filter: float64 ``[h, w]`` in 0..1."""
    return np.asarray(expit(log_odds(coefficients, first)))


def log_odds(coefficients: NDArray[np.int16], first: FirstCompression) -> NDArray[np.float64]:
    """``log(p / (1 - p))`` of :func:`posterior`.

    Args:
        coefficients: int16 ``[h, w, 8, 8]``, quantized luma, row frequency before column frequency.
        first: What :func:`estimate_first` found.

    Returns:
        float64 ``[h, w]``: the sum over the frequencies; coefficients of 0 say nothing.
    """
    total = np.zeros(coefficients.shape[:2])
    for (row, column), ratio in first.ratios.items():
        reach = ratio.size // 2
        # Values that no picture has say nothing: the table ends with zeros on both sides.
        table = np.pad(ratio, 1)
        total -= table[np.clip(coefficients[:, :, row, column], -reach - 1, reach + 1).astype(np.intp) + reach + 1]
    return total


def decoding_errors(
    coefficients: NDArray[np.int16], table: NDArray[np.uint16], pixels: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How rounding on decoding moves DCT coefficients: the model of what it did after the first compression.

    Args:
        coefficients: int16 ``[h, w, 8, 8]``, quantized luma.
        table: uint16 ``[8, 8]``, quantization table.
        pixels: uint8 ``[H, W, 3]``, what the coefficients decode to.

    Returns:
        Bias and standard deviation in units of DCT coefficients, float64 ``[8, 8]`` each; 0 and 1 for frequencies
        that are not read. Both are robust, so that clipped areas do not stand for all.
    """
    decoded = block_dct(pixels)
    bias, deviation = np.zeros((8, 8)), np.ones((8, 8))
    for row, column in FREQUENCIES:
        errors = decoded[:, :, row, column] - coefficients[:, :, row, column] * np.float32(table[row, column])
        bias[row, column] = np.median(errors)
        # 1.4826: standard deviation of a normal distribution by its median absolute deviation.
        deviation[row, column] = max(1.4826 * float(np.median(np.abs(errors - bias[row, column]))), 1e-3)
    return bias, deviation


def estimate_first(
    coefficients: NDArray[np.int16],
    table: NDArray[np.uint16],
    pixels: NDArray[np.uint8],
    bias: NDArray[np.float64],
    deviation: NDArray[np.float64],
) -> FirstCompression:
    """Finds the first table that fits the histograms best.

    Without the trace the histograms would be those of the same picture shifted by one pixel, off its grid. The step
    is the one of least squared error against ``share * twice + (1 - share) * once``, each bin weighed by its
    variance; then the share is fitted with equal weights, so that the many small coefficients decide. Values of 0,
    which all steps have, are left out.

    Args:
        coefficients: int16 ``[h, w, 8, 8]``, quantized luma.
        table: uint16 ``[8, 8]``, quantization table of the file.
        pixels: uint8 ``[H, W, 3]``.
        bias: float64 ``[8, 8]``, what :func:`decoding_errors` gives.
        deviation: float64 ``[8, 8]``, likewise.
    """
    shifted = block_dct(pixels[1:, 1:])
    steps, shares = np.zeros((8, 8), dtype=np.int64), np.ones((8, 8))
    ratios: dict[tuple[int, int], NDArray[np.float64]] = {}
    for place in FREQUENCIES:
        step = int(table[place])
        reach = _LARGEST // max(step, 1)
        found = _count(coefficients[:, :, *place], reach)
        once = _count(np.rint(shifted[:, :, *place] / max(step, 1)), reach)
        fit = _best_fit(found, once, step, float(bias[place]), float(deviation[place]))
        if fit is not None:
            steps[place], shares[place] = fit
            share = shares[place]
            twice = rounded_multiples(
                -reach, reach, int(steps[place]), step, float(bias[place]), float(deviation[place])
            )
            ratios[place] = np.log(np.maximum(share * twice + (1 - share), _LEAST_RATIO))
            ratios[place][reach] = 0
    return FirstCompression(steps, shares, ratios)


def _best_fit(
    found: NDArray[np.float64], once: NDArray[np.float64], second: int, bias: float, deviation: float
) -> tuple[int, float] | None:
    """The first step that explains the histogram best, and the share of twice-compressed blocks; None if none does."""
    reach = found.size // 2
    counted = np.flatnonzero((found > 0) | (once > 0))
    counted = counted[counted != reach]
    if counted.size == 0 or second == 0:
        return None
    target = (found - once)[counted]
    # Both counts have the variance of their size: large values, with few counts, tell steps apart.
    weights = 1 / (found + once)[counted]
    least, best = float(weights @ target**2), None
    for first in range(1, _COARSEST + 1):
        if second % first == 0:
            continue  # Such a first compression leaves no trace.
        change = ((rounded_multiples(-reach, reach, first, second, bias, deviation) - 1) * once)[counted]
        share = _share(target, change, weights)
        error = float(weights @ (target - share * change) ** 2)
        if share > _LEAST_SHARE and error < least:
            least, best = error, (first, max(_share(target, change, np.ones_like(weights)), _SMALLEST_SHARE))
    return best


def _share(target: NDArray[np.float64], change: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """How much of a change gives the target, by weighted least squares; at most 1."""
    return min(float(weights @ (target * change)) / max(float(weights @ change**2), 1e-12), 1.0)


def _count(values: NDArray[np.generic], reach: int) -> NDArray[np.float64]:
    """Histogram of the values ``-reach .. reach``."""
    whole = values.ravel().astype(np.intp)
    inside = whole[np.abs(whole) <= reach]
    return np.bincount(inside + reach, minlength=2 * reach + 1).astype(np.float64)
