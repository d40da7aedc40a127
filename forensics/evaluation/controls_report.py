"""Matched controls as tables, for a terminal and for a model card."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from forensics.evaluation.controls import Control, ControlReport, InnocentRate
from forensics.evaluation.report import spelled

INNOCENT_TITLES = ("processing", "called manipulated", "95 % interval", "share marked")
VERDICTS = {True: "holds", False: "BROKEN", None: "too few pairs"}
EXPLANATION = (
    "null_edit: a region is replaced by itself; over the twin and score AUC must be within .50 +- .03. trace_only: by "
    "the same content with another history; reported only. content_only: by other content with the same history; must "
    "not be shown to beat the prior. Over the twin: pixel AUC of the map less that of the same picture without the "
    "edit. Intervals: 95 %, over host photos. A failed map counts as .5."
)


def control_tables(report: ControlReport) -> list[Table]:
    """One table of the controls and, where there are scores, one of innocent processing; both fit 80 columns."""
    source = report.source
    titles, *rows = _control_rows(report.controls)
    table = _table(f"{source['kind']} {source['name']}: matched controls", titles, rows)
    table.caption, table.caption_justify = Text(EXPLANATION), "left"
    if not report.innocents:
        return [table]
    innocents = [_innocent_cells(rate) for rate in report.innocents]
    return [table, _table("pictures that were never manipulated", INNOCENT_TITLES, innocents)]


def control_markdown(report: ControlReport) -> str:
    """The same for a model card."""
    parts = [_markdown(_control_rows(report.controls)), EXPLANATION + "\n"]
    if report.innocents:
        parts.append(_markdown([INNOCENT_TITLES, *map(_innocent_cells, report.innocents)]))
    return "\n".join(parts)


def _control_rows(controls: Sequence[Control]) -> list[tuple[str, ...]]:
    """One quantity a row, one control a column."""
    rows = {
        "": [control.kind for control in controls],
        "pairs (failed)": [f"{control.n} ({control.failed})" for control in controls],
        "pixel AUC": [spelled(control.auc) for control in controls],
        "prior": [spelled(control.prior) for control in controls],
        "gain over the prior": [spelled(control.gain, signed=True) for control in controls],
        "over the twin": [spelled(control.over_twin) for control in controls],
        "score AUC": [spelled(control.score_auc) if control.score_auc else "-" for control in controls],
        "rule": ["-" if control.rule is None else VERDICTS[control.holds] for control in controls],
    }
    return [(name, *cells) for name, cells in rows.items()]


def _innocent_cells(rate: InnocentRate) -> tuple[str, ...]:
    return rate.kind, f"{rate.called} of {rate.n}", f"{rate.low:.1%} to {rate.high:.1%}", f"{rate.marked:.1%}"


def _table(title: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=Text(title), box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for place, name in enumerate(titles):
        table.add_column(name, justify="left" if place == 0 else "right", no_wrap=True)
    for row in rows:
        # As plain text: rich would take the brackets of an interval for markup.
        table.add_row(*(Text(cell.replace(" [", "\n[")) for cell in row))
    return table


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
