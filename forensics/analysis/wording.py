"""The sentences of a report: what a verdict means and, as important, what it does not."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.analysis.report import Report
from forensics.analysis.verdict import Verdict


@dataclass(frozen=True)
class Wording:
    """Sentences for one report.

    Attributes:
        headline: The verdict.
        tone: Name of its color in the page; none of them is green.
        means: What it means.
        does_not_mean: What it does not.
        map_note: How to read the map under this verdict.
        copies_note: How to read the copies.
    """

    headline: str
    tone: str
    means: str
    does_not_mean: str
    map_note: str
    copies_note: str = (
        "This is no part of the verdict. Software that joins or repairs pictures repeats areas too: panoramas, "
        "touched-up spots, added frames and logos."
    )


LIMITS = (
    "A report is a hint for a person who looks further, never proof by itself. "
    "Ask for the camera file, for other copies, for the history of the picture.",
    "The score and the map are remapped so that 0.50 is the operating point chosen on development pictures. "
    "Neither is a probability: 0.90 does not mean nine times out of ten. The score's point was set so that few "
    "development pictures without an edit reach it, the map's where it matched known edits best; other pictures "
    "may fare worse. The checkpoint's model card says what was measured.",
    "False alarms exist: logos, date stamps, text, borders, blurred backgrounds, screenshots, strong editing of the "
    "whole picture, flat or overexposed areas and repeated saving can look like an edit.",
    "Edits can be missed: small size, strong compression, messengers and social networks that save pictures anew, "
    "screenshots, and kinds of edits the model was never shown.",
    "The model reads only the signals shown above; docs/signals.md tells of others that may show more, one by one, "
    "with `tracefuse signals extract`.",
    "The model speaks of traces in the file. It does not know whether a scene was staged, whether a caption is true, "
    "or whether a change was meant to deceive.",
)


def explain(report: Report) -> Wording:
    """Chooses the sentences for a report."""
    match report.verdict:
        case Verdict.EVIDENCE:
            return _evidence(report)
        case Verdict.NONE_FOUND:
            return _none_found(report)
        case Verdict.CANNOT_ANALYZE:
            return _cannot_analyze(report)


def _evidence(report: Report) -> Wording:
    map_note = "The map shows where the model reacts most. It is not proof of an edit there, and false alarms exist."
    if not report.regions:
        map_note = (
            "The picture as a whole is above the operating point, but no area of at least 0.05 % of it is: "
            "the map does not say where. False alarms exist."
        )
    return Wording(
        headline="Evidence of manipulation",
        tone="evidence",
        means="The score of the whole picture reaches the operating point: "
        "to the model the picture looks like the altered ones it learned from, by traces, seams or content.",
        does_not_mean="This is not proof, and it says nothing about why or by whom a picture was changed. "
        "False alarms exist.",
        map_note=map_note,
    )


def _none_found(report: Report) -> Wording:
    map_note = "No area of at least 0.05 % of the picture reaches the operating point."
    if report.regions:
        map_note = (
            "The map marks areas, but the picture as a whole stays below the operating point of its score. "
            "Areas marked under this verdict are not evidence."
        )
    return Wording(
        headline="No evidence found",
        tone="none-found",
        means="The score of the whole picture stays below the operating point: "
        "the model did not read enough traces of an edit in this file." + _copies_beside(report),
        does_not_mean="This does not mean that nothing was done. "
        "Edits that leave no trace this model can read are possible, and no software can rule them out.",
        map_note=map_note,
    )


def _copies_beside(report: Report) -> str:
    if report.copies is None or not report.copies.copies:
        return ""
    return " Apart from the model, areas were found that may be copies of each other: look at these, further down."


def _cannot_analyze(report: Report) -> Wording:
    return Wording(
        headline="Cannot be analyzed",
        tone="cannot-analyze",
        means=" ".join(report.judgement.reasons),
        does_not_mean="Nothing is said about this picture, neither for nor against it.",
        map_note="Shown for completeness only. Under this verdict neither the map nor the score is a finding."
        if report.prediction is not None
        else "The picture is too small to be given to the model; there is no map.",
    )
