"""Risk, coverage and calibration as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from forensics.evaluation.report import spelled
from forensics.evaluation.selective.judged import JudgedPicture
from forensics.evaluation.selective.summary import (
    CalibrationRow,
    ConfidenceRow,
    calibration_rows,
    detection_rows,
    localization_rows,
)

DEFINITION = (
    "Risk: mean loss of the pictures answered, the most confident first. Loss of detection: 1 where the score is on "
    "the wrong side of 0.5 (a missing score counts as 0 where other pictures have one, and a missing confidence as the "
    "least sure); of localization: 1 - F1 of a forged picture, the marked share of an authentic one. AURC: "
    "mean risk over all coverages, lower is better; E-AURC: that less the smallest these losses allow. Gain: AURC of "
    "the gate made of file facts alone (gradient boosting on size and compression, out of fold by source), or of no "
    "order where that is lower, less this one's; above zero is better than both. risk@80: with the surest 80 % "
    "answered. cover@5: largest "
    "share a threshold can answer at a risk of 5 % or less, on these very pictures. Calibration, out of fold by "
    "source: ECE with 15 bins of equal mass, Brier score, Cllr in bits (1 says nothing) and the smallest Cllr that the "
    "order allows. Intervals: 95 %, bootstrap over sources."
)


@dataclass(frozen=True)
class SelectiveReport:
    """All tables of one result.

    Attributes:
        detection: Confidences against wrong calls; empty without scores.
        localization: Confidences against localization loss.
        calibration: Scores as probabilities; empty where they cannot be judged.
    """

    detection: tuple[ConfidenceRow, ...]
    localization: tuple[ConfidenceRow, ...]
    calibration: tuple[CalibrationRow, ...]

    @classmethod
    def of(cls, pictures: Sequence[JudgedPicture]) -> SelectiveReport:
        """Measures judged pictures."""
        return cls(detection_rows(pictures), localization_rows(pictures), calibration_rows(pictures))

    def to_json(self) -> dict[str, Any]:
        """Plain values, schema ``selective/1``."""
        return {"schema": "selective/1", "definition": DEFINITION, **asdict(self)}


def selective_tables(report: SelectiveReport) -> list[Table]:
    """Up to three tables that fit 80 columns."""
    tables = [
        _confidences(f"{title} ({rows[0].n} pictures)", rows)
        for title, rows in (("detection", report.detection), ("localization", report.localization))
        if rows
    ]
    if report.calibration:
        tables.append(_calibration(report.calibration))
    return tables


def _confidences(title: str, rows: Sequence[ConfidenceRow]) -> Table:
    table = _table(title, "confidence", "AURC", "E-AURC", "gain", "risk@80", "cover@5")
    for row in sorted(rows, key=lambda row: row.aurc.mean):
        gain = spelled(row.gain, signed=True).replace(" ", "\n", 1) if row.gain else "-"
        table.add_row(
            *map(
                Text,
                (
                    row.name,
                    spelled(row.aurc).replace(" ", "\n", 1),
                    f"{row.excess_aurc:.3f}",
                    gain,
                    f"{row.risk_at['0.8']:.3f}",
                    f"{row.coverage_at['0.05']:.0%}",
                ),
            )
        )
    return table


def _calibration(rows: Sequence[CalibrationRow]) -> Table:
    table = _table(
        f"calibration of the score ({rows[0].n} pictures)", "probability", "ECE", "Brier", "Cllr", "smallest"
    )
    for row in rows:
        numbers = (row.ece, row.brier, row.cllr, row.smallest_cllr)
        table.add_row(row.name, *("-" if number is None else f"{number:.3f}" for number in numbers))
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=Text(title), box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table
