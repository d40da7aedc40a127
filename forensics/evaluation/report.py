"""An evaluation as a table for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.evaluate import Evaluation
from signals.atomic_file import replace_file
from signals.errors import OutputNotWritable


def table(evaluation: Evaluation) -> Table:
    """The measures, one a row, with their notes and the protocol's definition below; fits 80 columns."""
    source = evaluation.source
    notes = [f"{measure.name}: {measure.note}" for measure in evaluation.measures if measure.note]
    rendered = Table(
        title=Text(
            f"{source['kind']} {source['name']}: {evaluation.n_scored} scored, {evaluation.n_excluded} excluded"
        ),
        caption=Text("\n".join([*notes, f"{evaluation.protocol}: {evaluation.definition}"])),
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    rendered.add_column("measure", no_wrap=True)
    for title in ("n", "model", "prior", "gain"):
        rendered.add_column(title, justify="right", no_wrap=True)
    for measure in evaluation.measures:
        rendered.add_row(
            measure.name,
            str(measure.n),
            _two_lines(spelled(measure.interval)) if measure.interval else f"{measure.value:.3f}",
            f"{measure.prior.mean:.3f}" if measure.prior else "-",
            _two_lines(spelled(measure.gain, signed=True)) if measure.gain else "-",
        )
    return rendered


def _two_lines(text: str) -> Text:
    # As plain text: rich would take the brackets of an interval for markup.
    return Text(text.replace(" ", "\n", 1))


def spelled(interval: Interval, *, signed: bool = False) -> str:
    """A mean and its interval as text."""
    form = "+.3f" if signed else ".3f"
    return f"{interval.mean:{form}} [{interval.low:{form}}, {interval.high:{form}}]"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes JSON so that the file is either whole or as it was before.

    Raises:
        OutputNotWritable: The file cannot be written there.
    """
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise OutputNotWritable(f"{path}: cannot be written ({error.strerror}); choose another --out") from error
