"""Aligned double compression. Lin, He, Tang and Tang, Pattern Recognition 42 (2009) 2492-2501 ("ADQ1")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.special import expit

from signals.evidence import Evidence
from signals.luma_blocks import luma_blocks
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

# The first 15 of the zig-zag scan: all with row + column frequency below 5.
_DIAGONALS = 5
FREQUENCIES = tuple((row, column) for row in range(_DIAGONALS) for column in range(_DIAGONALS - row))

# A histogram of fewer values shows periods that are not there.
_LEAST_BLOCKS = 256

# A period is believed if its line is this part of all values and stands out from the weakest line.
_LEAST_PEAK = 1 / 5
_FLATTEST = 0.9


class Adq1(Score):
    """Log-odds that a block was compressed once where the rest of the picture was compressed twice.

    The raw statistic is ``log(p / (1 - p))`` of the paper's posterior probability ``p``: the same order, but values
    close to certainty stay apart. 0 where no frequency shows a period. Of a picture that is no JPEG the rounded block
    DCT is read: one earlier compression takes the part of the first, the rounding of pixels that of the second.
    """

    spec = score_spec("adq1", "1", 8, parameters={"frequencies": len(FREQUENCIES)})
    reads = (
        "Reads the regular gaps and peaks that a second JPEG saving on the same grid leaves in the histograms of DCT "
        "coefficients, and finds the blocks that do not follow them."
    )
    blind_when = (
        "Sees nothing when the picture was compressed only once, when the last saving was much coarser than the one "
        "before or of the same quality, or when the grid was shifted by cropping or resizing."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """Log-odds of the posterior of every block."""
        coefficients = luma_blocks(evidence).coefficients
        known = evidence.decoded_rows // 8 if evidence.decoded_rows < evidence.height else len(coefficients)
        if known * coefficients.shape[1] < _LEAST_BLOCKS:
            raise Unusable(f"The picture holds fewer than {_LEAST_BLOCKS} blocks of 8 x 8 pixels.")
        values = np.zeros(coefficients.shape[:2])
        values[:known] = log_odds(coefficients[:known])
        return Statistic(values, decoded_cells(self.spec, evidence))


def posterior(coefficients: NDArray[np.int16]) -> NDArray[np.float64]:
    """Probability that a block is altered: the naive Bayes posterior of 15 frequencies.

    Args:
        coefficients: int16 ``[h, w, 8, 8]``, quantized luma, row frequency before column frequency.

    Returns:
        float64 ``[h, w]`` in 0..1; .5 everywhere if no frequency shows a period.
    """
    return np.asarray(expit(log_odds(coefficients)))


def log_odds(coefficients: NDArray[np.int16]) -> NDArray[np.float64]:
    """``log(p / (1 - p))`` of :func:`posterior`; float64 ``[h, w]``, natural logarithm."""
    height, width = coefficients.shape[:2]
    total = np.zeros(height * width)
    for row, column in FREQUENCIES:
        plane = coefficients[:, :, row, column].ravel()
        # One value that does not occur on each side, as the histogram of the paper has it.
        index = plane.astype(np.intp) - (int(plane.min()) - 1)
        histogram = np.bincount(index, minlength=int(index.max()) + 2)
        period = find_period(histogram)
        if period > 1:
            total += log_odds_of_values(histogram, period)[index]
    return total.reshape(height, width)


def find_period(histogram: NDArray[np.intp]) -> int:
    """Period of a histogram, from the strongest line of its spectrum.

    Args:
        histogram: Counts of consecutive values, ``[n]``, n > 2, with a zero at each end.

    Returns:
        2..n, or 1 if there is no period.
    """
    spectrum = np.abs(np.fft.fft(histogram))
    # The fall from frequency 0 is the envelope of the histogram, not its period.
    rises = np.flatnonzero(spectrum[:-1] < spectrum[1:])
    valley = min(int(rises[0]) if rises.size else spectrum.size, spectrum.size - 2)
    lines = spectrum[valley : spectrum.size // 2]
    if lines.size == 0:
        return 1
    peak = lines.max()
    if peak < spectrum[0] * _LEAST_PEAK or lines.min() > _FLATTEST * peak:
        return 1
    return round(histogram.size / (valley + int(lines.argmax())))


def log_odds_of_values(histogram: NDArray[np.intp], period: int) -> NDArray[np.float64]:
    """What one coefficient of each value says for an altered block: ``log(P_altered / P_unaltered)``.

    Altered blocks spread evenly over a period; the others follow its histogram.

    Args:
        histogram: Counts of consecutive values, ``[n]``.
        period: 2..n.

    Returns:
        float64 ``[n]``; 0 for values that do not occur.
    """
    place, top = np.arange(histogram.size), int(histogram.argmax())
    # Periods are counted from the highest bin outward and mirrored below it; the outermost are pushed inside.
    start = place - np.fmod(place - top, period)
    first = np.where(start >= top, start, start - period + 1).clip(0, histogram.size - period)
    before = np.concatenate([[0], np.cumsum(histogram)])
    in_period = before[first + period] - before[first]
    occurs = histogram > 0
    odds = in_period / (period * np.maximum(histogram, 1))
    return np.asarray(np.log(odds, out=np.zeros(place.size), where=occurs), dtype=np.float64)


def features(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """The four numbers by which the paper decides whether a picture is altered.

    Args:
        probability: float64 ``[h, w]``, what :func:`posterior` gives; at least 3 x 3.

    Returns:
        float64 ``[4]``: the threshold that parts the blocks best, less its step of .01; the variance of all blocks;
        the sum of the variances within the two classes; the roughness K0 of the border between them. Where all
        blocks fall into one class, the last two are 0 and 1.
    """
    thresholds = np.arange(1, 100) / 100
    whole = float(probability.var())
    within = np.array([_variance_within(probability, threshold) for threshold in thresholds])
    parting = np.divide(whole, within, out=np.zeros_like(within), where=within > 0)
    best = (int(parting.argmax()) + 1) / 100 - 0.01
    altered = probability >= best
    if altered.all() or not altered.any():
        return np.array([best, whole, 0.0, 1.0])
    return np.array([best, whole, _variance_within(probability, best), _roughness(altered)])


def _variance_within(probability: NDArray[np.float64], threshold: float) -> float:
    altered = probability >= threshold
    return sum(float(part.var()) for part in (probability[~altered], probability[altered]) if part.size)


def _roughness(altered: NDArray[np.bool_]) -> float:
    """K0: altered blocks with more than two unaltered neighbors, as a part of all unaltered blocks."""
    inside = median_filter(altered.astype(np.int64), 3, mode="constant")
    outside = median_filter((~altered).astype(np.int64), 3, mode="constant")
    neighbors = outside[:-2, 1:-1] + outside[2:, 1:-1] + outside[1:-1, :-2] + outside[1:-1, 2:]
    rough = np.maximum(neighbors * inside[1:-1, 1:-1] - 2, 0)
    return float(rough.sum() / (~altered).sum())
