"""Does the in-situ power test tell where real forgeries are found, better than the facts of their files do?

    python -m benchmarks.power measure MANIFEST --set NAME --out FILE.jsonl [--limit N] [--edits 48]
    python -m benchmarks.power report FILE.jsonl ... [--out FILE.json]

``measure`` takes the forged pictures of a manifest: how well their map is (F1 and AUC) and what the power test finds of
edits planted in them; pictures that are in the file already are not measured again. ``report`` orders the pictures by
what was found of the planted edits, and asks whether the mean loss of the first ones is lower (AURC; as
``tracefuse selective``) than when they are ordered by a gate made of the files' facts alone, fitted out of fold by
source.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from forensics.analysis.power.measurement import PowerTest
from forensics.calibration.facts import file_facts
from forensics.cli.evaluate import spread
from forensics.data.manifest import ManifestRow, read_manifest
from forensics.evaluation.metrics import f1_score, roc_auc
from forensics.evaluation.report import spelled
from forensics.evaluation.selective.confidences import Answer, all_confidences
from forensics.evaluation.selective.gate import file_gate
from forensics.evaluation.selective.judged import JudgedPicture, facts_table
from forensics.evaluation.selective.summary import ConfidenceRow, localization_rows
from forensics.evaluation.subject import open_subject, source_of
from forensics.evaluation.truth import Excluded
from forensics.inference import Predictor
from signals.errors import UnreadableImage
from signals.orientation import upright

LEAST_PICTURES = 20
# What counts as success, 0..1, by the name of the loss that lacks it.
SUCCESSES: Mapping[str, Callable[[Mapping[str, Any]], float]] = {
    "1 - F1": lambda row: row["f1"],
    "F1 below 0.5": lambda row: float(row["f1"] >= 0.5),
    "1 - AUC": lambda row: row["auc"],
    "score below 0.5": lambda row: float(row["score"] >= 0.5),
}
BOTH = "facts and planted edits"


def main() -> None:
    """Measures or reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure")
    measuring.add_argument("manifest", type=Path)
    measuring.add_argument("--set", required=True)
    measuring.add_argument("--out", type=Path, required=True)
    measuring.add_argument("--limit", type=int)
    measuring.add_argument("--edits", type=int, default=PowerTest.edits)
    measuring.add_argument("--checkpoint", default="default")
    measuring.add_argument("--device", default="auto")
    reporting = commands.add_parser("report")
    reporting.add_argument("files", type=Path, nargs="+")
    reporting.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "measure":
        measure(arguments)
    else:
        report([json.loads(line) for file in arguments.files for line in file.open()], arguments.out)


def measure(arguments: argparse.Namespace) -> None:
    """Appends one line a picture to the file."""
    forged = [row for row in read_manifest(arguments.manifest) if row.label == 1]
    known = set()
    if arguments.out.exists():
        known = {(row["set"], row["image"]) for row in map(json.loads, arguments.out.open())}
    predictor, test = Predictor.load(arguments.checkpoint, arguments.device), PowerTest(arguments.edits)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    for row in spread(forged, arguments.limit):
        if (arguments.set, row.image.name) in known:
            continue
        started = time.perf_counter()
        try:
            measured = measure_picture(predictor, test, row)
        except (Excluded, UnreadableImage) as error:
            print(f"{row.image.name}: left out, {error}", flush=True)
            continue
        with arguments.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"set": arguments.set, "image": row.image.name, **measured}) + "\n")
        found, seconds = measured["power"]["total"]["found"], time.perf_counter() - started
        told = f"F1 {measured['f1']:.2f}, planted {found['count']}/{found['of']}, {seconds:.0f} s"
        print(f"{row.image.name}: {told}", flush=True)


def measure_picture(predictor: Predictor, test: PowerTest, row: ManifestRow) -> dict[str, Any]:
    """What the map of a forged picture is worth, and what was found of edits planted in it."""
    subject = open_subject(row)
    assert subject.truth is not None
    evidence = subject.evidence
    prediction = predictor.predict(evidence)
    map_ = upright(prediction.map, evidence.orientation)
    power = test.measure(predictor, evidence).to_json()
    return {
        "source": source_of(row) or row.image.name,
        "area": float(subject.truth.mean()),
        "f1": f1_score(map_, subject.truth, subject.decoded),
        "auc": roc_auc(map_, subject.truth, subject.decoded),
        "score": prediction.score,
        "confidences": all_confidences(Answer(map_, prediction.score, None)),
        "facts": file_facts(evidence),
        "checkpoint": predictor.checkpoint.sha256,
        "power": power,
    }


def report(rows: Sequence[Mapping[str, Any]], out: Path | None) -> None:
    """Prints a table a loss, for all pictures together and for each set of 20 or more."""
    usable = [row for row in rows if row["power"]["reason"] is None and row["auc"] is not None]
    print(f"{len(usable)} of {len(rows)} pictures; left out: too small to plant in, or the mask covers everything")
    written: dict[str, Any] = {}
    large = [name for name, count in Counter(row["set"] for row in usable).items() if count >= LEAST_PICTURES]
    for name in ["all", *sorted(large)]:
        chosen = [row for row in usable if name in ("all", row["set"])]
        for loss, success in SUCCESSES.items():
            if len({success(row) for row in chosen}) == 1:
                print(f"{name}: {loss}: the same for all {len(chosen)} pictures, so that no order is better")
                continue
            found = order(chosen, success)
            written.setdefault(name, {})[loss] = [asdict(line) for line in found]
            Console().print(table(f"{name}: {loss} ({len(chosen)} pictures)", found))
    if out is not None:
        out.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


def order(rows: Sequence[Mapping[str, Any]], success: Callable[[Mapping[str, Any]], float]) -> list[ConfidenceRow]:
    """Every order of the pictures against one loss."""
    numbers = planted(rows)
    judged = [judge(row, success(row), found) for row, found in zip(rows, numbers, strict=True)]
    told = [replace(picture, facts={**picture.facts, **found}) for picture, found in zip(judged, numbers, strict=True)]
    losses = [picture.localization_loss for picture in judged]
    both = file_gate(facts_table(told), losses, [picture.source for picture in judged])
    if both is not None:
        judged = [
            replace(picture, confidences={**picture.confidences, BOTH: float(value)})
            for picture, value in zip(judged, both, strict=True)
        ]
    return sorted(localization_rows(judged), key=lambda line: line.aurc.mean)


def judge(row: Mapping[str, Any], success: float, found: Mapping[str, float]) -> JudgedPicture:
    """A picture whose localization loss is the success it lacks."""
    source = f"{row['set']}/{row['source']}"
    return JudgedPicture(source, 1, row["score"], success, 0.0, {**row["confidences"], **found}, row["facts"])


def planted(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """What the power test says of each picture, as numbers of which larger is better.

    A picture all of whose windows are called anyway has no share of called edits; it gets the mean, which says nothing.
    """
    powers = [row["power"] for row in rows]
    shares = [share(power["total"]["called"]) for power in powers]
    known = [value for value in shares if value is not None]
    mean = sum(known) / max(1, len(known))
    return [
        {
            "planted: found": share(power["total"]["found"]) or 0.0,
            "planted: called": mean if called is None else called,
            "planted: mean overlap": float(np.mean([edit["overlap"] for edit in power["edits"]])),
            "unedited: not marked": 1 - power["unedited"]["marked_fraction"],
        }
        for power, called in zip(powers, shares, strict=True)
    ]


def share(count: Mapping[str, Any]) -> float | None:
    """So many of so many; None of none."""
    return count["count"] / count["of"] if count["of"] else None


def table(title: str, rows: Iterable[ConfidenceRow]) -> Table:
    """One line an order, the best first."""
    rendered = Table("order by", "AURC [95 %]", "E-AURC", "gain over file facts [95 %]", title=title)
    for row in rows:
        gain = spelled(row.gain, signed=True) if row.gain else "-"
        rendered.add_row(row.name, spelled(row.aurc), f"{row.excess_aurc:.3f}", gain)
    return rendered


if __name__ == "__main__":
    main()
