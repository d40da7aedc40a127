"""All that was fitted for one checkpoint, as plain numbers of its ``checkpoint.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scipy.special import expit

from forensics.calibration.analyzability import Analyzability
from forensics.calibration.facts import file_facts, signal_facts
from forensics.calibration.likelihood import LikelihoodRatio
from forensics.calibration.threshold import ScoreThreshold
from signals import Evidence, SignalMap

SCHEMA = "calibration/1"


@dataclass(frozen=True)
class Reading:
    """What a calibration makes of one picture.

    Attributes:
        log10_likelihood_ratio: Evidence for an edit against none, in powers of ten, within the bound; None where
            none could be fitted.
        analyzability: Chance 0..1 that the model would find an edit such as those it was tried on; None likewise.
        reasons: Sentences on what lowers that chance.
        calibration: Where they come from.
    """

    log10_likelihood_ratio: float | None
    analyzability: float | None
    reasons: tuple[str, ...]
    calibration: Calibration = field(repr=False)


@dataclass(frozen=True)
class Calibration:
    """What the scores of one checkpoint mean.

    It is laid over the scores that the checkpoint gives without it.

    Attributes:
        weights_sha256: Hash of the weights that it was measured with.
        threshold: Of the score's logit.
        likelihood: None if the ratios told nothing about photos they were not fitted on.
        analyzability: None if there was no forgery to fit it on.
        measured: What was found when it was fitted, JSON values: photos, counts, figures.
    """

    weights_sha256: str
    threshold: ScoreThreshold
    likelihood: LikelihoodRatio | None
    analyzability: Analyzability | None
    measured: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def score_shift(self, evidence: Evidence) -> float:
        """The logit that is shown as 0.5 for a picture of this size."""
        return float(self.threshold.logit(evidence.width * evidence.height / 1e6))

    def read(self, logit: float, evidence: Evidence, signals: Sequence[SignalMap]) -> Reading:
        """Reads a score.

        Args:
            logit: Of the score that the checkpoint gives without this calibration.
            evidence: The picture.
            signals: What the checkpoint's signals read in it.
        """
        facts = {**file_facts(evidence), **signal_facts(evidence, signals)}
        ratio = None if self.likelihood is None else float(self.likelihood.log10([expit(logit)], [facts])[0])
        chance = None if self.analyzability is None else float(self.analyzability.values([facts])[0])
        return Reading(
            log10_likelihood_ratio=ratio,
            analyzability=chance,
            reasons=() if self.analyzability is None else self.analyzability.reasons(facts),
            calibration=self,
        )

    def to_json(self) -> dict[str, Any]:
        """JSON values, schema ``calibration/1``."""
        return {
            "schema": SCHEMA,
            "weights_sha256": self.weights_sha256,
            "threshold": self.threshold.to_json(),
            "likelihood": None if self.likelihood is None else self.likelihood.to_json(),
            "analyzability": None if self.analyzability is None else self.analyzability.to_json(),
            "measured": dict(self.measured),
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Calibration:
        """The inverse of :meth:`to_json`.

        Raises:
            ValueError: It is of another schema.
            KeyError: A field is missing.
            TypeError: A field is unknown.
        """
        if fields["schema"] != SCHEMA:
            raise ValueError(f"calibration of schema {fields['schema']}, this version reads {SCHEMA}")
        likelihood, analyzability = fields["likelihood"], fields["analyzability"]
        return cls(
            weights_sha256=fields["weights_sha256"],
            threshold=ScoreThreshold(**fields["threshold"]),
            likelihood=None if likelihood is None else LikelihoodRatio.from_json(likelihood),
            analyzability=None if analyzability is None else Analyzability.from_json(analyzability),
            measured=fields["measured"],
        )
