"""From scores to probabilities and likelihood ratios, with what is known of the file as covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Calibrator(Protocol):
    """Fitted; plain numbers only, so that it can be stored as JSON."""

    def probability(self, scores: Array, covariates: Array | None = None) -> Array:
        """P(label 1) at the share of label 1 that it was fitted on, ``[n]`` in 0..1."""
        ...

    def log10_likelihood_ratio(self, scores: Array, covariates: Array | None = None) -> Array:
        """Evidence for label 1 against label 0 in powers of ten, ``[n]``, free of any share."""
        ...


@dataclass(frozen=True)
class Platt:
    """Logistic regression of the label on the score's logit and covariates (Platt 1999).

    Attributes:
        weights: Of the standardized inputs: the logit first, then the covariates.
        intercept: Added to them.
        means: Means of the inputs in the fit.
        scales: Their standard deviations.
        prior_log_odds: Natural log odds of label 1 in the fit.
        bound: No log10 likelihood ratio lies beyond +- this: log10 of (pictures of the smaller class + 1), since
            ``n`` pictures cannot show a rate below about one in ``n``.
    """

    weights: tuple[float, ...]
    intercept: float
    means: tuple[float, ...]
    scales: tuple[float, ...]
    prior_log_odds: float
    bound: float

    @classmethod
    def fit(cls, scores: Sequence[float] | Array, labels: Sequence[int], covariates: Array | None = None) -> Platt:
        """Fits by penalized maximum likelihood.

        Args:
            scores: 0..1, one a picture.
            labels: 0 or 1, both present.
            covariates: ``[n, k]``, such as the quality of the compression and the log of the size.

        Raises:
            ValueError: One of the labels is missing.
        """
        from sklearn.linear_model import LogisticRegression

        y = np.asarray(labels, np.int64)
        positives = int(y.sum())
        if positives in (0, len(y)):
            raise ValueError("a calibration needs pictures of both labels")
        inputs = _inputs(np.asarray(scores, np.float64), covariates)
        means, scales = inputs.mean(axis=0), inputs.std(axis=0)
        scales[scales < 1e-9] = 1.0
        fitted = LogisticRegression(C=100.0, max_iter=1000).fit((inputs - means) / scales, y)
        return cls(
            weights=tuple(float(weight) for weight in fitted.coef_[0]),
            intercept=float(fitted.intercept_[0]),
            means=tuple(float(mean) for mean in means),
            scales=tuple(float(scale) for scale in scales),
            prior_log_odds=float(np.log(positives / (len(y) - positives))),
            bound=float(np.log10(min(positives, len(y) - positives) + 1)),
        )

    def log_odds(self, scores: Array, covariates: Array | None = None) -> Array:
        """Natural log odds of label 1, ``[n]``, not bounded."""
        inputs = _inputs(np.asarray(scores, np.float64), covariates)
        if inputs.shape[1] != len(self.weights):
            raise ValueError(f"fitted with {len(self.weights) - 1} covariates, asked with {inputs.shape[1] - 1}")
        return np.asarray((inputs - self.means) / self.scales @ np.array(self.weights) + self.intercept)

    def probability(self, scores: Array, covariates: Array | None = None) -> Array:
        """P(label 1) at the share of label 1 in the fit."""
        return _sigmoid(self.log10_likelihood_ratio(scores, covariates) * np.log(10) + self.prior_log_odds)

    def log10_likelihood_ratio(self, scores: Array, covariates: Array | None = None) -> Array:
        """Posterior log odds less prior log odds, in powers of ten, within ``bound``."""
        ratio = (self.log_odds(scores, covariates) - self.prior_log_odds) / np.log(10)
        return np.asarray(np.clip(ratio, -self.bound, self.bound))


@dataclass(frozen=True)
class Isotonic:
    """A monotone step function of what :class:`Platt` makes of score and covariates (Zadrozny and Elkan 2002).

    Attributes:
        platt: Joins score and covariates into one number first.
        edges: Rising log odds at which the fit has a value; between them it is linear.
        levels: P(label 1) there, rising.
    """

    platt: Platt
    edges: tuple[float, ...]
    levels: tuple[float, ...]

    @classmethod
    def fit(cls, scores: Sequence[float] | Array, labels: Sequence[int], covariates: Array | None = None) -> Isotonic:
        """Fits both; see :meth:`Platt.fit`."""
        from sklearn.isotonic import IsotonicRegression

        platt = Platt.fit(scores, labels, covariates)
        odds = platt.log_odds(np.asarray(scores, np.float64), covariates)
        fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(odds, np.asarray(labels))
        return cls(platt, tuple(map(float, fitted.X_thresholds_)), tuple(map(float, fitted.y_thresholds_)))

    def probability(self, scores: Array, covariates: Array | None = None) -> Array:
        """P(label 1) at the share of label 1 in the fit; never nearer to 0 or 1 than the bound of the ratio."""
        return _sigmoid(self.log10_likelihood_ratio(scores, covariates) * np.log(10) + self.platt.prior_log_odds)

    def log10_likelihood_ratio(self, scores: Array, covariates: Array | None = None) -> Array:
        """Posterior log odds less prior log odds, in powers of ten, within the bound of ``platt``."""
        odds = self.platt.log_odds(np.asarray(scores, np.float64), covariates)
        level = np.interp(odds, self.edges, self.levels)
        with np.errstate(divide="ignore"):
            ratio = (np.log(level) - np.log1p(-level) - self.platt.prior_log_odds) / np.log(10)
        return np.asarray(np.clip(ratio, -self.platt.bound, self.platt.bound))


def _inputs(scores: Array, covariates: Array | None) -> Array:
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("scores must lie in 0..1")
    clipped = np.clip(scores, 1e-6, 1 - 1e-6)
    logits = (np.log(clipped) - np.log1p(-clipped))[:, None]
    return logits if covariates is None else np.hstack([logits, np.asarray(covariates, np.float64)])


def _sigmoid(log_odds: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0, -log_odds)))
