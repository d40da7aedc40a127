"""``tracefuse selective``: when to trust the answers of a result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def selective(
    result: Annotated[Path, typer.Argument(help="JSON file of tracefuse evaluate --out.")],
    out: Annotated[Path | None, typer.Option(help="JSON file for all numbers.")] = None,
) -> None:
    """Measure which confidence earns trust: risk, coverage, calibration."""
    from rich.console import Console

    from forensics.evaluation.report import write_json
    from forensics.evaluation.selective.reading import read_judged
    from forensics.evaluation.selective.report import DEFINITION, SelectiveReport, selective_tables
    from signals.errors import WrongUsage

    pictures = read_judged(result)
    if not pictures:
        raise WrongUsage(f"{result}: holds no scored picture; evaluate a set that can be read")
    report = SelectiveReport.of(pictures)
    if out is not None:
        write_json(out, report.to_json())
    console = Console()
    for table in selective_tables(report):
        console.print(table)
    console.print(DEFINITION, markup=False, highlight=False)
