"""Draws from a recipe's weights and ranges."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def choice(random: np.random.Generator, weights: Mapping[str, float]) -> str:
    """One key, as likely as its weight."""
    names = list(weights)
    shares = np.array([weights[name] for name in names], dtype=np.float64)
    return names[int(random.choice(len(names), p=shares / shares.sum()))]


def chance(random: np.random.Generator, probability: float) -> bool:
    """True with the given probability."""
    return bool(random.random() < probability)


def uniform(random: np.random.Generator, bounds: tuple[float, float]) -> float:
    """Uniform in the range."""
    return float(random.uniform(*bounds))


def log_uniform(random: np.random.Generator, bounds: tuple[float, float]) -> float:
    """Log-uniform in the range."""
    return float(np.exp(random.uniform(np.log(bounds[0]), np.log(bounds[1]))))


def integer(random: np.random.Generator, low: int, high: int) -> int:
    """Uniform integer, both ends included."""
    return int(random.integers(low, high + 1))
