"""From numbers to one of three verdicts. "No trace found" is never turned into a statement that nothing was done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from forensics.inference.prediction import Prediction

OPERATING_POINT = 0.5
MIN_SIDE = 64
MIN_VALID_FRACTION = 0.25


class Verdict(StrEnum):
    """The three things TraceFuse can say of a picture; the values are the words of ``report.json``."""

    EVIDENCE = "evidence of manipulation"
    NONE_FOUND = "no evidence found"
    CANNOT_ANALYZE = "cannot be analyzed"


@dataclass(frozen=True)
class Judgement:
    """A verdict and why it could not be another one.

    Attributes:
        verdict: One of three.
        reasons: Plain sentences that say why the picture cannot be analyzed; empty otherwise.
    """

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def judge(prediction: Prediction | None, width: int, height: int) -> Judgement:
    """Decides what may be said of a picture.

    Args:
        prediction: What the model says; None if the picture is too small to be given to a model.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
    """
    reasons = _obstacles(prediction, width, height)
    if prediction is None or reasons:
        return Judgement(Verdict.CANNOT_ANALYZE, reasons)
    if prediction.score >= OPERATING_POINT:
        return Judgement(Verdict.EVIDENCE)
    return Judgement(Verdict.NONE_FOUND)


def score_text(score: float) -> str:
    """A score for people: two digits, more where two would hide its side of the operating point."""
    text = f"{score:.2f}"
    return f"{score:.4f}" if text == "0.50" and score != OPERATING_POINT else text


def _obstacles(prediction: Prediction | None, width: int, height: int) -> tuple[str, ...]:
    reasons = []
    if min(width, height) < MIN_SIDE:
        reasons.append(
            f"The picture is {width} x {height} pixels; below {MIN_SIDE} a side there are too few traces to read."
        )
    if prediction is None:
        return tuple(reasons)
    if prediction.signals and not any(signal.usable for signal in prediction.signals):
        reasons.append("None of the model's signals could be read in this picture.")
    valid = float(prediction.valid.mean())
    if valid < MIN_VALID_FRACTION:
        reasons.append(f"Only {valid:.0%} of the picture could be decoded; at least a quarter is needed.")
    return tuple(reasons)
