"""Which confidence earns trust, and whether probabilities do: the numbers of one set of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forensics.calibration.calibrators import Isotonic, Platt
from forensics.evaluation.bootstrap import Interval, statistic_interval
from forensics.evaluation.selective.calibration import (
    brier_score,
    cllr,
    expected_calibration_error,
    smallest_cllr,
)
from forensics.evaluation.selective.gate import FOLDS, file_gate
from forensics.evaluation.selective.judged import Array, JudgedPicture, covariates_table, facts_table
from forensics.evaluation.selective.risk_coverage import RiskCoverage

Labels = NDArray[np.int64]

FILE_GATE = "file facts alone"
NO_ORDER = "none (mean loss)"
RESAMPLES = 500


@dataclass(frozen=True)
class ConfidenceRow:
    """One confidence function against one loss.

    Attributes:
        name: The function, or a baseline.
        n: Pictures.
        aurc: Area under the risk-coverage curve, lower is better.
        excess_aurc: That area less the smallest possible.
        gain: AURC of the file gate, or of no order where that is lower, less this one's, paired: above zero is better
            than both; None for those two.
        risk_at: Risk at the coverages 0.5, 0.8 and 0.9.
        coverage_at: Coverage at the risks 0.01, 0.05 and 0.1.
    """

    name: str
    n: int
    aurc: Interval
    excess_aurc: float
    gain: Interval | None
    risk_at: Mapping[str, float]
    coverage_at: Mapping[str, float]


@dataclass(frozen=True)
class CalibrationRow:
    """How honest one way to make probabilities of scores is, on sources that it was not fitted on.

    Attributes:
        name: ``as shown``, or the calibrator.
        n: Pictures.
        ece: Expected calibration error, bins of equal mass.
        brier: Brier score.
        cllr: Cost of the log likelihood ratios in bits; None for scores that are no ratios.
        smallest_cllr: What their order alone costs.
    """

    name: str
    n: int
    ece: float
    brier: float
    cllr: float | None
    smallest_cllr: float


def detection_rows(pictures: Sequence[JudgedPicture]) -> tuple[ConfidenceRow, ...]:
    """Every confidence against wrong calls of whole pictures; empty without scores."""
    scored = _with_scores(pictures)
    return _rows(scored, [float(picture.detection_loss or 0) for picture in scored])


def localization_rows(pictures: Sequence[JudgedPicture]) -> tuple[ConfidenceRow, ...]:
    """Every confidence against 1 - F1 of forged and the marked share of authentic pictures."""
    return _rows(pictures, [picture.localization_loss for picture in pictures])


def calibration_rows(pictures: Sequence[JudgedPicture]) -> tuple[CalibrationRow, ...]:
    """Raw scores beside calibrators, each picture by a fit on other sources; empty where that cannot be done."""
    scored = _with_scores(pictures)
    scores = np.array([picture.score for picture in scored], np.float64)
    labels = np.array([picture.label for picture in scored], np.int64)
    sources = [picture.source for picture in scored]
    if len(set(labels.tolist())) < 2 or len(set(sources)) < FOLDS:
        return ()
    covariates = covariates_table(scored)
    rows = [_calibration_row("as shown", scores, labels, None)]
    for name, kind, told in (
        ("Platt", Platt, None),
        ("Platt, quality and size", Platt, covariates),
        ("isotonic", Isotonic, None),
        ("isotonic, quality and size", Isotonic, covariates),
    ):
        found = _out_of_fold(kind, scores, labels, sources, told)
        if found is not None:
            rows.append(_calibration_row(name, found[0], labels, found[1]))
    return tuple(rows)


def _with_scores(pictures: Sequence[JudgedPicture]) -> list[JudgedPicture]:
    """As ``evaluate`` counts them: a missing score is one of 0 where another picture has one; empty without any."""
    if all(picture.score is None for picture in pictures):
        return []
    return [replace(picture, score=0.0) if picture.score is None else picture for picture in pictures]


def _rows(pictures: Sequence[JudgedPicture], losses: Sequence[float]) -> tuple[ConfidenceRow, ...]:
    if not pictures:
        return ()
    sources, loss = [picture.source for picture in pictures], np.asarray(losses, np.float64)
    names = sorted({name for picture in pictures for name in picture.confidences})
    confidences = {name: _confidences(pictures, name) for name in names}
    gate = file_gate(facts_table(pictures), losses, sources)
    baselines = {NO_ORDER: np.zeros(len(loss))} | ({} if gate is None else {FILE_GATE: gate})
    return tuple(
        _row(name, confidence, loss, sources, gate, baseline=name in baselines)
        for name, confidence in {**confidences, **baselines}.items()
    )


def _confidences(pictures: Sequence[JudgedPicture], name: str) -> Array:
    """One number a picture; an answer that lacks it, such as a map that failed, is the least sure."""
    told = np.array([picture.confidences.get(name, np.nan) for picture in pictures], np.float64)
    return np.where(np.isnan(told), np.nanmin(told) - 1, told)


def _row(
    name: str, confidence: Array, loss: Array, sources: Sequence[str], gate: Array | None, *, baseline: bool
) -> ConfidenceRow:
    curve = RiskCoverage.of(confidence, loss)
    aurc = statistic_interval(lambda weights: _aurcs(confidence, loss, weights), len(loss), sources, RESAMPLES)
    assert aurc is not None
    gain = None
    if not baseline:
        gain = statistic_interval(
            lambda weights: _blind_aurcs(gate, loss, weights) - _aurcs(confidence, loss, weights),
            len(loss),
            sources,
            RESAMPLES,
        )
    return ConfidenceRow(
        name=name,
        n=len(loss),
        aurc=aurc,
        excess_aurc=curve.excess_aurc,
        gain=gain,
        risk_at={str(coverage): curve.risk_at(coverage) for coverage in (0.5, 0.8, 0.9)},
        coverage_at={str(risk): curve.coverage_at(risk) for risk in (0.01, 0.05, 0.1)},
    )


def _aurcs(confidence: Array, loss: Array, weights: Array) -> Array:
    """AURC of every resample; ``weights [R, n]`` say how often each picture was drawn."""
    drawn = [np.repeat(np.arange(len(loss)), row.astype(np.int64)) for row in weights]
    return np.array([RiskCoverage.of(confidence[rows], loss[rows]).aurc for rows in drawn])


def _blind_aurcs(gate: Array | None, loss: Array, weights: Array) -> Array:
    """What must be beaten in every resample: the file's facts, or no order at all where that is better."""
    unordered = weights @ loss / weights.sum(axis=1)
    return np.asarray(unordered if gate is None else np.minimum(unordered, _aurcs(gate, loss, weights)))


def _out_of_fold(
    kind: type[Platt] | type[Isotonic], scores: Array, labels: Labels, sources: Sequence[str], covariates: Array | None
) -> tuple[Array, Array] | None:
    """Probabilities and log10 likelihood ratios, each by a fit on other sources; None where a fit lacks a label."""
    from sklearn.model_selection import StratifiedGroupKFold

    probabilities, ratios = np.zeros(len(scores)), np.zeros(len(scores))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for known, held_out in folds.split(scores, labels, list(sources)):
        if len(set(labels[known].tolist())) < 2:
            return None
        told = [None if covariates is None else covariates[rows] for rows in (known, held_out)]
        fitted = kind.fit(scores[known], labels[known], told[0])
        probabilities[held_out] = fitted.probability(scores[held_out], told[1])
        ratios[held_out] = fitted.log10_likelihood_ratio(scores[held_out], told[1])
    return probabilities, ratios


def _calibration_row(name: str, probabilities: Array, labels: Labels, ratios: Array | None) -> CalibrationRow:
    return CalibrationRow(
        name=name,
        n=len(labels),
        ece=expected_calibration_error(probabilities, labels),
        brier=brier_score(probabilities, labels),
        cllr=None if ratios is None else cllr(ratios, labels),
        smallest_cllr=smallest_cllr(probabilities if ratios is None else ratios, labels),
    )
