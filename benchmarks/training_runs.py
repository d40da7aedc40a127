"""Runs of OMG-Fuser and of the multi-stream network: the commands as typed, their curves and their throughput.

    python -m benchmarks.training_runs --photos PHOTOS --out DIR [--size small|paper] [--steps N] [--model NAME ...]

Every run is one ``tracefuse train fit`` in a process of its own, on forgeries made while it trains. Waiting is what
Lightning's profiler finds between the steps; on a GPU it is the most that the GPU can have been idle for want of data.
A run that is finished is not run again: a stopped command goes on where it was. Writes ``training.md``,
``training.json``, ``auc.svg`` and ``loss.svg``.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import platform
import resource
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.line_plot import draw_lines
from forensics.data.datamodule import ForgedDataModule
from forensics.evaluation.metrics import roc_auc
from forensics.evaluation.prior import closeness
from forensics.evaluation.report import write_json
from forensics.models.checkpoint import find_checkpoint

MODELS = ("omgfuser_feature", "omgfuser_score", "multistream")
# Each size's configuration of a model; the published sizes bring their own recipe.
CONFIGS = {"tiny": "model/{}_tiny", "small": "model/{}_small", "paper": "experiment/{}_paper"}
SIDES = {"omgfuser_feature": 448, "omgfuser_score": 224, "multistream": 256}
FETCH, STEP = "[_TrainingEpochLoop].train_dataloader_next", "run_training_batch"


@dataclass(frozen=True)
class Amount:
    """How much a run does; the same for all models."""

    steps: int
    epochs: int
    batch_size: int
    validation_batches: int
    side: int | None
    workers: int


@dataclass(frozen=True)
class Run:
    """What a finished run says of itself.

    Attributes:
        model: Name of the network.
        signals: What it reads beside the pixels.
        parameters: How many of its numbers trained.
        steps: Optimizer steps.
        pictures: Training pictures, pristine twins counted.
        minutes: From start to exit: imports, training, validation, operating point.
        processors: Processor time over that time: the share of one processor the run had.
        pictures_per_second: Of the training loop alone.
        waiting: Share of the training loop in which the step waited for data.
        prior: Mean pixel AUC of the content-free prior on the forged validation pictures.
        auc: Validation AUC of the network, ``(step, value)`` after each epoch.
        losses: Mean training loss of each epoch, ``(step, value)`` at its end.
        validation_losses: The same of the validation.
        command: What was typed.
    """

    model: str
    signals: tuple[str, ...]
    parameters: int
    steps: int
    pictures: int
    minutes: float
    processors: float
    pictures_per_second: float
    waiting: float
    prior: float
    auc: tuple[tuple[int, float], ...]
    losses: tuple[tuple[int, float], ...]
    validation_losses: tuple[tuple[int, float], ...]
    command: str


def main() -> None:
    """Runs what is not there yet, then writes tables and curves of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", choices=CONFIGS, default="small")
    parser.add_argument("--model", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--steps", type=int, default=400, help="of every run, in all")
    parser.add_argument("--epochs", type=int, default=5, help="validations of every run")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--validation-batches", type=int, default=8)
    parser.add_argument("--side", type=int, help="of the pictures; 192, or that of the publication at its size")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    side = arguments.side or (None if arguments.size == "paper" else 192)
    amount = Amount(
        arguments.steps,
        arguments.epochs,
        arguments.batch_size,
        arguments.validation_batches,
        side,
        arguments.workers,
    )
    runs = [fit(name, arguments.size, amount, arguments.photos, arguments.out) for name in arguments.model]
    write_json(arguments.out / "training.json", {"machine": machine(), "runs": [asdict(run) for run in runs]})
    (arguments.out / "training.md").write_text(markdown(runs), encoding="utf-8")
    for name, plot in curves(runs).items():
        (arguments.out / f"{name}.svg").write_text(plot, encoding="utf-8")
    print(markdown(runs))


def machine() -> dict[str, str]:
    """Where it ran."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return {"machine": platform.machine(), "device": device, "torch": torch.__version__}


def fit(model: str, size: str, amount: Amount, photos: Path, out: Path) -> Run:
    """One run, or what an earlier one left."""
    folder = out / f"{model}_{size}"
    typed = command(model, size, amount, photos, folder)
    clock = folder / "clock.json"
    if not clock.is_file() or json.loads(clock.read_text())["command"] != shlex.join(typed):
        folder.mkdir(parents=True, exist_ok=True)
        wall, processor = time.perf_counter(), _processor_seconds()
        with (folder / "output.txt").open("w") as output:
            subprocess.run(typed, stdout=output, stderr=subprocess.STDOUT, check=True)
        spent = {"wall": time.perf_counter() - wall, "processor": _processor_seconds() - processor}
        clock.write_text(json.dumps({"command": shlex.join(typed), **spent}))
    return read(model, amount, photos, folder)


def command(model: str, size: str, amount: Amount, photos: Path, folder: Path) -> list[str]:
    """What a researcher would type."""
    settings: dict[str, Any] = {
        "config": CONFIGS[size].format(model),
        "data.photos": photos,
        "data.batch_size": amount.batch_size,
        "data.batches": amount.steps // amount.epochs,
        "data.validation_batches": amount.validation_batches,
        "data.workers": amount.workers,
        "trainer.max_epochs": amount.epochs,
        "trainer.log_every_n_steps": 1,
        "trainer.logger.init_args.save_dir": folder,
        "trainer.profiler": "lightning.pytorch.profilers.SimpleProfiler",
        "trainer.profiler.dirpath": folder,
        "trainer.profiler.filename": "profile",
        "export.folder": folder / "checkpoint",
        "export.pictures": 16,
    }
    if amount.side is not None:
        settings["data.sizes"] = f"[[{amount.side}, {amount.side}]]"
    options = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    return ["tracefuse", "train", "fit", *options]


def read(model: str, amount: Amount, photos: Path, folder: Path) -> Run:
    """What the run's own files say."""
    clock = json.loads((folder / "clock.json").read_text())
    checkpoint = find_checkpoint(folder / "checkpoint")
    rows = metrics(folder)
    seconds = profile(folder)
    loop = seconds[FETCH] + seconds[STEP]
    pictures = amount.steps // amount.epochs * amount.epochs * amount.batch_size
    return Run(
        model=checkpoint.fields["model"],
        signals=tuple(spec.name for spec in checkpoint.specs),
        parameters=sum(p.numel() for p in checkpoint.build().parameters() if p.requires_grad),
        steps=checkpoint.fields["training"]["steps"],
        pictures=pictures,
        minutes=clock["wall"] / 60,
        processors=clock["processor"] / clock["wall"],
        pictures_per_second=pictures / loop,
        waiting=seconds[FETCH] / loop,
        prior=prior(amount, photos, amount.side or SIDES[model]),
        auc=_column(rows, "val/auc"),
        losses=_by_epoch(_column(rows, "train/loss"), amount.steps // amount.epochs),
        validation_losses=_column(rows, "val/loss"),
        command=clock["command"],
    )


def metrics(folder: Path) -> list[dict[str, str]]:
    """The rows of the run's newest log."""
    newest = max(folder.rglob("metrics.csv"), key=lambda path: path.stat().st_mtime)
    with newest.open(newline="") as file:
        return list(csv.DictReader(file))


def profile(folder: Path) -> dict[str, float]:
    """Seconds of everything that Lightning's profiler has timed, by name."""
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in (folder / "fit-profile.txt").read_text().splitlines()
        if line.startswith("|")
    ]
    return {name: float(total) for name, _, calls, total, *_ in cells if calls.isdigit()}


def prior(amount: Amount, photos: Path, side: int) -> float:
    """Mean pixel AUC over the forged pictures of the validation, of somebody who never looks at them."""
    data = ForgedDataModule(photos, batch_size=amount.batch_size, validation_batches=amount.validation_batches)
    data.setup("fit")
    shown = closeness(side, side)
    values = []
    for index in range(amount.validation_batches * amount.batch_size):
        truth = data.validation_forger.forge(index, (side, side)).mask
        if truth.any():
            values.append(roc_auc(shown.ravel(), truth.ravel() > 0))
    return float(np.mean([value for value in values if value is not None]))


def markdown(runs: Sequence[Run]) -> str:
    """One row a run."""
    lines = [
        "| network | signals | trained parameters | steps | pictures | minutes | of one processor "
        "| pictures/s | waited for data | loss, first to last epoch | validation loss | validation AUC | prior |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for run in runs:
        lines.append(
            f"| `{run.model}` | {', '.join(f'`{name}`' for name in run.signals)} | {run.parameters:,} | {run.steps} "
            f"| {run.pictures} | {run.minutes:.1f} | {run.processors:.0%} | {run.pictures_per_second:.2f} "
            f"| {run.waiting:.0%} | {run.losses[0][1]:.3f} to {run.losses[-1][1]:.3f} "
            f"| {run.validation_losses[-1][1]:.3f} | {run.auc[-1][1]:.3f} | {run.prior:.3f} |"
        )
    return "\n".join(lines) + "\n"


def curves(runs: Sequence[Run]) -> Mapping[str, str]:
    """Plots of all runs, by file name; the prior is one line where all runs share their validation pictures."""
    priors = {run.prior for run in runs}
    levels = {"content-free prior": runs[0]} if len(priors) == 1 else {f"prior of {run.model}": run for run in runs}
    aucs: dict[str, Sequence[tuple[float, float]]] = {run.model: run.auc for run in runs}
    for name, run in levels.items():
        aucs[name] = [(0, run.prior), (run.steps, run.prior)]
    losses = {run.model: run.losses for run in runs}
    return {
        "auc": _plot(aucs, "Pixel AUC on validation forgeries after each epoch", "pixel AUC"),
        "loss": _plot(losses, "Training loss, mean of each epoch", "loss"),
    }


def _plot(lines: Mapping[str, Sequence[tuple[float, float]]], title: str, y_label: str) -> str:
    least = min(y for points in lines.values() for _, y in points)
    return draw_lines(lines, title, x_label="steps", y_label=y_label, y_from=math.floor(least * 10) / 10)


def _column(rows: Sequence[Mapping[str, str]], name: str) -> tuple[tuple[int, float], ...]:
    """Steps done and values, of the rows that have one."""
    return tuple((int(row["step"]) + 1, float(row[name])) for row in rows if row.get(name))


def _by_epoch(values: Sequence[tuple[int, float]], steps: int) -> tuple[tuple[int, float], ...]:
    ends = range(steps, values[-1][0] + 1, steps)
    return tuple((end, float(np.mean([v for step, v in values if end - steps < step <= end]))) for end in ends)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
