"""Ferrara et al., "Image forgery localization via fine-grained analysis of CFA artifacts", TIFS 2012, plainly."""

from __future__ import annotations

import math
from statistics import median

import numpy as np
from numpy.typing import NDArray

from signals.evidence import Evidence

RADIUS, BLOCK = 3, 8


def literal(evidence: Evidence) -> NDArray[np.float64]:
    """Median of 5x5 log-likelihood ratios ``[H/8, W/8]`` of a picture of whole, textured blocks that shows traces."""
    green = evidence.pixels[..., 1].astype(float)
    height, width = green.shape

    def sample(y: int, x: int) -> float:
        return float(green[mirrored(y, height), mirrored(x, width)])

    def error(y: int, x: int) -> float:
        return sample(y, x) - (sample(y - 1, x) + sample(y + 1, x) + sample(y, x - 1) + sample(y, x + 1)) / 4

    errors = {(y, x): error(y, x) for y in range(-3, height + 3) for x in range(-3, width + 3)}
    features = np.zeros((height // BLOCK, width // BLOCK))
    for i in range(features.shape[0]):
        for j in range(features.shape[1]):
            logarithms: tuple[list[float], list[float]] = ([], [])
            for y in range(BLOCK * i, BLOCK * (i + 1)):
                for x in range(BLOCK * j, BLOCK * (j + 1)):
                    logarithms[(y + x) % 2].append(math.log(max(0.01, variance(errors, y, x))))
            features[i, j] = (sum(logarithms[0]) - sum(logarithms[1])) / (BLOCK**2 / 2)
    if features.mean() < 0:
        features = -features
    mean, deviation, none = mixture(features.ravel())
    deviation, none = max(deviation, 0.1), min(max(none, 0.1), 0.35)
    ratio = np.zeros(features.shape)
    for place, value in np.ndenumerate(features):
        limited = min(max(value, 0), mean)
        without = -((limited / none) ** 2) / 2 - math.log(none)
        ratio[place] = without + ((limited - mean) / deviation) ** 2 / 2 + math.log(deviation)
    result = np.zeros(ratio.shape)
    for i, j in np.ndindex(*ratio.shape):
        window = [
            ratio[min(max(i + dy, 0), ratio.shape[0] - 1), min(max(j + dx, 0), ratio.shape[1] - 1)]
            for dy in range(-2, 3)
            for dx in range(-2, 3)
        ]
        result[i, j] = median(window)
    return result


def mirrored(place: int, size: int) -> int:
    return -place if place < 0 else 2 * size - 2 - place if place >= size else place


def variance(errors: dict[tuple[int, int], float], y: int, x: int) -> float:
    """Weighted variance over the pixels of the same kind, without bias (equation 5)."""
    weights, values = [], []
    for dy in range(-RADIUS, RADIUS + 1):
        for dx in range(-RADIUS, RADIUS + 1):
            if (dy + dx) % 2 == 0:
                weights.append(math.exp(-(dy**2 + dx**2) / (2 * (RADIUS / 2) ** 2)))
                values.append(errors[y + dy, x + dx])
    total = sum(weights)
    weights = [weight / total for weight in weights]
    mean = sum(weight * value for weight, value in zip(weights, values, strict=True))
    power = sum(weight * value**2 for weight, value in zip(weights, values, strict=True))
    return (power - mean**2) / (1 - sum(weight**2 for weight in weights))


def mixture(features: NDArray[np.float64]) -> tuple[float, float, float]:
    """EM for N(mean, deviation) and N(0, none)."""
    mean, deviation, none, share = float(np.quantile(features, 0.75)), features.std(), features.std(), 0.5
    for _ in range(200):
        traced = share / deviation * np.exp(-(((features - mean) / deviation) ** 2) / 2)
        untraced = (1 - share) / none * np.exp(-((features / none) ** 2) / 2)
        posterior = traced / (traced + untraced)
        before = mean, share
        share = posterior.mean()
        mean = (posterior * features).sum() / posterior.sum()
        deviation = math.sqrt((posterior * (features - mean) ** 2).sum() / posterior.sum())
        none = math.sqrt(((1 - posterior) * features**2).sum() / (1 - posterior).sum())
        if abs(mean - before[0]) < 1e-5 and abs(share - before[1]) < 1e-5:
            break
    return float(mean), float(deviation), float(none)
