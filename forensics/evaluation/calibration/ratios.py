"""Likelihood ratios of generated forgeries and their twins, judged on photos that they were not fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from forensics.calibration.likelihood import LikelihoodRatio
from forensics.evaluation.calibration.false_alarms import logits
from forensics.evaluation.calibration.measuring import Measured
from forensics.evaluation.selective.calibration import cllr, smallest_cllr

FOLDS = 5


@dataclass(frozen=True)
class RatioQuality:
    """What the ratios cost on photos that they were not fitted on.

    Attributes:
        cllr: In bits; 1 is what a ratio of one everywhere gets.
        smallest_cllr: What their order alone costs.
        kept: Whether they tell anything: a Cllr below 1, and a score that rises with forgery.
    """

    cllr: float
    smallest_cllr: float
    kept: bool


def fit_ratios(pictures: Sequence[Measured]) -> LikelihoodRatio:
    """Fits them to forgeries and twins."""
    return LikelihoodRatio.fit(
        expit(logits(pictures)),
        [picture.label for picture in pictures],
        [picture.facts for picture in pictures],
        [picture.source for picture in pictures],
    )


def judge_ratios(pictures: Sequence[Measured], fitted: LikelihoodRatio) -> RatioQuality:
    """Judges them, each picture by a fit on other photos; ``fitted`` is the one on all."""
    from sklearn.model_selection import GroupKFold

    found = np.zeros(len(pictures))
    for known, held_out in GroupKFold(FOLDS).split(pictures, groups=[picture.source for picture in pictures]):
        one = fit_ratios([pictures[row] for row in known])
        asked = [pictures[row] for row in held_out]
        found[held_out] = one.log10(expit(logits(asked)), [picture.facts for picture in asked])
    labels = [picture.label for picture in pictures]
    cost = cllr(found, labels)
    return RatioQuality(cost, smallest_cllr(found, labels), cost < 1 and fitted.platt.weights[0] > 0)
