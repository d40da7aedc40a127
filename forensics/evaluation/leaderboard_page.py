"""A leaderboard as a page, Markdown or HTML; the words are the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from forensics.evaluation.leaderboard import Board, Entry
from forensics.evaluation.measure_name import MeasureName
from forensics.evaluation.protocols import Measure
from forensics.evaluation.report import spelled

TITLE = "Leaderboard"
INTRODUCTION = (
    "Made from result files of `tracefuse evaluate` alone. One table holds one set, one manifest and one protocol; "
    "numbers of different tables must not be compared. Sorted by the first number, the protocol's first F1. Rows in "
    "italics look at no picture: what does not beat them has shown nothing. Brackets: 95 % interval over sources; "
    "overlapping ones do not order two rows, `tracefuse compare` does."
)
_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;color:#222;margin:2rem auto;max-width:90rem;padding:0 1rem}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:.3rem .7rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}"
    "th:nth-child(2),td:nth-child(2){text-align:left}tr.baseline{color:#777;font-style:italic}"
    "div{overflow-x:auto}small{color:#555}"
)


@dataclass(frozen=True)
class _Row:
    cells: tuple[str, ...]
    baseline: bool


def to_markdown(boards: Sequence[Board]) -> str:
    """The page as Markdown."""
    lines = [f"# {TITLE}", "", INTRODUCTION, ""]
    for board in boards:
        lines += [f"## {_plain(_heading(board))}", "", _plain(_origin(board)), "", _line(map(_plain, _heads(board)))]
        lines.append(_line(["---"] * len(_heads(board))))
        for row in _rows(board):
            cells = [_plain(cell) for cell in row.cells]
            lines.append(_line(f"*{cell}*" if row.baseline and cell else cell for cell in cells))
        lines += ["", _plain(f"{board.protocol}: {board.definition}"), ""]
    return "\n".join(lines)


def to_html(boards: Sequence[Board]) -> str:
    """The page as one HTML file that loads nothing."""
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{TITLE}</title><style>{_STYLE}</style>',
        f"<h1>{TITLE}</h1><p>{escape(INTRODUCTION)}</p>",
    ]
    for board in boards:
        heads = "".join(f"<th>{escape(head)}</th>" for head in _heads(board))
        parts.append(f"<h2>{escape(_heading(board))}</h2><p>{escape(_origin(board))}</p><div><table><tr>{heads}</tr>")
        for row in _rows(board):
            cells = "".join(f"<td>{escape(cell)}</td>" for cell in row.cells)
            parts.append(f"<tr{' class=baseline' if row.baseline else ''}>{cells}</tr>")
        parts.append(f"</table></div><p><small>{escape(board.protocol)}: {escape(board.definition)}</small></p>")
    return "\n".join([*parts, "</html>", ""])


def _plain(text: str) -> str:
    """Names come from files of others: one line of Markdown that is no tag, no code and no end of a cell."""
    return re.sub(r"[\\|<>`]", r"\\\g<0>", " ".join(text.split()))


def _heading(board: Board) -> str:
    return f"{board.name}, protocol {board.protocol}"


def _origin(board: Board) -> str:
    limit = f", at most {board.limit} pictures of it, evenly spread" if board.limit is not None else ""
    return f"Manifest SHA-256 {board.manifest_sha256}{limit}."


def _heads(board: Board) -> list[str]:
    heads = ["", "scored"]
    for number, name in enumerate(board.columns):
        heads += [_short(name), *(["prior"] if _has_prior(board, number) else [])]
        heads += ["skill"] if number == 0 else []
    return [*heads, "n", "failed", "excluded", "hash or version", "TraceFuse", "date"]


def _short(name: str) -> str:
    parts = MeasureName.parse(name)
    return f"{parts.group}/{parts.quantity}" if parts.group else parts.quantity


def _rows(board: Board) -> list[_Row]:
    rows, place = [], 0
    for entry in board.entries:
        place += not entry.baseline
        rows.append(
            _Row(
                (("" if entry.baseline else str(place)), entry.name, *_numbers(board, entry), *_facts(entry)),
                entry.baseline,
            )
        )
    return rows


def _has_prior(board: Board, number: int) -> bool:
    """Whether some row of a column has a prior to stand beside it."""
    return any(measure is not None and measure.prior is not None for measure in _column(board, number))


def _column(board: Board, number: int) -> list[Measure | None]:
    return [entry.measures[number] for entry in board.entries]


def _numbers(board: Board, entry: Entry) -> list[str]:
    cells = []
    for number, measure in enumerate(entry.measures):
        cells.append(_value(measure))
        if _has_prior(board, number):
            cells.append(f"{measure.prior.mean:.3f}" if measure and measure.prior else "")
        if number == 0:
            cells.append(spelled(measure.skill, signed=True) if measure and measure.skill else "")
    return cells


def _value(measure: Measure | None) -> str:
    if measure is None:
        return ""
    return spelled(measure.interval) if measure.interval else f"{measure.value:.3f}"


def _facts(entry: Entry) -> list[str]:
    result = entry.result
    if result is None:
        return [""] * 6
    version = result.source.get("version")
    pinned = str(result.source.get("sha256", ""))[:12] or ("" if version is None else f"version {version}")
    counts = [str(result.counts.get(name, 0)) for name in ("scored", "failed", "excluded")]
    return [*counts, pinned, result.tracefuse, result.created[:10]]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
