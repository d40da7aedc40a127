"""An evaluation as a table for people, and JSON files that are whole or absent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.evaluate import Evaluation
from forensics.evaluation.protocols.measure import Measure
from signals.atomic_file import replace_file
from signals.errors import OutputNotWritable

FEW_SOURCES = 50
NO_SOURCE = "no source named: folds and intervals are by picture, so too narrow where pictures share a photo"


def table(evaluation: Evaluation, name: str = "") -> Group:
    """All measures; below them the baselines, what failed, and the protocol in words. Fits 80 columns.

    Args:
        evaluation: What was scored.
        name: Of the set.
    """
    source, counts = evaluation.source, evaluation.counts
    of = f" of {name}" if name else ""
    title = (
        f"{source['kind']} {source['name']}: {counts['scored']} pictures{of}, {counts['failed']} of them without a "
        f"map; {counts['excluded']} excluded"
    )
    beside = [measure for measure in evaluation.measures if measure.prior]
    alone = [measure for measure in evaluation.measures if not measure.prior]
    tables = [make(measures) for make, measures in ((_beside_prior, beside), (_alone, alone)) if measures]
    parts: list[RenderableType] = [Text(title), *tables, Text("\n".join(_below(evaluation)))]
    return Group(*(line for part in parts for line in (part, Text(""))))


def _beside_prior(measures: Sequence[Measure]) -> Table:
    """Two lines a measure, the second its interval."""
    rendered = _columns("value", "prior", "all 1", "gain", "skill")
    for measure in measures:
        cells = (
            measure.name,
            str(measure.n),
            _two_lines(measure.interval) if measure.interval else _short(measure.value),
            _short(measure.prior.mean) if measure.prior else "-",
            "-" if measure.all_one is None else _short(measure.all_one),
            _two_lines(measure.gain, "+") if measure.gain else "-",
            _short(measure.skill.mean, "+") if measure.skill else "-",
        )
        rendered.add_row(*map(Text, cells))
    return rendered


def _alone(measures: Sequence[Measure]) -> Table:
    rendered = _columns("value", "95 %")
    for measure in measures:
        interval = measure.interval
        value = _short(measure.value) if interval else f"{measure.value:g}"
        span = f"[{_short(interval.low)}, {_short(interval.high)}]" if interval else "-"
        # As plain text: rich would take the brackets of an interval for markup.
        rendered.add_row(*map(Text, (measure.name, str(measure.n), value, span)))
    return rendered


def _columns(*titles: str) -> Table:
    rendered = Table(box=SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    rendered.add_column("measure", overflow="fold")
    for title in ("n", *titles):
        rendered.add_column(title, justify="right", no_wrap=True)
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
        replace_file(path, text.encode())
    except OSError as error:
        raise OutputNotWritable(f"{path}: cannot be written ({error.strerror}); choose another --out") from error


def _two_lines(interval: Interval, sign: str = "") -> str:
    return f"{_short(interval.mean, sign)}\n[{_short(interval.low, sign)}, {_short(interval.high, sign)}]"


def _short(value: float, sign: str = "") -> str:
    """Three digits, without the zero before the point."""
    return f"{value:{sign}.3f}".replace("0.", ".", 1) if abs(value) < 0.9995 else f"{value:{sign}.3f}"


def _below(evaluation: Evaluation) -> list[str]:
    return [
        *([] if evaluation.sources_named else [NO_SOURCE]),
        *_few_sources(evaluation.counts["sources"]),
        *_header(evaluation),
        *([f"twin order: {spelled(evaluation.twins)} of {evaluation.twins.n} pairs"] if evaluation.twins else []),
        *(f"without a map: {count} x {reason}" for reason, count in evaluation.failures.most_common()),
        *_strange_scores(evaluation.source),
        *_notes(evaluation.measures),
        f"{evaluation.protocol}: {evaluation.definition}",
    ]


def _few_sources(sources: int) -> list[str]:
    if sources >= FEW_SOURCES:
        return []
    return [f"{sources} sources: with so few, intervals called 95 % hold the truth less often and can look decisive"]


def _header(evaluation: Evaluation) -> Iterable[str]:
    header = evaluation.header
    if header is None:
        return
    if header.auc is None:
        yield f"file headers alone: not measured: {header.reason}"
        return
    yield f"file headers alone: AUC {spelled(header.auc)} of forged against authentic"
    if header.gain is not None:
        gain = spelled(header.gain, signed=True)
        yield f"score AUC less that of the headers, or of a coin where that is higher: {gain}"


def _strange_scores(source: Mapping[str, Any]) -> Iterable[str]:
    if count := source.get("strange_scores"):
        yield f"scores.csv: {count} of its names are of no picture that was to be scored"


def _notes(measures: Iterable[Measure]) -> Iterable[str]:
    """Each note once, after the measures that it belongs to."""
    names: dict[str, list[str]] = {}
    for measure in measures:
        if measure.note:
            names.setdefault(measure.note, []).append(measure.name.partition("/")[2])
    return [f"{', '.join(found)}: {note}" for note, found in names.items()]
