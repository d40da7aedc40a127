"""What a calibration makes of a picture, in words that do not promise more than was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forensics.analysis.verdict import Judgement, Verdict
from forensics.calibration.analyzability import Analyzability
from forensics.calibration.calibration import Reading
from forensics.calibration.likelihood import LikelihoodRatio

# A ratio nearer to one than this says next to nothing, log10.
_NEXT_TO_NOTHING = 0.08
NO_PROBABILITY = (
    "It is not the probability that this picture was changed: that depends also on what else is known of it. It holds "
    "for edits like the generated ones; others may score differently."
)
NO_ACQUITTAL = "An edit that the model cannot read gives such a score too."


@dataclass(frozen=True)
class CalibrationSection:
    """What the page tells.

    Attributes:
        ratio: What the score is worth as evidence; None without a likelihood ratio.
        ratio_note: What that rests on and what it is not.
        analyzability: How likely an edit would have been found; None without that number.
        analyzability_note: What that rests on.
        reasons: What lowers it in this picture.
    """

    ratio: str | None
    ratio_note: str
    analyzability: str | None
    analyzability_note: str
    reasons: tuple[str, ...]


def calibration_section(reading: Reading | None, judgement: Judgement) -> CalibrationSection | None:
    """The section of the page; None without a calibration, and where the picture cannot be analyzed."""
    if reading is None or judgement.verdict is Verdict.CANNOT_ANALYZE:
        return None
    likelihood, analyzability = reading.calibration.likelihood, reading.calibration.analyzability
    ratio, chance = reading.log10_likelihood_ratio, reading.analyzability
    return CalibrationSection(
        ratio=None if likelihood is None or ratio is None else ratio_sentence(ratio, likelihood),
        ratio_note="" if likelihood is None or ratio is None else _ratio_note(ratio, likelihood, reading),
        analyzability=None if chance is None else analyzability_sentence(chance),
        analyzability_note="" if analyzability is None else _analyzability_note(analyzability, reading),
        reasons=reading.reasons,
    )


def ratio_sentence(ratio: float, likelihood: LikelihoodRatio) -> str:
    """How much more common the score is on one side."""
    if abs(ratio) < _NEXT_TO_NOTHING:
        return "A score like this is about as common with an edit as without one: it says next to nothing."
    factor = f"{10 ** abs(ratio):.2g}"
    told = f"at least {factor}" if abs(ratio) >= likelihood.bound - 1e-9 else f"about {factor}"
    if ratio > 0:
        return f"A score like this is {told} times as common among generated forgeries as among their unedited twins."
    return f"A score like this is {told} times as common among unedited pictures as among generated forgeries of them."


def analyzability_sentence(chance: float) -> str:
    """How likely an edit would have been found."""
    return (
        f"In pictures like this one the model found about {100 * chance:.0f} in 100 generated edits of 2 % of the "
        "picture or more."
    )


def calibration_json(reading: Reading | None) -> dict[str, Any] | None:
    """What the numbers of a report rest on, as JSON values."""
    if reading is None:
        return None
    calibration, measured = reading.calibration, reading.calibration.measured
    likelihood, analyzability = calibration.likelihood, calibration.analyzability
    return {
        "false_alarms": measured["false_alarms"],
        "cameras": measured["cameras"],
        "likelihood_ratio": None
        if likelihood is None
        else {"bound": likelihood.bound, "sources": likelihood.sources, "cllr": measured["cllr"]},
        "analyzability": None
        if analyzability is None
        else {"from": measured["analyzability_from"], "found": analyzability.found, "of": analyzability.n},
    }


def _ratio_note(ratio: float, likelihood: LikelihoodRatio, reading: Reading) -> str:
    blind = f" {NO_ACQUITTAL}" if ratio < 0 else ""
    return (
        f"Likelihood ratio: 10 to the power of {ratio:+.2f}. Fitted on {likelihood.forged} generated forgeries and as "
        f"many twins from {likelihood.sources} photos, too few to show more than 10 to the power of "
        f"{likelihood.bound:.2f} either way. Its cost on photos it was not fitted on is "
        f"{reading.calibration.measured['cllr']:.2f} bits, where 1 says nothing.{blind} {NO_PROBABILITY}"
    )


def _analyzability_note(analyzability: Analyzability, reading: Reading) -> str:
    source = reading.calibration.measured["analyzability_from"]
    told = "One number for all pictures" if source == "nothing" else f"Told from {source}"
    return (
        f"{told}, fitted on {analyzability.n} edits in {analyzability.sources} photos, of which {analyzability.found} "
        "were found. It says how much a verdict of no evidence is worth, not whether there is an edit; careful or "
        "unusual edits are harder to find than generated ones."
    )
