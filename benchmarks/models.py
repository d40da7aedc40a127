"""Time and memory of the networks: beside a plain transcription, against tokens, against streams.

    python -m benchmarks.models [--part beside tokens streams] [--device cpu] [--out FILE.json] [--plots DIR]

*beside*: OMG-Fuser's feature variant at 448 px, one picture, random weights, taking turns with a transcription that
has unfused attention and dense masks (``benchmarks/literal/omgfuser.py``); every pair in a process of its own, peak
memory in another. Backward is through the mean of map and score in training mode, with the preset's dropout and drop
path. All streams run on both sides unless a row says otherwise. *tokens* and *streams*: forward of one preset.
CPU seconds are those of all threads together: on a shared machine they say more than the wall.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from benchmarks.analyze import describe_machine
from benchmarks.line_plot import draw_lines
from benchmarks.literal.omgfuser import LiteralOmgFuser, dense_mask
from forensics.models import create_model
from forensics.models.inputs import ModelInput, SignalInput
from signals.signal import SignalSpec

TOKENS = (196, 400, 784, 1600, 2500, 4096)
STREAMS = (1, 2, 3, 4, 6, 8, 12)
TARGETS = {"cpu": {"forward": 1.5, "forward + backward": 2.5}, "cuda": {"forward": 3.0, "forward + backward": 3.0}}
PARTS = ("beside", "tokens", "streams")
PASSES = ("forward", "forward + backward")
SIDE, PAPER_SIGNALS, OBJECTS = 448, 2, 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--preset", default="omgfuser_feature_small", help="of the cost against tokens and streams")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="the best of these counts")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--out", type=Path, help="the figures as JSON")
    parser.add_argument("--plots", type=Path, help="a folder for the curves as SVG")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        job = json.loads(arguments.child)
        torch.set_num_threads(job.pop("threads"))
        print(json.dumps(JOBS[job.pop("what")](**job)))
        return
    console = Console(width=140)
    console.print(describe_machine(), f"{arguments.threads} threads, {arguments.device}", highlight=False)
    shared = {"threads": arguments.threads, "device": arguments.device}
    figures: dict[str, Any] = {"machine": describe_machine(), **shared}
    if "beside" in arguments.part:
        figures["beside"] = measure_beside(console, shared, arguments.rounds)
    for axis, values in (("tokens", TOKENS), ("streams", STREAMS)):
        if axis in arguments.part:
            job = {**shared, "preset": arguments.preset, "rounds": arguments.rounds}
            figures[axis] = measure_curve(console, axis, values, job)
            if arguments.plots:
                arguments.plots.mkdir(parents=True, exist_ok=True)
                points = [(row[axis], row["cpu"]) for row in figures[axis]]
                title = f"{arguments.preset}: forward of one picture"
                labels = {"x_label": axis, "y_label": "CPU seconds" if arguments.device == "cpu" else "seconds"}
                path = arguments.plots / f"cost-{axis}.svg"
                path.write_text(draw_lines({arguments.preset: points}, title, **labels), encoding="utf-8")
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def measure_beside(console: Console, shared: dict[str, Any], rounds: int) -> list[dict[str, Any]]:
    """A row for each kind of run of ours and each pass."""
    variants: dict[str, dict[str, Any]] = {
        "float32": {},
        "bfloat16": {"bfloat16": True},
    }
    if shared["device"] == "cuda":
        variants["bfloat16, compiled"] = {"bfloat16": True, "compiled": True}
    columns = ("ours, s", "literal, s", "CPU: ours", "literal", "ratio", "target", "peak MB", "literal")
    table = Table("ours in", "pass", *columns)
    rows = []
    for name, variant in variants.items():
        for passed in PASSES:
            job = {**shared, **variant, "passed": passed}
            row = {"ours": name, "pass": passed, **in_child("take_turns", rounds=rounds, **job)}
            row["megabytes"] = {kind: in_child("peak", kind=kind, **job)["megabytes"] for kind in ("ours", "literal")}
            row["ratio"] = row["literal_cpu"] / row["ours_cpu"]
            rows.append(row)
            seconds = (f"{row[key]:.2f}" for key in ("ours_wall", "literal_wall", "ours_cpu", "literal_cpu"))
            memory = (f"{row['megabytes'][kind]:.0f}" for kind in ("ours", "literal"))
            target = f"{TARGETS[shared['device']][passed]:.1f}"
            table.add_row(name, passed, *seconds, f"{row['ratio']:.2f}", target, *memory)
            print(json.dumps(row), file=sys.stderr, flush=True)
    console.print(table)
    return rows


def measure_curve(console: Console, axis: str, values: Sequence[int], job: dict[str, Any]) -> list[dict[str, Any]]:
    """Forward time and peak memory against one number."""
    table = Table(axis, "s", "CPU s", f"ms CPU a {axis[:-1]}", "peak MB")
    rows = []
    for value in values:
        row = {axis: value, **in_child("cost", **job, **{axis: value})}
        rows.append(row)
        each = f"{1000 * row['cpu'] / value:.2f}"
        table.add_row(str(value), f"{row['wall']:.3f}", f"{row['cpu']:.3f}", each, f"{row['megabytes']:.0f}")
    console.print(table)
    return rows


def in_child(what: str, **job: Any) -> dict[str, Any]:
    """One measurement in a fresh process, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.models", "--child", json.dumps({"what": what, **job})]
    child = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(child.stdout.splitlines()[-1]))


def take_turns(device: str, passed: str, rounds: int, **variant: Any) -> dict[str, float]:
    """The shortest times of ours and of the transcription, after one run of each to warm up."""
    works = {kind: make_work(kind, device, passed, **variant) for kind in ("ours", "literal")}
    best: dict[str, float] = {}
    for turn in range(rounds + 1):
        for kind, work in works.items():
            wall, cpu = seconds(work, device)
            if turn:
                best[f"{kind}_wall"] = min(wall, best.get(f"{kind}_wall", wall))
                best[f"{kind}_cpu"] = min(cpu, best.get(f"{kind}_cpu", cpu))
    return best


def peak(kind: str, device: str, passed: str, **variant: Any) -> dict[str, float]:
    """Peak memory of a process that does nothing else, two runs."""
    work = make_work(kind, device, passed, **variant)
    work()
    work()
    return {"megabytes": peak_megabytes(device)}


def cost(preset: str, device: str, rounds: int, tokens: int = 1024, streams: int = 4) -> dict[str, float]:
    """Forward of one picture of that many tokens through that many streams, that of the pixels among them."""
    side = 16 * round(tokens**0.5)
    specs = make_specs(streams - 1)
    network = create_model(preset, specs).eval().to(device)
    inputs = make_inputs(side, [spec.name for spec in specs], device)

    @torch.no_grad()
    def work() -> None:
        network(inputs)

    seconds(work, device)
    times = [seconds(work, device) for _ in range(rounds)]
    wall, cpu = (min(column) for column in zip(*times, strict=True))
    return {"wall": wall, "cpu": cpu, "megabytes": peak_megabytes(device)}


JOBS: dict[str, Callable[..., dict[str, float]]] = {"take_turns": take_turns, "peak": peak, "cost": cost}


def make_work(
    kind: str,
    device: str,
    passed: str,
    bfloat16: bool = False,
    compiled: bool = False,
) -> Callable[[], None]:
    """One pass of ours or of the transcription, which always runs in float32, uncompiled."""
    torch.manual_seed(0)
    specs = make_specs(PAPER_SIGNALS)
    inputs = make_inputs(SIDE, [spec.name for spec in specs], device)
    network: nn.Module
    precision: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
    if kind == "ours":
        network = create_model("omgfuser_feature", specs, stream_drop=0.0).to(device)
        if compiled:
            network.compile()
        if bfloat16:
            precision = torch.autocast(device, torch.bfloat16)

        def run() -> tuple[Tensor, Tensor]:
            # A new batch every time: what is made of its objects once a batch is paid for.
            output = network(ModelInput(inputs.rgb, inputs.signals, inputs.membership))
            return output.map_logits.sigmoid(), output.score_logits.sigmoid()
    else:
        names = [spec.name for spec in specs]
        network = LiteralOmgFuser(names, SIDE, stream_drop=0.0, fused_backbone=False).to(device)
        maps = {name: inputs.signals[name].values for name in names}
        mask = dense_mask(inputs.membership.flatten(2).cpu()).to(device)

        def run() -> tuple[Tensor, Tensor]:
            localized, detected = network(inputs.rgb, maps, mask)
            return localized, detected

    network.train(passed != "forward")

    def work() -> None:
        if passed == "forward":
            with torch.no_grad(), precision:
                run()
            return
        network.zero_grad(set_to_none=True)
        with precision:
            localized, detected = run()
        (localized.float().mean() + detected.float().mean()).backward()

    return work


def make_specs(count: int) -> list[SignalSpec]:
    """Score maps."""
    return [SignalSpec(f"map_{index}", "1", kind="score") for index in range(count)]


def make_inputs(side: int, names: Sequence[str], device: str) -> ModelInput:
    """One picture, its maps, and objects in a 4 x 4 checkerboard, each with a rim it shares with its neighbors."""
    torch.manual_seed(0)
    grid = side // 16
    there, everywhere = torch.ones(1, dtype=torch.bool), torch.ones(1, side, side, dtype=torch.bool)
    signals = {name: SignalInput(torch.randn(1, 1, side, side), everywhere, there) for name in names}
    membership = torch.zeros(1, OBJECTS, grid, grid, dtype=torch.bool)
    edges = [round(part * grid / 4) for part in range(5)]
    for index in range(OBJECTS):
        row, column = divmod(index, 4)
        top, left = max(edges[row] - 1, 0), max(edges[column] - 1, 0)
        membership[:, index, top : edges[row + 1], left : edges[column + 1]] = True
    return ModelInput(torch.rand(1, 3, side, side), signals, membership).to(torch.device(device))


def seconds(work: Callable[[], Any], device: str) -> tuple[float, float]:
    """Wall and CPU time of one run; on a GPU both are the wall until it has finished."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
        return (time.perf_counter() - wall,) * 2
    return time.perf_counter() - wall, time.process_time() - cpu


def peak_megabytes(device: str) -> float:
    """Of this process, or of what it holds of the GPU."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    import resource

    status = Path("/proc/self/status")
    if status.exists():  # a child's ru_maxrss begins at what its parent held
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


if __name__ == "__main__":
    main()
