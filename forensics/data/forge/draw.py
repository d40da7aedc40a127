"""Draws from a recipe's weights and ranges, the same on every machine.

Every float is rounded to six significant digits: the last bits of a logarithm differ between machines.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

LARGEST_SEED = 2**31 - 1
_DIGITS = 6


def rounded(value: float) -> float:
    """The value with six significant digits, as histories keep it."""
    return float(f"{value:.{_DIGITS}g}")


def choice(random: np.random.Generator, weights: Mapping[str, float]) -> str:
    """One key, as likely as its weight."""
    names = list(weights)
    shares = np.array([weights[name] for name in names], dtype=np.float64)
    return names[int(random.choice(len(names), p=shares / shares.sum()))]


def chance(random: np.random.Generator, probability: float) -> bool:
    """True with the given probability."""
    return bool(random.random() < probability)


def uniform(random: np.random.Generator, bounds: tuple[float, float]) -> float:
    """Uniform in the range, six significant digits."""
    return rounded(random.uniform(*bounds))


def log_uniform(random: np.random.Generator, bounds: tuple[float, float]) -> float:
    """Log-uniform in the range, six significant digits."""
    return rounded(np.exp(random.uniform(np.log(bounds[0]), np.log(bounds[1]))))


def integer(random: np.random.Generator, low: int, high: int) -> int:
    """Uniform integer, both ends included."""
    return int(random.integers(low, high + 1))


def draw_seed(random: np.random.Generator) -> int:
    """A seed for what is random while a step is rendered: 0..2**31 - 1."""
    return integer(random, 0, LARGEST_SEED)
