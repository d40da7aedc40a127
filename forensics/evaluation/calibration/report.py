"""A calibration as tables, for a terminal and for a model card."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.calibration.calibrate import CalibrationReport
from forensics.evaluation.calibration.false_alarms import FalseAlarms
from forensics.evaluation.calibration.gates import (
    FILE,
    FILE_AND_SIGNALS,
    LEAST_AREA,
    LEAST_OVERLAP,
    NOTHING,
    GateChoice,
)
from forensics.evaluation.report import spelled

_SHIPPED = {
    FILE_AND_SIGNALS: "Shipped: facts of the file and of the signals.",
    FILE: "Shipped: facts of the file alone; those of the signals were not shown to be better.",
    NOTHING: "Shipped: one number for all pictures; no facts were shown to tell where edits are found.",
}

Rows = Sequence[Sequence[str]]


def calibration_page(report: CalibrationReport) -> Group:
    """Up to three tables that fit 80 columns, each with its sentences below."""
    parts: list[RenderableType] = [
        _table("pristine photos, by a threshold fitted without their camera", _alarm_rows(report.false_alarms)),
        *map(Text, [*_threshold_sentences(report), ""]),
        _table("likelihood ratio, by a fit on other photos", _ratio_rows(report)),
        Text(f"{_ratio_sentence(report)}\n"),
    ]
    if report.gates is not None:
        title = "analyzability, by a fit on other photos, edits and degradations"
        parts += [_table(title, _gate_rows(report.gates)), Text(f"{_gate_sentence(report.gates)}\n")]
    return Group(*parts)


def calibration_markdown(report: CalibrationReport) -> str:
    """The same for a model card."""
    parts = [
        " ".join(_threshold_sentences(report)),
        _markdown(_alarm_rows(report.false_alarms)),
        _ratio_sentence(report),
        _markdown(_ratio_rows(report)),
    ]
    if report.gates is not None:
        parts += [_gate_sentence(report.gates), _markdown(_gate_rows(report.gates))]
    return "\n\n".join(parts)


def false_alarm_page(alarms: FalseAlarms, split: str) -> Group:
    """Photos that took no part in the calibration."""
    title = f"photos of the split {split}, which took no part"
    return Group(_table(title, _alarm_rows(alarms)), Text(false_alarm_sentence(alarms, split)))


def false_alarm_markdown(alarms: FalseAlarms, split: str) -> str:
    """The same for a model card."""
    return f"{false_alarm_sentence(alarms, split)}\n\n{_markdown(_alarm_rows(alarms))}"


def false_alarm_sentence(alarms: FalseAlarms, split: str) -> str:
    """How many photos were flagged."""
    return (
        f"Of the split {split}, {alarms.flagged} of {alarms.photos} photos flagged as the camera wrote them "
        f"({_percents(alarms.low, alarms.high)} with 95 % confidence, {alarms.cameras} cameras); {alarms.any_version} "
        f"in at least one of their versions; of all versions {_share(alarms.share)}."
    )


def _threshold_sentences(report: CalibrationReport) -> list[str]:
    threshold, alarms, measured = report.calibration.threshold, report.false_alarms, report.calibration.measured
    promise = (
        f"A promise for every new camera would need {report.promised_logit:+.2f}"
        if report.promised_logit is not None
        else f"{alarms.cameras} cameras are too few for a promise about every new one"
    )
    return [
        f"Score's logit shown as 0.5, from the operating point on: {threshold.intercept:+.3f} at one megapixel, and "
        f"{threshold.slope:+.3f} with each doubling of the size (fitted from {threshold.smallest:.2f} to "
        f"{threshold.largest:.2g} megapixels). "
        f"{threshold.tolerated:.1%} of the versions of pristine photos may reach it, all {alarms.cameras} cameras "
        f"weighing the same, so that of cameras left out of the fit at most {measured['false_alarms']:.1%} do: "
        f"{_share(alarms.share)}. {promise}.",
        f"Generated pictures: {report.forgeries_flagged} of {report.pairs} forgeries flagged, and "
        f"{report.twins_flagged} of their {report.pairs} pristine twins.",
    ]


def _ratio_sentence(report: CalibrationReport) -> str:
    fitted = report.calibration.likelihood
    if fitted is None:
        return "No likelihood ratio is stored: on photos that it was not fitted on it told nothing (Cllr of 1 or more)."
    return (
        f"From score, size and quality; fitted on {fitted.forged} generated forgeries and {fitted.pristine} pristine "
        f"twins of {fitted.sources} photos, which bound it to +-{fitted.bound:.2f} powers of ten. Cllr in bits: 1 says "
        f"nothing, and the smallest is what the order of the scores alone costs."
    )


def _gate_sentence(gates: GateChoice) -> str:
    return (
        f"{gates.found} of {gates.n} generated edits of at least {LEAST_AREA:.0%} of the picture were found: flagged, "
        f"and marked with an overlap (IoU) of {LEAST_OVERLAP} or more. Risk is the share that was missed; gain: AURC "
        f"of the line above less this one's, 95 % over {gates.sources} photos. {_SHIPPED[gates.chosen]}"
    )


def _alarm_rows(alarms: FalseAlarms) -> Rows:
    rows = [(v.name, f"{v.flagged} of {v.n}", f"{v.logit:+.2f}", f"{v.marked:.1%}") for v in alarms.versions]
    return [("version", "flagged", "median logit", "median area marked"), *rows]


def _ratio_rows(report: CalibrationReport) -> Rows:
    return [("Cllr", "smallest Cllr"), (f"{report.ratios.cllr:.3f}", f"{report.ratios.smallest_cllr:.3f}")]


def _gate_rows(gates: GateChoice) -> Rows:
    rows = [
        (
            row.name,
            f"{row.aurc:.3f}",
            f"{row.excess_aurc:.3f}",
            "-" if row.gain is None else spelled(row.gain, signed=True),
        )
        for row in gates.rows
    ]
    return [("facts", "AURC", "E-AURC", "gain"), *rows]


def _share(share: Interval) -> str:
    return f"{share.mean:.1%} [{_percents(share.low, share.high)}]"


def _percents(low: float, high: float) -> str:
    return f"{low:.1%} to {high:.1%}"


def _table(title: str, rows: Rows) -> Table:
    table = Table(title=Text(title), box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title_justify="left")
    for place, name in enumerate(rows[0]):
        table.add_column(name, justify="left" if place == 0 else "right")
    for row in rows[1:]:
        table.add_row(*map(Text, row))
    return table


def _markdown(rows: Rows) -> str:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
