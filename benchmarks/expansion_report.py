"""The tables of ``benchmarks.expansion``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.bootstrap import Interval, mean_interval, paired_difference
from forensics.evaluation.metrics import roc_auc
from forensics.evaluation.report import spelled, write_json

Runs = Mapping[str, Sequence[Mapping[str, Any]]]
MEASURES = {"auc": "pixel AUC", "f1": "pixel F1"}
SINGLE = ("rgb", "dct", "splicebuster_counts")
STREAMS = {
    "rgb": "{rgb}",
    "dct": "{dct}",
    "splicebuster_counts": "{splicebuster_counts}",
    "base": "base {rgb, dct}",
    "expanded": "base expanded by splicebuster_counts",
    "scratch": "{rgb, dct, splicebuster_counts} from scratch",
}


def report(runs: Runs, settings: Mapping[str, Any], machine: Mapping[str, str], out: Path) -> None:
    """Writes ``expansion.json`` and ``expansion.md`` from the runs of each network that are there, one a seed."""
    runs = {name: found for name, found in runs.items() if found}
    numbers = {"settings": settings, "machine": machine, "networks": networks(runs), "differences": differences(runs)}
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "expansion.json", numbers)
    (out / "expansion.md").write_text(markdown(numbers), encoding="utf-8")


def networks(runs: Runs) -> dict[str, Any]:
    """Scores, seconds and sizes of each network; intervals over pictures, each the mean over its seeds."""
    rows: dict[str, Any] = {"prior": prior(runs)}
    for name, found in runs.items():
        rows[name] = {
            **{measure: vars(_known(mean_interval(list(by_picture(found, measure))))) for measure in MEASURES},
            "auc_by_seed": [float(np.mean(by_picture([one], "auc"))) for one in found],
            "f1_by_seed": [float(np.mean(by_picture([one], "f1"))) for one in found],
            "score_auc_by_seed": [score_auc(one) for one in found],
            "seconds": {
                clock: float(np.mean([one["seconds"][clock] for one in found])) for clock in ("wall", "processor")
            },
            "parameters": found[0]["parameters"],
            "trained_parameters": found[0]["trained_parameters"],
        }
    return rows


def prior(runs: Runs) -> dict[str, Any]:
    """What somebody scores who never looks at the picture."""
    pictures = [p for p in next(iter(runs.values()))[0]["pictures"] if p["label"]]
    discs = np.array([p["prior_f1"] for p in pictures])
    best = discs[:, discs.mean(0).argmax()]
    return {
        "auc": vars(_known(mean_interval([p["prior_auc"] for p in pictures if p["auc"] is not None]))),
        "f1": vars(_known(mean_interval(list(best)))),
    }


def differences(runs: Runs) -> list[dict[str, Any]]:
    """Pairs of networks on the same pictures."""
    rows = []
    for measure in MEASURES:
        best = max((n for n in SINGLE if n in runs), key=lambda n: by_picture(runs[n], measure).mean(), default=None)
        pairs = [("expanded", "base"), ("expanded", "scratch"), ("scratch", "base"), ("base", best), ("scratch", best)]
        for first, second in pairs:
            if first not in runs or second not in runs:
                continue
            seeds = min(len(runs[first]), len(runs[second]))
            one, other = (by_picture(runs[name][:seeds], measure) for name in (first, second))
            each = [
                float(np.mean(by_picture([a], measure) - by_picture([b], measure)))
                for a, b in zip(runs[first], runs[second], strict=False)
            ]
            interval = _known(paired_difference(list(one), list(other)))
            rows.append({"measure": measure, "first": first, "second": second, **vars(interval), "by_seed": each})
    return rows


def by_picture(found: Sequence[Mapping[str, Any]], measure: str) -> NDArray[np.float64]:
    """One value a forged picture, the mean over the seeds."""
    values = [[p[measure] for p in one["pictures"] if p[measure] is not None] for one in found]
    return np.asarray(np.mean(values, axis=0), np.float64)


def score_auc(one: Mapping[str, Any]) -> float | None:
    """How well the score tells forgeries from their pristine twins."""
    scores = np.array([p["score"] for p in one["pictures"]])
    return roc_auc(scores, np.array([p["label"] == 1 for p in one["pictures"]]))


def markdown(numbers: Mapping[str, Any]) -> str:
    """Both tables."""
    settings = numbers["settings"]
    lines = [
        f"{settings['pictures']} training pictures of {settings['side']} px, {settings['epochs']} epochs, "
        f"{settings['test_pictures']} test pictures (half pristine twins) of other cameras; "
        + ", ".join(f"{name} {value}" for name, value in numbers["machine"].items()),
        "",
        "| network | pixel AUC | pixel F1 | score AUC | seconds | trained parameters | of all |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in numbers["networks"].items():
        scores = " | ".join(spelled(Interval(**row[measure])) for measure in MEASURES)
        if name == "prior":
            lines.append(f"| content-free prior | {scores} | - | - | 0 | - |")
            continue
        share = row["trained_parameters"] / row["parameters"]
        lines.append(
            f"| {STREAMS[name]} | {scores} | {np.mean(row['score_auc_by_seed']):.3f} "
            f"| {row['seconds']['wall']:.0f} | {row['trained_parameters']:,} | {share:.0%} |"
        )
    lines += ["", "| difference, paired by picture | measure | mean [95 %] | by seed | |", "|---|---|---|---|---|"]
    for row in numbers["differences"]:
        interval = Interval(row["mean"], row["low"], row["high"], row["n"])
        verdict = "shown" if interval.low > 0 or interval.high < 0 else "not shown to differ"
        seeds = ", ".join(f"{value:+.3f}" for value in row["by_seed"])
        lines.append(
            f"| {row['first']} - {row['second']} | {MEASURES[row['measure']]} | {spelled(interval, signed=True)} "
            f"| {seeds} | {verdict} |"
        )
    return "\n".join(lines) + "\n"


def _known(interval: Interval | None) -> Interval:
    assert interval is not None, "no forged picture"
    return interval
