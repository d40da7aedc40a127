"""Every score signal and a checkpoint on a list of sets: one table, one protocol, the prior beside every number.

    python -m benchmarks.signal_table MANIFEST... --results DIR [--checkpoint default ...] [--signal NAME ...]
        [--limit N] [--device cpu] [--out TABLE.md]

One picture is in memory at a time. Every finished pair of a signal and a set leaves ``DIR/<set>/<signal>.json``, the
file that ``tracefuse evaluate --out`` writes, and is not scored again: a stopped command goes on where it was. Where
the manifest, the limit, the definition, the version of the signal or the weights changed, it is scored anew.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forensics.cli.evaluate import choose_source, spread
from forensics.data.manifest import ManifestRow, read_manifest
from forensics.evaluation.evaluate import evaluate
from forensics.evaluation.maps import MapSource, score_signals
from forensics.evaluation.protocols import get_protocol
from forensics.evaluation.report import write_json
from forensics.evaluation.result import SCHEMA, EvaluatedSet, to_json

PROTOCOL = "tracefuse"
HEAD = (
    "| | F1@0.5 [95 %] | gain over the prior [95 %] | AUC [95 %] | gain over the prior [95 %] "
    "| F1 by oracle | without a map | false alarm area | image AUC [95 %] |",
    "|---|---|---|---|---|---|---|---|---|",
)
# What stands before the measures, and what is said of it.
MEANINGS = {"": "", "both_ends/": ", masks that mark both ends of a copy"}
Result = Mapping[str, Any]


def main() -> None:
    """Scores what is missing, then writes the table of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifests", type=Path, nargs="+", metavar="MANIFEST")
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--checkpoint", nargs="*", default=["default"])
    parser.add_argument("--signal", nargs="*", help="by default all scores")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    signals = score_signals() if arguments.signal is None else arguments.signal
    scored = [*((name, None) for name in arguments.checkpoint), *((None, name) for name in signals)]
    tables = []
    for manifest in arguments.manifests:
        of = EvaluatedSet.of(manifest, arguments.limit)
        rows = spread(read_manifest(manifest), arguments.limit)
        sources = (choose_source(rows, checkpoint, None, signal, arguments.device) for checkpoint, signal in scored)
        tables.append([finished(source, of, rows, manifest.parent, arguments.results) for source in sources])
    text = markdown(tables)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    print(text)


def finished(source: MapSource, of: EvaluatedSet, rows: Sequence[ManifestRow], folder: Path, results: Path) -> Result:
    """The result of a source of maps on a set, from its file where there is one.

    Args:
        source: Gives the maps.
        of: The set.
        rows: Its pictures.
        folder: Of its manifest.
        results: Where the files are.
    """
    what = dict(source.description)
    file = results / of.name / f"{what['name']}.json"
    if file.is_file():
        known = json.loads(file.read_text())
        if _same(known, of, what):
            return dict(known)
    began = time.perf_counter()
    result = to_json(evaluate(rows, source, get_protocol(PROTOCOL), folder=folder), of)
    write_json(file, result)
    print(f"{of.name} {what['name']}: {(time.perf_counter() - began) / len(rows):.2f} s a picture", flush=True)
    return result


def markdown(tables: Sequence[Sequence[Result]]) -> str:
    """The definition, then a table for each set and meaning of its masks; what marks best comes first."""
    definition = tables[0][0]["definition"]
    sections = [
        section(results, meaning)
        for results in tables
        for meaning in MEANINGS
        if f"{PROTOCOL}/{meaning}pixel_f1@0.5" in results[0]["measures"]
    ]
    return f"Protocol `{PROTOCOL}`. {definition}\n\n" + "\n".join(sections)


def section(results: Sequence[Result], meaning: str) -> str:
    """The table of a set; its two last rows have seen no picture."""
    first = results[0]
    counts, measures = first["counts"], _measures(first, meaning)
    forged = measures["pixel_f1@0.5"]["n"]
    ordered = sorted(results, key=lambda result: -_measures(result, meaning)["pixel_f1@0.5"]["value"])
    lines = [
        f"### {first['set']['name']}{MEANINGS[meaning]}",
        "",
        f"{forged} forged and {counts['authentic']} authentic pictures, of {counts['sources']} sources in all; "
        f"{counts['excluded']} excluded. File headers alone: {_header(first)}.",
        "",
        *HEAD,
        *(_line(result, meaning) for result in ordered),
        _prior_line(measures),
        _all_one_line(measures),
        "",
    ]
    return "\n".join(lines)


def _same(known: Result, of: EvaluatedSet, what: Mapping[str, Any]) -> bool:
    """Whether a finished file is of this set, of this source of maps, and of numbers that mean the same."""
    if (known["schema"], known["definition"]) != (SCHEMA, get_protocol(PROTOCOL).definition):
        return False
    pinned = ("kind", "name", "version", "sha256")
    return known["set"] == vars(of) and all(known["source"].get(name) == what.get(name) for name in pinned)


def _line(result: Result, meaning: str) -> str:
    measures = _measures(result, meaning)
    f1, auc = measures.get("pixel_f1@0.5"), measures.get("pixel_auc")
    cells = (
        f"`{result['source']['name']}`" + (" (checkpoint)" if result["source"]["kind"] == "checkpoint" else ""),
        _interval(f1),
        _interval(f1, "gain", "+"),
        _interval(auc),
        _interval(auc, "gain", "+"),
        _number(measures.get("pixel_f1@oracle")),
        f"{result['counts']['failed']} of {result['counts']['scored']}",
        _number(measures.get("false_alarm_area")),
        _interval(measures.get("score_auc")),
    )
    return f"| {' | '.join(cells)} |"


def _prior_line(measures: Mapping[str, Any]) -> str:
    f1, auc, oracle = (measures.get(name) for name in ("pixel_f1@0.5", "pixel_auc", "pixel_f1@oracle"))
    blind = [_interval(found, "prior") for found in (f1, auc)]
    best = "-" if oracle is None else f"{oracle['prior']['mean']:.3f}"
    return f"| content-free prior | {blind[0]} | | {blind[1]} | | {best} | | | |"


def _all_one_line(measures: Mapping[str, Any]) -> str:
    f1, auc, oracle = (measures.get(name) for name in ("pixel_f1@0.5", "pixel_auc", "pixel_f1@oracle"))
    values = ["-" if found is None else f"{found['all_one']:.3f}" for found in (f1, auc, oracle)]
    return f"| everything marked | {values[0]} | | {values[1]} | | {values[2]} | | 1.000 | |"


def _header(result: Result) -> str:
    header = result["baselines"]["header"]
    if header is None:
        return "one class only, nothing to tell apart"
    if header["auc"] is None:
        return f"not measured, {header['reason']}"
    return f"image AUC {_spelled(header['auc'])}"


def _measures(result: Result, meaning: str) -> dict[str, Any]:
    """By quantity: those of localization with masks of that meaning, and those of authentic pictures and scores."""
    named = {name.removeprefix(f"{PROTOCOL}/"): measure for name, measure in result["measures"].items()}
    return named | {name.removeprefix(meaning): measure for name, measure in named.items() if name.startswith(meaning)}


def _number(measure: Mapping[str, Any] | None) -> str:
    return "-" if measure is None else f"{measure['value']:.3f}"


def _interval(measure: Mapping[str, Any] | None, name: str = "interval", sign: str = "") -> str:
    return "-" if measure is None or measure[name] is None else _spelled(measure[name], sign)


def _spelled(interval: Mapping[str, float], sign: str = "") -> str:
    return f"{interval['mean']:{sign}.3f} [{interval['low']:{sign}.3f}, {interval['high']:{sign}.3f}]"


if __name__ == "__main__":
    main()
