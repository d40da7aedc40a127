"""Confidence of a distribution over any answers with a distance between them.

Two answers that nobody needs to tell apart should not count against each other. Both functions gather the
probability of what lies within a tolerance before they ask how much of it there is, or how it is spread
(Panagiotopoulos et al., Leveraging selective prediction for reliable image geolocation, MMM 2022). Answers may
be cells of the Earth with distances in kilometers, or masks with 1 - IoU between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class OutputDistribution:
    """What a model thinks of ``n`` possible answers.

    Attributes:
        probabilities: float64 ``[n]``, 0 and above, their sum 1.
        distances: float64 ``[n, n]`` between the answers, in any unit; 0 on the diagonal, symmetric.
    """

    probabilities: NDArray[np.float64]
    distances: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Checks the shapes and the sum.

        Raises:
            ValueError: They are not a distribution and its distances.
        """
        count = len(self.probabilities)
        if not count or self.distances.shape != (count, count):
            raise ValueError(f"{count} probabilities need distances [{count}, {count}], not {self.distances.shape}")
        if not (np.isfinite(self.probabilities).all() and (self.probabilities >= 0).all()):
            raise ValueError("probabilities must be finite and not negative")
        if abs(float(self.probabilities.sum()) - 1) > 1e-6:
            raise ValueError(f"probabilities must add up to 1, not {self.probabilities.sum():g}")


def max_probability(distribution: OutputDistribution) -> float:
    """The probability of the likeliest answer, 1/n .. 1."""
    return float(distribution.probabilities.max())


def negative_entropy(distribution: OutputDistribution) -> float:
    """Less the entropy in nats, -ln n .. 0: larger is surer."""
    return -_entropy(distribution.probabilities)


def prediction_density(distribution: OutputDistribution, tolerance: float) -> float:
    """Probability of all answers within ``tolerance`` of the likeliest one; the model's own chance to be that near.

    Returns:
        From :func:`max_probability` to 1, never less for a larger tolerance.

    >>> cells = OutputDistribution(np.array([0.5, 0.3, 0.2]), np.abs(np.subtract.outer([0, 10, 1000], [0, 10, 1000])))
    >>> [round(prediction_density(cells, kilometers), 6) for kilometers in (1, 25, 2500)]
    [0.5, 0.8, 1.0]
    """
    best = int(distribution.probabilities.argmax())
    return float(distribution.probabilities[distribution.distances[best] <= tolerance].sum())


def spatial_entropy(distribution: OutputDistribution, tolerance: float) -> float:
    """Entropy in nats once answers within ``tolerance`` of each other are one: 0 is sure.

    The likeliest answer takes in all within the tolerance, the likeliest of the rest does the same, and so on.
    The paper gives no formula that could be reached; this grouping is a reconstruction.

    >>> cells = OutputDistribution(np.array([0.5, 0.3, 0.2]), np.abs(np.subtract.outer([0, 10, 1000], [0, 10, 1000])))
    >>> spatial_entropy(cells, 2500)
    0.0
    >>> round(spatial_entropy(cells, 25), 6)  # -(.8 ln .8 + .2 ln .2)
    0.500402
    """
    left = np.ones(len(distribution.probabilities), dtype=bool)
    masses = []
    for answer in np.argsort(-distribution.probabilities, kind="stable"):
        if left[answer]:
            near = left & (distribution.distances[answer] <= tolerance)
            near[answer] = True
            masses.append(distribution.probabilities[near].sum())
            left &= ~near
    return _entropy(np.array(masses))


def _entropy(masses: NDArray[np.float64]) -> float:
    there = masses[masses > 0]
    return abs(float(-(there * np.log(there)).sum()))
