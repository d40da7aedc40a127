"""How many times more common a score is among forgeries than among pristine pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forensics.calibration.calibrators import Platt
from forensics.calibration.facts import Facts, covariates

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LikelihoodRatio:
    """A bounded log10 likelihood ratio with what it was fitted on.

    Attributes:
        platt: From score, quality and size; its bound is that of the sources: ``n`` photos cannot show a rate below
            about one in ``n``, however many pictures were made of them.
        lowest: Of the covariates in the fit; those of a picture are moved into that range.
        highest: Likewise.
        sources: Photos behind it.
        forged: Forgeries.
        pristine: Pictures without an edit.
    """

    platt: Platt
    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    sources: int
    forged: int
    pristine: int

    @classmethod
    def fit(
        cls, scores: ArrayLike, labels: Sequence[int], facts: Sequence[Facts], sources: Sequence[str]
    ) -> LikelihoodRatio:
        """Fits it; see :meth:`Platt.fit`.

        Args:
            scores: 0..1, one a picture.
            labels: 1 forged, 0 pristine; both present.
            facts: Of each picture, see :func:`covariates`.
            sources: The photo that each was made from.
        """
        told = covariates_table(facts)
        platt = Platt.fit(np.asarray(scores, np.float64), labels, told)
        count = len(set(sources))
        return cls(
            platt=replace(platt, bound=float(np.log10(count + 1))),
            lowest=tuple(told.min(axis=0).tolist()),
            highest=tuple(told.max(axis=0).tolist()),
            sources=count,
            forged=int(np.sum(labels)),
            pristine=len(labels) - int(np.sum(labels)),
        )

    @property
    def bound(self) -> float:
        """No ratio lies beyond +- this power of ten."""
        return self.platt.bound

    def log10(self, scores: ArrayLike, facts: Sequence[Facts]) -> Array:
        """The ratios of pictures with these scores (0..1) and facts, in powers of ten."""
        told = np.clip(covariates_table(facts), self.lowest, self.highest)
        return self.platt.log10_likelihood_ratio(np.asarray(scores, np.float64), told)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> LikelihoodRatio:
        """The inverse of :meth:`to_json`."""
        platt: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields["platt"].items()
        }
        ends = {name: tuple(fields[name]) for name in ("lowest", "highest")}
        return cls(**{**fields, **ends, "platt": Platt(**platt)})


def covariates_table(facts: Sequence[Facts]) -> Array:
    """The covariates of every picture, ``[n, 2]``."""
    return np.array([covariates(known) for known in facts], np.float64).reshape(-1, 2)
