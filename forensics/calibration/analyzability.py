"""How likely an edit would have been found in a picture, told without asking whether there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from forensics.calibration.facts import Facts, covariates

Array = NDArray[np.float64]

FILE_FEATURES = ("quality", "size", "bytes_per_pixel", "is_jpeg")
SIGNAL_FEATURES = ("usable_signals", "valid_cells", "sharpness", "saturated", "flat")
# The way each of them can only help (1) or hide (-1) an edit; 0 where either may be.
_SIGNS: Mapping[str, int] = MappingProxyType(
    {
        **{"quality": 1, "size": 1, "bytes_per_pixel": 1, "is_jpeg": 0},
        **{"usable_signals": 1, "valid_cells": 1, "sharpness": 0, "saturated": -1, "flat": -1},
    }
)
# Of the weights, as if they were drawn from a normal distribution of this variance.
_VARIANCE = 1.0
# A feature is named as a reason where it lowers the log odds by this much against the average picture.
_WORTH_NAMING = 0.25


@dataclass(frozen=True)
class Analyzability:
    """A logistic model of success from facts, in plain numbers.

    Attributes:
        features: What it reads, of :data:`FILE_FEATURES` and :data:`SIGNAL_FEATURES`; none: one number for all.
        weights: Of each, standardized; none has a sign that makes no sense, such as harder compression that helps.
        intercept: Added to them.
        means: Of each feature in the fit; stands for one that is not known.
        scales: Standard deviations.
        lowest: Smallest value in the fit; a picture's own is moved into that range.
        highest: Largest value.
        found: Edits that were found in the fit.
        n: Edits of the fit.
        sources: Photos behind them.
    """

    features: tuple[str, ...]
    weights: tuple[float, ...]
    intercept: float
    means: tuple[float, ...]
    scales: tuple[float, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    found: int
    n: int
    sources: int

    @classmethod
    def fit(
        cls, facts: Sequence[Facts], found: Sequence[bool], sources: Sequence[str], features: Sequence[str]
    ) -> Analyzability:
        """Fits it by penalized maximum likelihood, the signs held.

        Args:
            facts: Of each forged picture.
            found: Whether the model found its edit.
            sources: The photo that each was made from.
            features: What to read; none gives the share that was found.
        """
        from scipy.optimize import minimize

        truth = np.asarray(found, np.float64)
        table = feature_table(facts, features)
        unknown = np.isnan(table)
        means = np.where(unknown, 0.0, table).sum(axis=0) / np.maximum(1, (~unknown).sum(axis=0))
        table = np.where(unknown, means, table)
        scales = table.std(axis=0)
        scales[scales < 1e-9] = 1.0
        inputs = (table - means) / scales
        start = np.log((truth.sum() + 0.5) / (len(truth) - truth.sum() + 0.5))
        sides = [
            (None, None),
            *((0.0 if _SIGNS[name] > 0 else None, 0.0 if _SIGNS[name] < 0 else None) for name in features),
        ]

        def loss(parameters: Array) -> tuple[float, Array]:
            odds = parameters[0] + inputs @ parameters[1:]
            error = expit(odds) - truth
            cost = np.logaddexp(0, odds).sum() - odds @ truth + (parameters[1:] ** 2).sum() / (2 * _VARIANCE)
            return float(cost), np.concatenate([[error.sum()], error @ inputs + parameters[1:] / _VARIANCE])

        fitted = np.array([start, *np.zeros(len(features))])
        if len(features) and 0 < truth.sum() < len(truth):
            fitted = minimize(loss, fitted, jac=True, bounds=sides, method="L-BFGS-B").x
        return cls(
            features=tuple(features),
            weights=tuple(fitted[1:].tolist()),
            intercept=float(fitted[0]),
            means=tuple(means.tolist()),
            scales=tuple(scales.tolist()),
            lowest=tuple(table.min(axis=0).tolist()),
            highest=tuple(table.max(axis=0).tolist()),
            found=int(truth.sum()),
            n=len(truth),
            sources=len(set(sources)),
        )

    def values(self, facts: Sequence[Facts]) -> Array:
        """Chance 0..1 that the model would find an edit such as those of the fit, one a picture."""
        return np.asarray(expit(self.log_odds(facts)))

    def log_odds(self, facts: Sequence[Facts]) -> Array:
        """The same as natural log odds."""
        return np.asarray(self.intercept + self._effects(facts).sum(axis=1))

    def reasons(self, facts: Facts) -> tuple[str, ...]:
        """What makes the chance lower in this picture than in the average one, the strongest first."""
        effects = dict(zip(self.features, self._effects([facts])[0].tolist(), strict=True))
        lowering = sorted((effect, name) for name, effect in effects.items() if effect <= -_WORTH_NAMING)
        return tuple(_REASONS[name].format(**_spelled(facts)) for _, name in lowering)

    def _effects(self, facts: Sequence[Facts]) -> Array:
        """What each feature adds to the log odds, ``[n, k]``."""
        table = feature_table(facts, self.features)
        known = np.clip(np.where(np.isnan(table), self.means, table), self.lowest, self.highest)
        return np.asarray((known - self.means) / self.scales * self.weights)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Analyzability:
        """The inverse of :meth:`to_json`."""
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
        }
        return cls(**plain)


def feature_table(facts: Sequence[Facts], features: Sequence[str]) -> Array:
    """The features of every picture, ``[n, k]``; NaN where one is not known."""
    return np.array([[_feature(known, name) for name in features] for known in facts], np.float64).reshape(
        len(facts), len(features)
    )


def _feature(facts: Facts, name: str) -> float:
    if name in ("quality", "size"):
        return covariates(facts)[("quality", "size").index(name)]
    value = facts.get(name, np.nan)
    return float(np.log2(value)) if name == "bytes_per_pixel" else value


def _spelled(facts: Facts) -> dict[str, str]:
    """The numbers that the sentences name."""
    share = {name: f"{facts.get(name, 0.0):.0%}" for name in ("usable_signals", "valid_cells", "saturated", "flat")}
    quality = f" near quality {facts['quality']:.0f}" if "quality" in facts else ""
    return {**share, "at_quality": quality, "megapixels": f"{facts.get('megapixels', 0.0):.2g}"}


_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "quality": "Strong compression{at_quality} hides edits.",
        "size": "Small pictures hide edits; this one has {megapixels} megapixels.",
        "bytes_per_pixel": "The file spends few bytes on each pixel, which hides edits.",
        "is_jpeg": "The format of the file makes edits harder to find.",
        "usable_signals": "Only {usable_signals} of the model's signals can read this picture.",
        "valid_cells": "The model's signals can read only {valid_cells} of this picture.",
        "sharpness": "Edits are harder to find in pictures as sharp, or as soft, as this one.",
        "saturated": "Of the picture {saturated} is black or white, where no trace is left.",
        "flat": "Of the picture {flat} shows no detail at all, where few traces are left.",
    }
)
