"""Does every signal find the trace it reads, and is it silent on a twin of equal content without that trace?

    python -m benchmarks.traces --photos FOLDER --manifest MANIFEST.csv [--split test] [--signal NAME ...]

Prints, for each signal, the pixel AUC inside against outside the altered area (mean over pictures, 95 % bootstrap
over pictures): on the forgeries, on the twins with the same area, and of the content-free prior, the closeness to
the center. A score is taken as it is; of a feature, how far its drawing lies from the picture's median. ``marked``
is the share of valid cells with a score of .75 and above: one in 1000 by the reference of untouched photos.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import rankdata

from benchmarks.trace_forgeries import TRACES, Pair, make_scene
from signals import Evidence, Signal, SignalMap, get_signal
from signals.drawing_plane import drawing_plane

MARKED = 0.75


@dataclass(frozen=True)
class Outcome:
    """One signal on one pair; NaN where it could not read the picture or one class has no valid cell."""

    forged: float
    twin: float
    prior: float
    marked_inside: float
    marked_twin: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--signal", action="append", help="only these")
    parser.add_argument("--limit", type=int, default=24)
    parser.add_argument("--out", type=Path, help="the figures as JSON")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with arguments.manifest.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == arguments.split][: arguments.limit]
    photos = [Evidence.open(arguments.photos / row["file"]).pixels for row in rows]
    table = Table("signal", "trace", "n", "forged", "twin", "prior", "marked inside", "marked on twins")
    figures = {}
    for title, trace in TRACES.items():
        wanted = [name for name in trace.signals if not arguments.signal or name in arguments.signal]
        if not wanted:
            continue
        outcomes: dict[str, list[Outcome]] = {name: [] for name in wanted}
        for number, photo in enumerate(photos):
            donor = photos[(number + 7) % len(photos)]
            pair = trace.make(make_scene(photo, donor, seed=number, native=trace.native))
            for name in wanted:
                outcomes[name].append(judge(get_signal(name), pair))
        for name in wanted:
            summary = {key: interval([asdict(o)[key] for o in outcomes[name]]) for key in asdict(outcomes[name][0])}
            score = get_signal(name).spec.kind == "score"
            read = int(np.isfinite([o.forged for o in outcomes[name]]).sum())
            figures[name] = {"trace": title, "pictures": read, **summary}
            shares = [f"{summary[key][0]:.3f}" if score else "-" for key in ("marked_inside", "marked_twin")]
            table.add_row(name, title, str(read), *(_text(summary[k]) for k in ("forged", "twin", "prior")), *shares)
    Console(width=190).print(table)
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def judge(signal: Signal, pair: Pair) -> Outcome:
    """Runs a signal on both pictures of a pair."""
    forged, twin = signal.extract(pair.forged), signal.extract(pair.twin)
    inside, prior = _on_grid(pair.mask.astype(np.float32), forged), _on_grid(_closeness(pair.mask.shape), forged)
    return Outcome(
        area_auc(reading(signal, forged), inside > 0.5, forged.valid),
        area_auc(reading(signal, twin), _on_grid(pair.mask.astype(np.float32), twin) > 0.5, twin.valid),
        area_auc(prior, inside > 0.5, forged.valid),
        _marked(forged, inside > 0.5),
        _marked(twin, np.ones(twin.valid.shape, dtype=np.bool_)),
    )


def reading(signal: Signal, found: SignalMap) -> NDArray[np.float32]:
    """High where the signal says altered."""
    if not found.usable:
        return np.zeros((0, 0), dtype=np.float32)
    if signal.spec.kind == "score":
        return np.asarray(found.values[0], dtype=np.float32)
    plane = drawing_plane(signal, found)
    if found.spec.stride < 8:  # residuals pixel by pixel are judged by their mean nearby
        plane = cv2.blur(plane, (17, 17))
    return np.abs(plane - np.median(plane[found.valid])) if found.valid.any() else plane


def area_auc(values: NDArray[np.float32], inside: NDArray[np.bool_], valid: NDArray[np.bool_]) -> float:
    """Area under the ROC curve of valid cells, ties counted half; NaN without both classes."""
    truth = inside[valid]
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not positive or not negative:
        return float("nan")
    ranks = rankdata(values[valid])
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def interval(values: list[float]) -> tuple[float, float, float]:
    """Mean and 95 % percentile bootstrap over pictures."""
    known = np.array([value for value in values if np.isfinite(value)])
    if not known.size:
        return float("nan"), float("nan"), float("nan")
    draws = np.random.default_rng(0).integers(0, known.size, (2000, known.size))
    low, high = np.quantile(known[draws].mean(axis=1), (0.025, 0.975))
    return float(known.mean()), float(low), float(high)


def _on_grid(plane: NDArray[np.float32], found: SignalMap) -> NDArray[np.float32]:
    """The mean of a plane of the picture's size over each cell of a map."""
    rows, columns = found.valid.shape
    stride, offset = found.spec.stride, found.spec.offset
    moved = np.pad(plane[offset:, offset:], ((0, rows * stride), (0, columns * stride)), mode="edge")
    return moved[: rows * stride, : columns * stride].reshape(rows, stride, columns, stride).mean(axis=(1, 3))


def _closeness(shape: tuple[int, int]) -> NDArray[np.float32]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    distance = np.hypot(rows - (shape[0] - 1) / 2, columns - (shape[1] - 1) / 2)
    return np.asarray(-distance / distance.max(), dtype=np.float32)


def _marked(found: SignalMap, where: NDArray[np.bool_]) -> float:
    cells = found.values[0][found.valid & where] if found.usable else np.zeros(0)
    return float((cells >= MARKED).mean()) if cells.size else float("nan")


def _text(summary: tuple[float, float, float]) -> str:
    mean, low, high = summary
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
