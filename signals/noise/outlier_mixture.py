"""One Gaussian that most samples follow, beside a uniform class of outliers, fitted by EM.

Cozzolino, Poggi and Verdoliva, "Splicebuster: a new blind image splicing detector", WIFS 2015: the
pristine part of a picture is the Gaussian, what was pasted is left to the outliers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Minus the logarithm of the density of the outliers, and their share of the samples before the first iteration.
_OUTLIER_COST = 42.0
_OUTLIER_SHARE = 0.01
_LEAST_SHARE, _MOST_SHARE = 1e-9, 1 - 1e-3
# Of 60 starts on two pictures with a pasted part, about one in four reached the best likelihood.
_RESTARTS, _ITERATIONS, _TOLERANCE = 16, 100, 1e-5
# Added to the diagonal of a covariance of about 1, so that it cannot collapse onto a few samples.
_RIDGE = 1e-6
_START_SAMPLES, _POLISH_SAMPLES, _POLISH_ITERATIONS = 1500, 40_000, 20
# Eigenvalues below this part of the largest carry rounding errors, not noise of the picture.
_SMALLEST = 1e-9

Samples = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A Gaussian of D dimensions.

    Attributes:
        mean: ``[D]``.
        covariance: ``[D, D]``, positive definite.
    """

    mean: Samples
    covariance: Samples

    def squared_distance(self, samples: Samples) -> Samples:
        """Squared Mahalanobis distance ``[N]`` of samples ``[N, D]`` to the mean."""
        inverse = np.linalg.inv(np.linalg.cholesky(self.covariance))
        return np.asarray(np.square((samples - self.mean) @ inverse.T).sum(axis=1))

    def log_density(self, samples: Samples) -> Samples:
        """Natural logarithm ``[N]`` of the density at samples ``[N, D]``."""
        _, log_determinant = np.linalg.slogdet(2 * np.pi * self.covariance)
        return np.asarray(-(self.squared_distance(samples) + log_determinant) / 2)


def whitening(samples: Samples, components: int) -> Samples:
    """The matrix ``[C, D]`` that takes samples ``[N, D]`` to their C strongest components, each of variance 1.

    C is ``components``, or fewer where the samples do not vary in so many directions. The mean is not removed.
    """
    covariance = np.cov(samples, rowvar=False, bias=True)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1][:components], vectors[:, ::-1][:, :components]
    kept = values > max(_SMALLEST * values[0], np.finfo(np.float64).tiny)
    return np.asarray((vectors[:, kept] / np.sqrt(values[kept])).T)


def fit(samples: Samples, seed: int = 0) -> Gaussian:
    """The Gaussian of most samples: the best of 16 starts on 1500 of them, then refined on all, at most 40,000.

    Args:
        samples: ``[N, D]``, N well above D, on a scale on which their variance is about 1.
        seed: Chooses the samples at which EM starts; the same seed gives the same Gaussian.
    """
    random = np.random.default_rng(seed)
    some = _some(samples, _START_SAMPLES, random)
    spread = np.diag(np.maximum(some.var(axis=0), _RIDGE))
    best, best_likelihood = _Fit(Gaussian(some.mean(axis=0), spread), _OUTLIER_SHARE), -np.inf
    for start in random.choice(len(some), min(_RESTARTS, len(some)), replace=False):
        found, likelihood = _climb(_Fit(Gaussian(some[start], spread), _OUTLIER_SHARE), some, _ITERATIONS)
        if likelihood > best_likelihood:
            best, best_likelihood = found, likelihood
    return _climb(best, _some(samples, _POLISH_SAMPLES, random), _POLISH_ITERATIONS)[0].gaussian


@dataclass(frozen=True, eq=False)
class _Fit:
    gaussian: Gaussian
    outliers: float


def _some(samples: Samples, most: int, random: np.random.Generator) -> Samples:
    if len(samples) <= most:
        return samples
    return samples[np.sort(random.choice(len(samples), most, replace=False))]


def _climb(fit: _Fit, samples: Samples, iterations: int) -> tuple[_Fit, float]:
    """EM from a start; what it ends at and the log-likelihood of that, -inf if it came to hold too few samples."""
    dimensions, likelihood = samples.shape[1], -np.inf
    for _ in range(iterations):
        inlying = np.log1p(-fit.outliers) + fit.gaussian.log_density(samples)
        total = np.logaddexp(inlying, np.log(fit.outliers) - _OUTLIER_COST)
        before, likelihood = likelihood, float(total.sum())
        if 0 <= likelihood - before < _TOLERANCE * abs(likelihood):
            break
        weight = np.exp(inlying - total)
        amount = float(weight.sum())
        if amount < 2 * dimensions:
            return fit, -np.inf
        mean = weight @ samples / amount
        centered = samples - mean
        covariance = (centered * weight[:, None]).T @ centered / amount + _RIDGE * np.eye(dimensions)
        share = min(max(1 - amount / len(samples), _LEAST_SHARE), _MOST_SHARE)
        fit = _Fit(Gaussian(mean, covariance), share)
    return fit, likelihood
