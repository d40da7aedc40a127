"""Curves of one training run, however often it was stopped and resumed.

    python -m benchmarks.training_curves runs/lightning_logs --out DIR

Reads every ``version_N/metrics.csv`` of the folder; where two legs hold the same step, the later one counts. Writes
``loss.svg`` (training loss, the mean of each epoch, and validation loss) and ``validation.svg`` (pixel AUC, F1 and the
AUC of the score on the validation forgeries).
"""

from __future__ import annotations

import argparse
import csv
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.line_plot import draw_lines

VALIDATION = {"val/auc": "pixel AUC", "val/f1": "pixel F1", "val/score_auc": "score AUC"}

Points = Sequence[tuple[float, float]]


def main() -> None:
    """Draws both plots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", type=Path, help="folder that holds version_0, version_1, ...")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    logged = read_legs(given.logs)
    epochs = [step for step, _ in logged["val/loss"]]
    losses = {"training": by_epoch(logged["train/loss"], epochs), "validation": logged["val/loss"]}
    measures = {said: logged[name] for name, said in VALIDATION.items() if name in logged}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "loss.svg").write_text(_plot(losses, "Loss", "loss"), encoding="utf-8")
    (given.out / "validation.svg").write_text(_plot(measures, "On the validation forgeries", "value"), encoding="utf-8")


def read_legs(logs: Path) -> Mapping[str, Points]:
    """Points ``(steps done, value)`` by the name of what was logged, in the order of the steps."""
    legs = sorted(logs.glob("version_*/metrics.csv"), key=lambda path: int(path.parent.name.rpartition("_")[2]))
    logged: dict[str, dict[int, float]] = defaultdict(dict)
    for leg in legs:
        with leg.open(newline="") as file:
            for row in csv.DictReader(file):
                step = int(row["step"]) + 1
                for name, value in row.items():
                    if value and name not in ("epoch", "step"):
                        logged[name][step] = float(value)
    return {name: sorted(points.items()) for name, points in logged.items()}


def by_epoch(points: Points, ends: Sequence[float]) -> Points:
    """Means of the values up to each end from the one before."""
    means = []
    for before, end in zip([0.0, *ends], ends, strict=False):
        values = [value for step, value in points if before < step <= end]
        if values:
            means.append((end, float(np.mean(values))))
    return means


def _plot(lines: Mapping[str, Points], title: str, y_label: str) -> str:
    least = min(y for points in lines.values() for _, y in points)
    return draw_lines(lines, title, x_label="steps", y_label=y_label, y_from=math.floor(least * 10) / 10)


if __name__ == "__main__":
    main()
