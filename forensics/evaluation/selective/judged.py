"""Answers that were scored, as a result file of ``tracefuse evaluate`` holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forensics.calibration.facts import covariates

Array = NDArray[np.float64]


@dataclass(frozen=True)
class JudgedPicture:
    """One picture with the truth about the answer.

    Attributes:
        source: Pictures of one source are never parted by a fold or a resample.
        label: 1 forged, 0 authentic.
        score: 0..1, 0.5 and above was called changed; None without one.
        f1: Pixel F1 of a forged picture, 0 where its map failed; None for authentic ones.
        marked: Share of the pixels that the map marks.
        confidences: By the name of the confidence function; larger is surer.
        facts: Of the file alone, such as the quality of its compression; NaN where it has none.
    """

    source: str
    label: int
    score: float | None
    f1: float | None
    marked: float
    confidences: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def detection_loss(self) -> float | None:
        """1 where the score is on the wrong side of 0.5, else 0; None without a score."""
        return None if self.score is None else float((self.score >= 0.5) != (self.label == 1))

    @property
    def localization_loss(self) -> float:
        """1 - F1 of a forged picture, the share of an authentic one that is marked; 0..1."""
        return self.marked if self.f1 is None else 1 - self.f1


def facts_table(pictures: Sequence[JudgedPicture]) -> Array:
    """What the files say, one row a picture and one column a fact that any of them has."""
    names = sorted({name for picture in pictures for name in picture.facts})
    return np.array([[picture.facts.get(name, np.nan) for name in names] for picture in pictures], np.float64)


def covariates_table(pictures: Sequence[JudgedPicture]) -> Array:
    """Quality of the compression in hundredths (1 for files without one) and log2 of the megapixels, ``[n, 2]``."""
    return np.array([covariates(picture.facts) for picture in pictures], np.float64).reshape(-1, 2)
