"""Which facts tell where a model finds edits: judged on edits, degradations and photos that no fit has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from forensics.calibration.analyzability import FILE_FEATURES, SIGNAL_FEATURES, Analyzability
from forensics.evaluation.bootstrap import Interval, statistic_interval
from forensics.evaluation.calibration.measuring import Measured
from forensics.evaluation.selective.risk_coverage import RiskCoverage

Array = NDArray[np.float64]

# Edits smaller than this share of the picture are not asked for, and an answer counts only if it is about the edit.
LEAST_AREA = 0.02
LEAST_OVERLAP = 0.2
FOLDS = 5
RESAMPLES = 500

NOTHING, FILE, FILE_AND_SIGNALS = "nothing", "file facts", "file and signal facts"
GATES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {NOTHING: (), FILE: FILE_FEATURES, FILE_AND_SIGNALS: (*FILE_FEATURES, *SIGNAL_FEATURES)}
)


@dataclass(frozen=True)
class GateRow:
    """One set of facts against whether edits were found.

    Attributes:
        name: Which facts.
        aurc: Area under the risk-coverage curve; risk is the share of edits that were missed. Lower is better.
        excess_aurc: That less the smallest possible.
        gain: AURC of the row before less this one's, paired, 95 % over photos; None for the first.
    """

    name: str
    aurc: float
    excess_aurc: float
    gain: Interval | None


@dataclass(frozen=True)
class GateChoice:
    """All rows, and the one that ships.

    Attributes:
        rows: From fewest facts to most.
        chosen: Name of the one that ships.
        found: Edits that were found.
        n: Edits.
        sources: Photos.
    """

    rows: tuple[GateRow, ...]
    chosen: str
    found: int
    n: int
    sources: int


def worth_finding(pictures: Sequence[Measured]) -> list[Measured]:
    """The forgeries whose edit is not smaller than what is asked for."""
    return [picture for picture in pictures if picture.label and picture.area >= LEAST_AREA]


def is_found(picture: Measured, flagged: bool) -> bool:
    """Whether a forgery was flagged for the right reason: its map marks the edit."""
    return flagged and picture.overlap >= LEAST_OVERLAP


def choose_gate(forged: Sequence[Measured], found: Sequence[bool]) -> GateChoice:
    """Judges all sets of facts.

    The facts of the signals ship where the interval of their gain over those of the file lies above zero; the facts
    of the file where their gain over nothing is above zero; else one number for all pictures.

    Args:
        forged: Forgeries worth finding, of :data:`FOLDS` photos or more.
        found: Whether the model found each.
    """
    loss = 1 - np.asarray(found, np.float64)
    sources = [picture.source for picture in forged]
    confidences = {name: _held_out(forged, found, features) for name, features in GATES.items()}
    rows: list[GateRow] = []
    before: Array | None = None
    for name, confidence in confidences.items():
        curve = RiskCoverage.of(confidence, loss)
        gain = None if before is None else _gain(confidence, before, loss, sources)
        rows.append(GateRow(name, curve.aurc, curve.excess_aurc, gain))
        before = confidence
    chosen = NOTHING
    if rows[1].gain is not None and rows[1].gain.mean > 0:
        chosen = FILE
    if rows[2].gain is not None and rows[2].gain.low > 0 and rows[2].aurc < rows[0].aurc:
        chosen = FILE_AND_SIGNALS
    return GateChoice(tuple(rows), chosen, int(np.sum(found)), len(forged), len(set(sources)))


def fit_gate(name: str, forged: Sequence[Measured], found: Sequence[bool]) -> Analyzability:
    """The gate of that name on all of them."""
    facts, sources = [picture.facts for picture in forged], [picture.source for picture in forged]
    return Analyzability.fit(facts, found, sources, GATES[name])


def _held_out(forged: Sequence[Measured], found: Sequence[bool], features: Sequence[str]) -> Array:
    """Log odds, each from a fit that saw neither the photo nor the kind of edit nor the degradation.

    Fits that lack an easy kind of edit are more pessimistic as a whole. So that only the facts order the pictures, each
    fit's odds are taken against its mean over all of them.
    """
    if not features:
        return np.zeros(len(forged))
    sources = sorted({picture.source for picture in forged})
    fold = np.array([sources.index(picture.source) % FOLDS for picture in forged])
    family = np.array([picture.family for picture in forged])
    degradation = np.array([picture.kind for picture in forged])
    facts = [picture.facts for picture in forged]
    odds = np.zeros(len(forged))
    for cell in sorted(set(zip(fold.tolist(), family.tolist(), degradation.tolist(), strict=True))):
        asked = (fold == cell[0]) & (family == cell[1]) & (degradation == cell[2])
        known = np.flatnonzero((fold != cell[0]) & (family != cell[1]) & (degradation != cell[2])).tolist()
        fitted = Analyzability.fit(
            [facts[row] for row in known],
            [found[row] for row in known],
            [forged[row].source for row in known],
            features,
        )
        told = fitted.log_odds(facts)
        odds[asked] = told[asked] - told.mean()
    return odds


def _gain(confidence: Array, before: Array, loss: Array, sources: Sequence[str]) -> Interval:
    interval = statistic_interval(
        lambda weights: _aurcs(before, loss, weights) - _aurcs(confidence, loss, weights),
        len(loss),
        sources,
        RESAMPLES,
    )
    assert interval is not None
    return interval


def _aurcs(confidence: Array, loss: Array, weights: Array) -> Array:
    """AURC of every resample; ``weights [R, n]`` say how often each picture was drawn."""
    drawn = [np.repeat(np.arange(len(loss)), row.astype(np.int64)) for row in weights]
    return np.array([RiskCoverage.of(confidence[rows], loss[rows]).aurc for rows in drawn])
