"""Blocks in which measured and interpolated samples of green cannot be told apart.

Ferrara, Bianchi, De Rosa and Piva, "Image forgery localization via fine-grained analysis of CFA artifacts", TIFS 2012.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence
from signals.score import Score, Statistic, score_spec
from signals.signal import Unusable
from signals.validity import decoded_cells

BLOCK = 8
# Half of the window of the local variance, whose weights fall off as a Gaussian of half that deviation.
_RADIUS = 3
_MARGIN = _RADIUS + 1
_MIN_SIZE = 16
# Variance that rounding to whole grey levels leaves; below it an area is flat.
_LEAST_VARIANCE = 0.01
_MEDIAN = 5
_STRIP_BLOCKS = 32
_ITERATIONS = 200
# Mean feature, also in standard errors, below which a picture is taken to show no trace.
_LEAST_TRACE, _LEAST_SIGNIFICANCE = 0.05, 5.0
# Of blocks of photos without traces.
_LEAST_DEVIATION, _MOST_DEVIATION = 0.1, 0.35

Array = NDArray[np.float32]


class CfaFerrara(Score):
    """How much likelier each block of 8x8 pixels is without traces of color interpolation than with them.

    A camera measures green at every other pixel, in a checkerboard, and interpolates the rest, which are then
    predicted better from their neighbors. Where both halves of the checkerboard are predicted alike, the picture was
    changed, if the rest of it does show the difference.
    """

    spec = score_spec("cfa_ferrara", "1", BLOCK, parameters={"radius": _RADIUS, "median": _MEDIAN})
    reads = (
        "Reads in each 8x8 block whether every other green sample was interpolated, as by a camera's color filter "
        "array, and marks blocks without that trace in pictures that otherwise show it."
    )
    blind_when = (
        "Sees nothing in pictures that were made smaller or whose JPEG compression took the trace away, as in "
        "most photos below about quality 95; smooth and clipped areas lose it first."
    )

    def measure(self, evidence: Evidence) -> Statistic:
        """Log-likelihood ratio, median of 5x5 blocks; 0 everywhere in a picture that shows no trace at all."""
        if min(evidence.height, evidence.width) < _MIN_SIZE:
            raise Unusable(f"The picture is smaller than {_MIN_SIZE} x {_MIN_SIZE} pixels.")
        features, readable = green_features(evidence.pixels)
        valid = readable & decoded_cells(self.spec, evidence, reach=_MARGIN)
        if not valid.any():
            raise Unusable("The picture is flat: green is the same everywhere.")
        ratio: Array = np.zeros(features.shape, dtype=np.float32)
        mean = float(features[valid].mean())
        # Green may be measured on either half of the checkerboard.
        oriented = features * np.float32(np.sign(mean))
        noise = float(features[valid].std()) / np.sqrt(np.count_nonzero(valid))
        if abs(mean) > max(_LEAST_TRACE, _LEAST_SIGNIFICANCE * noise):
            traces = fit_traces(oriented[valid].astype(np.float64))
            ratio[valid] = traces.altered(oriented[valid].astype(np.float64))
            ratio = np.asarray(cv2.medianBlur(ratio, _MEDIAN), dtype=np.float32)
        return Statistic(ratio, valid)


@dataclass(frozen=True)
class Traces:
    """Two Gaussians that together describe the features of a picture.

    Attributes:
        mean: Mean of the feature where there are traces of interpolation; above 0.
        deviation: Its standard deviation there.
        none: Its standard deviation where there are none; its mean is 0 there.
        share: Part of the blocks with traces.
    """

    mean: float
    deviation: float
    none: float
    share: float

    def log_likelihood_ratio(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of how much likelier each feature is without traces than with them."""
        without = -((features / self.none) ** 2) / 2 - np.log(self.none)
        with_traces = -(((features - self.mean) / self.deviation) ** 2) / 2 - np.log(self.deviation)
        return np.asarray(without - with_traces)

    def altered(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same, falling all the way from no trace to a full one.

        Without the limits, the wider of the two Gaussians would claim the features beyond both means: blocks with
        uncommonly strong traces, or with those of the other half of the checkerboard, as pasted parts can have.
        """
        none = float(np.clip(self.none, _LEAST_DEVIATION, _MOST_DEVIATION))
        limited = Traces(self.mean, max(self.deviation, _LEAST_DEVIATION), none, self.share)
        return limited.log_likelihood_ratio(np.clip(features, 0, self.mean))


def green_features(pixels: NDArray[np.uint8]) -> tuple[Array, NDArray[np.bool_]]:
    """How much more the prediction of green errs on one half of the checkerboard than on the other.

    Args:
        pixels: uint8 ``[H, W, 3]`` RGB, at least 16x16.

    Returns:
        float32 ``[ceil(H/8), ceil(W/8)]``: logarithm of the geometric mean of the local variance of the error on the
        pixels of even ``y + x`` over that on the others; and bool of the same shape, False in flat blocks and
        in incomplete ones.
    """
    height, width = pixels.shape[:2]
    rows, columns = height // BLOCK, width // BLOCK
    features = np.zeros((-(-height // BLOCK), -(-width // BLOCK)), dtype=np.float32)
    readable = np.zeros(features.shape, dtype=np.bool_)
    green = np.pad(pixels[..., 1], _MARGIN, mode="reflect")
    sign = np.where(np.indices((BLOCK, BLOCK)).sum(axis=0) % 2 == 0, 1, -1).astype(np.float32) / (BLOCK**2 / 2)
    for top in range(0, rows, _STRIP_BLOCKS):
        bottom = min(top + _STRIP_BLOCKS, rows)
        variance = local_variance(green[top * BLOCK : bottom * BLOCK + 2 * _MARGIN].astype(np.float32))
        blocks = variance[:, : columns * BLOCK].reshape(bottom - top, BLOCK, columns, BLOCK)
        flat = (blocks < _LEAST_VARIANCE).mean(axis=(1, 3), dtype=np.float32)
        # A pixel whose neighborhood happens to be predicted without error must not outweigh its block.
        logarithms = np.log(np.maximum(blocks, _LEAST_VARIANCE))
        features[top:bottom, :columns] = np.einsum("iyjx,yx->ij", logarithms, sign)
        readable[top:bottom, :columns] = flat < 1
    return features, readable


def local_variance(green: Array) -> Array:
    """Weighted variance of the prediction error around each pixel, over pixels of the same half of the checkerboard.

    Args:
        green: float32 ``[H + 8, W + 8]``: the samples with a margin of 4.

    Returns:
        float32 ``[H, W]``, in squared grey levels, 0 and up.
    """
    predictor = np.array([[0, 0.25, 0], [0.25, 0, 0.25], [0, 0.25, 0]], dtype=np.float32)
    errors = green - cv2.filter2D(green, cv2.CV_32F, predictor)
    weights = _weights()
    mean = cv2.filter2D(errors, cv2.CV_32F, weights)
    power = cv2.filter2D(errors * errors, cv2.CV_32F, weights)
    variance = (power - mean * mean) / np.float32(1 - np.square(weights).sum())
    return np.asarray(np.maximum(variance, 0)[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN])


def _weights() -> Array:
    """float32 ``[7, 7]``, 0 on the other half of the checkerboard, sum 1."""
    y, x = np.mgrid[-_RADIUS : _RADIUS + 1, -_RADIUS : _RADIUS + 1]
    weights = np.exp(-(y**2 + x**2) / (2 * (_RADIUS / 2) ** 2)) * ((y + x) % 2 == 0)
    return np.asarray(weights / weights.sum(), dtype=np.float32)


def fit_traces(features: NDArray[np.float64]) -> Traces:
    """EM for a Gaussian of mean 0 and one of positive mean.

    Args:
        features: ``[N]``, positive where there are traces.
    """
    spread = max(float(features.std()), 1e-3)
    found = Traces(max(float(np.quantile(features, 0.75)), 1e-3), spread, spread, 0.5)
    for _ in range(_ITERATIONS):
        odds = found.log_likelihood_ratio(features) + np.log((1 - found.share) / found.share)
        traced = 1 / (1 + np.exp(np.clip(odds, -500, 500)))
        share = float(np.clip(traced.mean(), 1e-3, 1 - 1e-3))
        mean = max(float((traced * features).sum() / max(traced.sum(), 1e-9)), 1e-3)
        deviation = np.sqrt((traced * (features - mean) ** 2).sum() / max(traced.sum(), 1e-9))
        none = np.sqrt(((1 - traced) * features**2).sum() / max((1 - traced).sum(), 1e-9))
        before, found = found, Traces(mean, max(float(deviation), 1e-2), max(float(none), 1e-2), share)
        if abs(found.mean - before.mean) < 1e-5 and abs(found.share - before.share) < 1e-5:
            break
    return found
