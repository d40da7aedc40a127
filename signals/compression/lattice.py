"""Values that lie near the multiples of a quantization step: how likely they are, and which step fits best.

The model of Bianchi and Piva, IEEE TIFS 7 (2012) 1003-1017, for blocks that were quantized on another grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

STEPS = tuple(range(3, 31))
SPREADS = (0.5, 0.8, 1.2, 1.8, 2.7, 4.0)
_SHARES = (0.03, 0.06, 0.1, 0.15, 0.22, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97)
# A wider spread blurs neighboring multiples into each other.
_WIDEST = 0.45


@dataclass(frozen=True)
class Lattice:
    """A step, and how closely values keep to it.

    Attributes:
        step: Distance of the multiples, one of :data:`STEPS`.
        spread: Standard deviation of the values around them, in the same units.
        share: Part of the values that keep to the lattice, in 0..1; the others lie anywhere.
        gain: Logarithm of how much likelier all values are by this lattice than by none.
    """

    step: int
    spread: float
    share: float
    gain: float


def rounded_multiples(low: int, high: int, first: int, second: int, bias: float, spread: float) -> NDArray[np.float64]:
    """How many multiples of one step fall into each bin of another, against the mean of all bins.

    Every multiple is spread by a normal error ``e``:
    ``first / second * sum_k P(second (x - 1/2) < k first + e < second (x + 1/2))``.

    Args:
        low: Smallest value x.
        high: Largest value x.
        first: Step of the multiples, 1 or more.
        second: Width of the bins, 1 or more; bin x is centered on ``x second``.
        bias: Mean of the error.
        spread: Standard deviation of the error, above 0.

    Returns:
        float64 ``[high - low + 1]``; 1 in the mean.
    """
    edges = (second * (np.arange(low, high + 2) - 0.5) - bias) / first
    nearest = np.rint(edges)
    # How many multiples lie below each edge, from the five nearest; those further away are surely on their side.
    near = nearest[:, None] + np.arange(-2, 3)
    below = nearest + ndtr((edges[:, None] - near) * (first / spread)).sum(axis=1)
    return np.asarray(first / second * np.diff(below), dtype=np.float64)


def fit_lattices(
    histogram: NDArray[np.integer], step: int, *, beyond_first: bool, spreads: tuple[float, ...] = SPREADS
) -> list[Lattice]:
    """The likeliest lattice of a given step, for each of several histograms.

    Args:
        histogram: Counts of the values ``-n .. n``, ``[m, 2 n + 1]``.
        step: One of :data:`STEPS`.
        beyond_first: Leave out the values nearest to 0: AC coefficients crowd there with and without a lattice.
        spreads: The spreads that are tried; none wider than .45 steps is.

    Returns:
        m lattices; of gain 0 where none is likelier than no lattice.
    """
    reach = histogram.shape[1] // 2
    values = np.arange(-reach, reach + 1)
    counted = histogram * (2 * np.abs(values) >= step) if beyond_first else histogram
    lead, tail = -reach % step, -(reach + 1) % step
    folded = np.pad(counted, ((0, 0), (lead, tail))).reshape(len(histogram), -1, step).sum(axis=1)
    kinds, logarithms = _mixtures(step, spreads)
    likelihoods = folded @ logarithms.T
    best = likelihoods.argmax(axis=1)
    lattices = []
    for row, kind in enumerate(best.tolist()):
        spread, share = kinds[kind]
        lattices.append(Lattice(step, spread, share, max(float(likelihoods[row, kind]), 0.0)))
    return lattices


@cache
def _mixtures(step: int, spreads: tuple[float, ...]) -> tuple[list[tuple[float, float]], NDArray[np.float64]]:
    """Spread and share of every mixture that is tried, and its log-likelihood ratio for the remainders 0 .. step-1."""
    kinds, logarithms = [], []
    for spread in spreads:
        if spread <= _WIDEST * step:
            ratio = rounded_multiples(0, step - 1, step, 1, 0.0, spread)
            for share in _SHARES:
                kinds.append((spread, share))
                logarithms.append(np.log(share * ratio + (1 - share)))
    return kinds, np.array(logarithms)
