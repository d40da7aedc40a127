"""An evaluation as a table for people and as JSON."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.evaluate import Evaluation
from signals.errors import OutputNotWritable


def table(evaluation: Evaluation) -> Table:
    """The measures, one a row, with the protocol's definition below."""
    source = evaluation.source
    rendered = Table(
        title=f"{source['kind']} {source['name']}: {evaluation.n_scored} scored, {evaluation.n_excluded} excluded",
        caption=f"{evaluation.protocol}: {evaluation.definition}",
        caption_justify="left",
    )
    rendered.add_column("measure", overflow="fold")
    for title in ("n", "model [95 %]", "prior", "gain [95 %]"):
        rendered.add_column(title, justify="right")
    rendered.add_column("note")
    for measure in evaluation.measures:
        rendered.add_row(
            measure.name,
            str(measure.n),
            spelled(measure.interval) if measure.interval else f"{measure.value:.3f}",
            f"{measure.prior.mean:.3f}" if measure.prior else "-",
            spelled(measure.gain, signed=True) if measure.gain else "-",
            measure.note,
        )
    return rendered


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
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text)
    except OSError as error:
        raise OutputNotWritable(f"{path}: cannot be written ({error.strerror}); choose another --out") from error


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        # mkstemp gives 0600; a result is as readable as any file the user makes
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
