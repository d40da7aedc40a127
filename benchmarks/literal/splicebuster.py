"""Splicebuster (Cozzolino et al., WIFS 2015, sections 2 and 3), written plainly: 16 starts of EM on all windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence

CELL, WINDOW, COMPONENTS = 8, 16, 25
OUTLIER_COST, STARTS, ITERATIONS, LAST_ITERATIONS = 42.0, 16, 100, 20


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """Squared Mahalanobis distance ``[ceil(H/8), ceil(W/8)]``; for pictures without clipped areas."""
    thousandths = evidence.pixels.astype(np.int64) @ np.array([299, 587, 114])
    rows, columns = (evidence.height - 8) // CELL, (evidence.width - 8) // CELL
    number = class_numbers()
    levels = [
        {
            (y, x): level(thousandths, y, x, axis)
            for y in range(2, evidence.height - 2)
            for x in range(2, evidence.width - 2)
        }
        for axis in (0, 1)
    ]
    cells = np.zeros((rows, columns, 50))
    for i in range(rows):
        for j in range(columns):
            for y in range(4 + CELL * i, 12 + CELL * i):
                for x in range(4 + CELL * j, 12 + CELL * j):
                    for along in (0, 1):
                        for residual_axis in (0, 1):
                            run_axis = residual_axis if along else 1 - residual_axis
                            code = pattern(levels[residual_axis], y, x, run_axis)
                            cells[i, j, 25 * along + number[code]] += 1
    features = np.array(
        [
            [histogram(cells[i : i + WINDOW, j : j + WINDOW]) for j in range(columns - WINDOW + 1)]
            for i in range(rows - WINDOW + 1)
        ]
    )
    samples = features.reshape(-1, 50)
    values, vectors = np.linalg.eigh(np.cov(samples.T, bias=True))
    order = np.argsort(values)[::-1][: min(COMPONENTS, len(samples) // 10)]
    whitened = samples @ (vectors[:, order] / np.sqrt(values[order]))
    distances = expectation_maximization(whitened).reshape(features.shape[:2])
    result = np.zeros((-(-evidence.height // CELL), -(-evidence.width // CELL)))
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            window = min(max(i - 8, 0), distances.shape[0] - 1), min(max(j - 8, 0), distances.shape[1] - 1)
            result[i, j] = distances[window]
    return result


def level(thousandths: NDArray[np.int64], y: int, x: int, axis: int) -> int:
    """Equation 1, quantized to 0, 1, 2."""
    dy, dx = (1, 0) if axis == 0 else (0, 1)
    before, here, after, next_after = (int(thousandths[y + k * dy, x + k * dx]) for k in (-1, 0, 1, 2))
    residual = (before - 3 * here + 3 * after - next_after) / 1000
    step = 255 * 3 * 2 / 256
    code = int(abs(residual) / step + 0.5)
    return 1 + min(code, 1) * (1 if residual > 0 else -1)


def pattern(levels: dict[tuple[int, int], int], y: int, x: int, run_axis: int) -> int:
    """The code of four neighboring levels, the third of which lies at the pixel."""
    dy, dx = (1, 0) if run_axis == 0 else (0, 1)
    return sum(levels[y + k * dy, x + k * dx] * 3 ** (k + 2) for k in (-2, -1, 0, 1))


def class_numbers() -> list[int]:
    """Class 0..24 of each code 0..80: reversed and negated patterns are one class."""
    least = []
    for code in range(81):
        digits = [code // 3**i % 3 for i in range(4)]
        images = [digits, digits[::-1], [2 - d for d in digits], [2 - d for d in digits[::-1]]]
        least.append(min(sum(d * 3**i for i, d in enumerate(image)) for image in images))
    return [sorted(set(least)).index(code) for code in least]


def histogram(window: NDArray[np.float64]) -> NDArray[np.float64]:
    total = window.sum(axis=(0, 1))
    return np.sqrt(2 * total / total[:25].sum())


def expectation_maximization(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances under the best of 16 fits of one Gaussian and a uniform class of outliers, fitted once more."""
    random = np.random.default_rng(0)
    fits = []
    for start in random.choice(len(samples), STARTS, replace=False):
        fits.append(climb(samples, samples[start], np.diag(samples.var(axis=0)), 0.01, ITERATIONS))
    _, mean, covariance, share = max(fits, key=lambda fit: fit[0])
    _, mean, covariance, _ = climb(samples, mean, covariance, share, LAST_ITERATIONS)
    difference = samples - mean
    return (difference @ np.linalg.inv(covariance) * difference).sum(axis=1)


def climb(
    samples: NDArray[np.float64],
    mean: NDArray[np.float64],
    covariance: NDArray[np.float64],
    share: float,
    iterations: int,
) -> tuple[float, NDArray[np.float64], NDArray[np.float64], float]:
    """EM from a start: log-likelihood, mean, covariance and share of outliers."""
    likelihood = -np.inf
    for _ in range(iterations):
        difference = samples - mean
        distance = (difference @ np.linalg.inv(covariance) * difference).sum(axis=1)
        normalization = np.linalg.slogdet(2 * np.pi * covariance)[1]
        gaussian = (1 - share) * np.exp(-(distance + normalization) / 2)
        outlying = share * np.exp(-OUTLIER_COST)
        previous, likelihood = likelihood, float(np.log(gaussian + outlying).sum())
        if 0 <= likelihood - previous < 1e-5 * abs(likelihood):
            break
        weight = gaussian / (gaussian + outlying)
        if weight.sum() < 2 * samples.shape[1]:
            return -np.inf, mean, covariance, share
        mean = (weight[:, None] * samples).sum(axis=0) / weight.sum()
        centered = samples - mean
        covariance = (weight[:, None] * centered).T @ centered / weight.sum() + 1e-6 * np.eye(samples.shape[1])
        share = float(np.clip(1 - weight.mean(), 1e-9, 1 - 1e-3))
    return likelihood, mean, covariance, share
