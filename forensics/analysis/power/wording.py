"""What a power test found, in words: for the page and for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from forensics.analysis.power.family import KINDS, SIZES
from forensics.analysis.power.result import Count, Power, PowerRow

SILENCE = "This says nothing about whether the picture was edited, neither for nor against it."
EXPERIMENT = (
    "An experiment: it has not been shown that what is found of planted edits tells what would be found of real ones."
)
LIMITS = (
    "Found: of what the map marks since the edit and of the edit itself, at least a fifth is both (intersection over "
    "union 0.2). Called: the score of the part reaches the operating point; parts that are called without an edit are "
    "not counted. The last line is the control: what is marked and called without any edit. A verdict rests on the "
    "score, so read it beside the column of the score, and remember that an edit is a smaller share of the whole "
    "picture. The intervals hold for trials that do not depend on each other; edits of one part do. The edits are "
    "made by the forge that makes training pictures, without care for the scene: one of another kind, or by a careful "
    "hand, may be harder to find."
)


@dataclass(frozen=True)
class PowerLine:
    """One line of the table."""

    name: str
    found: str
    found_interval: str
    called: str
    called_interval: str


@dataclass(frozen=True)
class PowerSection:
    """The power test as the page tells of it.

    Attributes:
        lead: What was done, what it is not.
        lines: The table; empty where nothing could be planted.
        note: How to read the table.
    """

    lead: str
    lines: tuple[PowerLine, ...]
    note: str


def power_section(power: Power | None) -> PowerSection | None:
    """The section of the page; None if no test was asked for."""
    if power is None:
        return None
    if power.reason is not None:
        return PowerSection(f"{EXPERIMENT} Nothing could be planted: {power.reason}", (), "")
    return PowerSection(f"{SILENCE} {EXPERIMENT} {_method(power)}", tuple(_lines(power)), LIMITS)


def power_sentence(power: Mapping[str, Any]) -> str:
    """One line for the terminal.

    Args:
        power: The field ``power`` of ``report.json``.
    """
    if power["reason"] is not None:
        return f"Power test (experiment): nothing could be planted. {power['reason']}"
    sizes = ", ".join(f"{_counted(row['found'])} of {row['name']}" for row in power["by_size"])
    total, called, marked = power["total"], power["unedited"]["called"], power["unedited"]["marked_fraction"]
    return (
        f"Power test (experiment): of edits planted in copies of parts of the picture the map found "
        f"{_counted(total['found'])} ({sizes} of a part) and the score called {_counted(total['called'])} in parts "
        f"that it does not call without an edit; those it does are {_counted(called)}, and the map marks "
        f"{100 * marked:.1f} % of the unedited parts. {SILENCE}"
    )


def _counted(count: Mapping[str, Any]) -> str:
    return f"{count['count']} of {count['of']}"


def _method(power: Power) -> str:
    width, height = power.window
    parts = "a part" if len(power.unedited) == 1 else f"{len(power.unedited)} parts"
    return (
        f"{power.total.found.of} known edits were planted in copies of {parts} of the picture ({width} x {height} "
        f"pixels). Edited and unedited copies were saved alike, {power.saved}, and given to the model that judged the "
        "picture."
    )


def _lines(power: Power) -> Iterator[PowerLine]:
    width, height = power.window
    for size, row in zip(SIZES, power.by_size, strict=True):
        across = round(sqrt((size.low + size.high) / 2 * width * height))
        yield _line(f"{size.name} of a part, about {across} pixels across", row)
    for row in power.by_kind:
        yield _line(KINDS[row.name], row)
    yield _line("all planted edits", power.total)
    yield _unedited(power)


def _line(name: str, row: PowerRow) -> PowerLine:
    return PowerLine(name, _of(row.found), _interval(row.found), _of(row.called), _interval(row.called))


def _unedited(power: Power) -> PowerLine:
    marked = power.unedited_marked or 0.0
    called = power.unedited_called
    return PowerLine("parts without an edit", f"{100 * marked:.1f} % marked", "", _of(called), _interval(called))


def _of(count: Count) -> str:
    return f"{count.count} of {count.of}"


def _interval(count: Count) -> str:
    found = count.interval
    return "" if found is None else f"{100 * found[0]:.0f}-{100 * found[1]:.0f} %"
