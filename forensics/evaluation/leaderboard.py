"""Result files side by side: one table for every set and protocol, never two of them mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.measure_name import MeasureName
from forensics.evaluation.protocols import Measure
from forensics.evaluation.result_file import ResultFile
from signals.errors import WrongUsage

# The AUC of whole pictures, as the protocols call it.
SCORE_AUCS = ("score_auc", "score_auroc")
_BESIDE = ("pixel_f1_fixed", "pixel_auc", "pixel_auc_origin", "pixel_auroc")
_SAME = 1e-6


@dataclass(frozen=True)
class Entry:
    """One row.

    Attributes:
        name: What was scored, or the name of a baseline.
        baseline: Whether it looked at no picture.
        measures: The numbers of the table's columns, in their order; None where there is none.
        result: The file that it comes from; None for baselines.
    """

    name: str
    baseline: bool
    measures: tuple[Measure | None, ...]
    result: ResultFile | None = None


@dataclass(frozen=True)
class Board:
    """One table.

    Attributes:
        name: Of the set.
        manifest_sha256: Of its manifest.
        limit: How many of its pictures were taken at most.
        protocol: Name of the protocol.
        definition: The protocol in words.
        columns: Names of the measures; the table is sorted by the first.
        entries: Best first, baselines among them.
    """

    name: str
    manifest_sha256: str
    limit: int | None
    protocol: str
    definition: str
    columns: tuple[str, ...]
    entries: tuple[Entry, ...]


def build_boards(results: Sequence[ResultFile]) -> tuple[Board, ...]:
    """Sorts result files into tables, by set, then protocol.

    Two files share a table only if they agree in the manifest's hash, the limit, the protocol and its definition.
    A file that is given twice, or a copy of one, is one row.

    Raises:
        WrongUsage: There is no file, or two files that claim the same set and protocol contradict each other.
    """
    if not results:
        raise WrongUsage("no result file; give JSON files of `tracefuse evaluate --out`")
    groups: dict[tuple[object, ...], list[ResultFile]] = {}
    for result in _distinct(results):
        key = (result.set.name, result.set.sha256, result.set.limit or 0, result.protocol, result.definition)
        groups.setdefault(key, []).append(result)
    return tuple(_board(groups[key]) for key in sorted(groups, key=str))


def _distinct(results: Sequence[ResultFile]) -> list[ResultFile]:
    """Without those that say what an earlier one says, wherever they lie."""
    kept: list[ResultFile] = []
    for result in results:
        if all(replace(result, path=earlier.path) != earlier for earlier in kept):
            kept.append(result)
    return kept


def _board(results: Sequence[ResultFile]) -> Board:
    first = results[0]
    columns = _columns(results)
    _check_same_truth(results)
    entries = [
        Entry(result.title, False, tuple(result.measures.get(name) for name in columns), result) for result in results
    ]
    entries += _baselines(results, columns)
    return Board(
        name=first.set.name,
        manifest_sha256=first.set.sha256,
        limit=first.set.limit,
        protocol=first.protocol,
        definition=first.definition,
        columns=columns,
        entries=tuple(sorted(entries, key=lambda entry: _rank(columns[0], entry))),
    )


def _columns(results: Sequence[ResultFile]) -> tuple[str, ...]:
    """The protocol's first F1 (its first number where it has none), then what else a reader looks for."""
    names = list(dict.fromkeys(name for result in results for name in result.measures))
    if not names:
        raise WrongUsage(f"{results[0].path}: it holds no measure; evaluate pictures first")
    main = next((name for name in names if MeasureName.parse(name).quantity.startswith("pixel_f1")), names[0])
    group = MeasureName.parse(main).group
    wanted = [
        name
        for name in names
        if (parts := MeasureName.parse(name)).quantity in SCORE_AUCS
        or (parts.quantity in _BESIDE and parts.group == group)
    ]
    return (main, *(name for name in wanted if name != main))


def _check_same_truth(results: Sequence[ResultFile]) -> None:
    """The same pictures have the same labels and the same blind guess, whoever scores them."""
    first = results[0]
    labels = {picture.image: (picture.label, picture.sha256) for picture in first.pictures}
    for other in results[1:]:
        both = f"{first.path} and {other.path}"
        for picture in other.pictures:
            if labels.get(picture.image, (picture.label, picture.sha256)) != (picture.label, picture.sha256):
                raise WrongUsage(f"{both}: {picture.image} differs (file or label), the manifest does not; score anew")
        for name, measure in first.measures.items():
            theirs = other.measures.get(name)
            if theirs is None or measure.prior is None or theirs.prior is None or theirs.n != measure.n:
                continue
            if abs(theirs.prior.mean - measure.prior.mean) > _SAME:
                raise WrongUsage(f"{both}: the prior of {name} differs though the manifest does not; score both anew")


def _baselines(results: Sequence[ResultFile], columns: Sequence[str]) -> list[Entry]:
    """The rows of those who look at no picture, as far as the files hold them."""
    # Of the file with the most pictures: a map is never missing from it for reasons of its own.
    fullest = max(results, key=lambda result: result.counts.get("scored", 0))
    found = [fullest.measures.get(name) for name in columns]
    headers = next((result.header for result in results if result.header is not None), None)
    rows = {
        "prior: blind guess at the center": [_as_measure(m, m.prior) if m else None for m in found],
        "everything marked": [_constant(measure) for measure in found],
        "file headers alone": [
            Measure(name, headers.n, headers.mean, headers) if headers and _is_score_auc(name) else None
            for name in columns
        ],
    }
    return [Entry(name, True, tuple(measures)) for name, measures in rows.items() if any(measures)]


def _is_score_auc(name: str) -> bool:
    return MeasureName.parse(name).quantity in SCORE_AUCS


def _as_measure(measure: Measure, interval: Interval | None) -> Measure | None:
    if interval is None:
        return None
    # Pooled numbers of the prior come without an interval, as one of no width.
    return Measure(measure.name, interval.n, interval.mean, interval if interval.low < interval.high else None)


def _constant(measure: Measure | None) -> Measure | None:
    if measure is None or measure.all_one is None:
        return None
    return Measure(measure.name, measure.n, measure.all_one)


def _rank(column: str, entry: Entry) -> tuple[bool, float, str]:
    """Best first; what has no main number comes last."""
    main = entry.measures[0]
    if main is None:
        return True, 0.0, entry.name
    return False, main.value if MeasureName.parse(column).lower_is_better else -main.value, entry.name
