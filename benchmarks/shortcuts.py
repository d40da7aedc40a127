"""Whether a forged set can be told from its pristine twins without looking for forgery.

    tracefuse forge --photos PHOTOS --split train --count 2000 --seed 1 --jobs 2 --out FORGED
    python -m benchmarks.shortcuts FORGED [--out FILE.json]

Gradient boosting, five folds that keep all pictures of a host photo together, out-of-fold AUC with its 95 % interval
over host photos. The container features (sizes, format, tables, sampling, markers, and the number of compressions as
the history tells it) must stay at or below .55: exit code 1 if they do not. Features of the content (bytes, sharpness,
noise) are reported; an edit changes what a picture shows, so they need not be blind.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.analyze import describe_machine
from forensics.data.forge.plan import PicturePlan
from forensics.data.forge.writing.writer import read_histories
from forensics.data.manifest import ManifestRow, read_manifest
from forensics.evaluation.bootstrap import Interval, auc_interval
from forensics.evaluation.container import content_features, header_row, header_scores
from forensics.evaluation.report import spelled, write_json
from signals import Evidence

LARGEST_AUC = 0.55


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="as written by tracefuse forge")
    parser.add_argument("--out", type=Path, help="JSON file")
    arguments = parser.parse_args()
    rows = read_manifest(arguments.folder / "manifest.csv")
    histories = read_histories(arguments.folder / "history.jsonl")
    labels, sources = [row.label for row in rows], [row.columns["source"] for row in rows]
    container, content = tables(rows, [count_compressions(history) for history in histories])
    found = {
        "container": auc(container, labels, sources),
        "content": auc(content, labels, sources),
        "both": auc(np.hstack([container, content]), labels, sources),
    }
    table = Table(title=f"{len(rows)} pictures of {len(set(sources))} host photos", title_justify="left")
    for title in ("features", "number", "out-of-fold AUC", "must be"):
        table.add_column(title)
    widths = {"container": container.shape[1], "content": content.shape[1]}
    widths["both"] = sum(widths.values())
    for name, interval in found.items():
        limit = f"<= {LARGEST_AUC:.2f}" if name == "container" else "-"
        # An escaped bracket, which rich would take for markup.
        table.add_row(name, str(widths[name]), spelled(interval).replace("[", "\\["), limit)
    Console().print(table)
    print(describe_machine())
    if arguments.out:
        write_json(arguments.out, {name: asdict(interval) for name, interval in found.items()})
    sys.exit(int(found["container"].mean > LARGEST_AUC))


def tables(rows: list[ManifestRow], compressions: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The features of every picture, ``[n, F]``: those of the container with the compressions, those of the content."""
    container, content = [], []
    for row, count in zip(rows, compressions, strict=True):
        evidence = Evidence.open(row.image)
        container.append([*header_row(evidence), count])
        content.append(list(content_features(evidence).values()))
    return np.array(container, np.float64), np.array(content, np.float64)


def count_compressions(history: dict[str, object]) -> int:
    """How often the host was compressed with loss, the file's own save included: more than anybody can read."""
    plan = PicturePlan.from_json({key: value for key, value in history.items() if key != "image"})
    saves = [plan.host.first_save, *plan.chain.steps, plan.chain.final]
    return sum(save is not None and save.name in ("kept", "jpeg", "webp") for save in saves)


def auc(features: NDArray[np.float64], labels: list[int], sources: list[str]) -> Interval:
    """Area under the ROC curve of pictures by a classifier that never saw their host."""
    found = header_scores(features, labels, sources)
    if found.scores is None:
        sys.exit(f"no classifier could be trained: {found.reason}")
    interval = auc_interval(found.scores, labels, sources)
    assert interval is not None
    return interval


if __name__ == "__main__":
    main()
