"""Time and memory of every signal, beside a plain literal transcription of its published algorithm in the same run.

    python -m benchmarks.signals [--signal NAME ...] [--out FILE.json]

Each signal runs in a process of its own: at 1 MP and 12 MP alone (best of three wall times with reading the file,
peak memory over what imports and one small picture take), and at 512 x 384 alternating with its transcription,
whose loops would take hours on the large pictures. The picture is a photo enlarged, with noise, saved at quality
70, a part of another photo put in, saved at 90. Two parts are timed by themselves: reading the coefficients of
the 12 MP file beside the bare reader, and the ADQ1 posterior without reading.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import jpeglib
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage import data

from benchmarks.analyze import describe_machine
from signals import Evidence, get_signal, list_signals
from signals.compression.adq1 import posterior
from signals.luma_blocks import luma_blocks

SIZES = {"512 x 384": (384, 512), "1 MP": (866, 1155), "12 MP": (3000, 4000)}
SMALL = "512 x 384"
# Seconds and, for 12 MP, megabytes over import; where nothing else is said, the last line holds.
TARGETS: dict[str, dict[str, float]] = {
    "splicebuster": {"12 MP": 1.5, "memory": 600},
    "zero": {"1 MP": 0.6, "12 MP": 6, "memory": 1000},
    "zero_votes": {"1 MP": 0.6, "12 MP": 6, "memory": 1000},
    **{f"copymove{part}": {"1 MP": 2, "12 MP": 12, "memory": 1000} for part in ("", "_altered", "_duplicated")},
}
OTHERS: dict[str, float] = {"12 MP": 6, "memory": 1000}
READING_RATIO, ADQ1_SECONDS = 1.3, 0.06


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--signal", action="append", choices=list_signals())
    parser.add_argument("--out", type=Path, help="the figures as JSON")
    parser.add_argument("--child", nargs=2, metavar=("WHAT", "NAME"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        what, name = arguments.child
        print(json.dumps(CHILDREN[what](name, sys.stdin.buffer.read())))
        return
    console = Console(width=140)
    console.print(describe_machine(), highlight=False)
    pictures = {size: make_picture(*shape) for size, shape in SIZES.items()}
    figures: dict[str, Any] = {"machine": describe_machine(), "signals": {}}
    table = Table("signal", "1 MP, s", "12 MP, s", "12 MP, MB", "targets kept", "512 x 384, s", "literal, s", "ratio")
    for name in arguments.signal or list_signals():
        row = {size: in_child("alone", name, pictures[size]) for size in ("1 MP", "12 MP")}
        row["beside"] = in_child("beside", name, pictures[SMALL])
        figures["signals"][name] = row
        target = TARGETS.get(name, OTHERS)
        kept = all(row[size]["seconds"] <= target[size] for size in ("1 MP", "12 MP") if size in target)
        kept = kept and row["12 MP"]["megabytes"] <= target["memory"]
        beside = row["beside"]
        ratio = ("-", "-") if beside["literal"] is None else (f"{beside['literal']:.2f}", f"{beside['ratio']:.1f}")
        seconds = (f"{row[size]['seconds']:.2f}" for size in ("1 MP", "12 MP"))
        megabytes = f"{row['12 MP']['megabytes']:.0f}"
        table.add_row(name, *seconds, megabytes, "yes" if kept else "NO", f"{beside['ours']:.3f}", *ratio)
    console.print(table)
    if not arguments.signal:
        figures["reading"] = in_child("reading", "-", pictures["12 MP"])
        figures["adq1"] = in_child("adq1", "-", pictures["12 MP"])
        read, posteriors = figures["reading"], figures["adq1"]["seconds"]
        console.print(
            f"coefficients of the 12 MP file: ours {read['ours']:.3f} s, bare reader {read['bare']:.3f} s, "
            f"ratio {read['ratio']:.2f} (target {READING_RATIO})"
        )
        console.print(f"ADQ1 posterior at 12 MP without reading: {posteriors:.3f} s (target {ADQ1_SECONDS})")
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def make_picture(height: int, width: int) -> bytes:
    """A forged JPEG of the given size."""
    random = np.random.default_rng(7)

    def noisy(photo: np.ndarray, sigma: float) -> np.ndarray:
        large = cv2.resize(photo, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        large += random.standard_normal(large.shape, dtype=np.float32) * sigma
        return large.clip(0, 255).astype(np.uint8)

    with Image.open(io.BytesIO(_jpeg(noisy(data.astronaut(), 3), 70))) as image:
        host = np.array(image)
    top, left = height // 3, width // 3 + 3
    part = noisy(data.coffee(), 6)[: height // 3, : width // 4]
    host[top : top + part.shape[0], left : left + part.shape[1]] = part
    return _jpeg(host, 90)


def _jpeg(pixels: np.ndarray, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", quality=quality)
    return buffer.getvalue()


def in_child(what: str, name: str, picture: bytes) -> dict[str, Any]:
    """One measurement in a fresh process, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.signals", "--child", what, name]
    child = subprocess.run(command, input=picture, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(child.stdout))


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def alternate(ours: Callable[[], Any], other: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """The shortest wall times of two pieces of work that take turns."""
    pairs = [(seconds(ours), seconds(other)) for _ in range(rounds)]
    return min(p[0] for p in pairs), min(p[1] for p in pairs)


def alone(name: str, picture: bytes) -> dict[str, float]:
    """One signal: imports and tables are warmed up on a small picture first."""
    signal = get_signal(name)
    signal.extract(Evidence.open(make_picture(*SIZES[SMALL])))
    ground = _peak_megabytes()
    taken = min(seconds(lambda: signal.extract(Evidence.open(picture))) for _ in range(3))
    return {"seconds": taken, "megabytes": _peak_megabytes() - ground}


def beside(name: str, picture: bytes) -> dict[str, float | None]:
    """One signal taking turns with its transcription, where there is one."""
    signal = get_signal(name)
    signal.extract(Evidence.open(picture))
    try:
        literal = importlib.import_module(f"benchmarks.literal.{name}").literal
    except ModuleNotFoundError:
        ours = min(seconds(lambda: signal.extract(Evidence.open(picture))) for _ in range(3))
        return {"ours": ours, "literal": None, "ratio": None}
    taken, other = alternate(
        lambda: signal.extract(Evidence.open(picture)), lambda: literal(Evidence.open(picture)), rounds=2
    )
    return {"ours": taken, "literal": other, "ratio": other / taken}


def reading(_: str, picture: bytes) -> dict[str, float]:
    """All coefficients through Evidence, from bytes, taking turns with the bare reader, from a file."""
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(picture)
        file.flush()
        ours, bare = alternate(lambda: Evidence.open(picture).jpeg, lambda: _read_bare(file.name), rounds=7)
    return {"ours": ours, "bare": bare, "ratio": ours / bare}


def _read_bare(path: str) -> None:
    jpeg = jpeglib.read_dct(path)
    _ = jpeg.Y, jpeg.Cb, jpeg.Cr, jpeg.qt


def adq1(_: str, picture: bytes) -> dict[str, float]:
    """The posterior of every block from coefficients that are there already."""
    coefficients = luma_blocks(Evidence.open(picture)).coefficients
    return {"seconds": min(seconds(lambda: posterior(coefficients)) for _ in range(7))}


CHILDREN: dict[str, Callable[[str, bytes], dict[str, Any]]] = {
    "alone": alone, "beside": beside, "reading": reading, "adq1": adq1,
}  # fmt: skip


def _peak_megabytes() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # a child's ru_maxrss begins at what its parent held
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


if __name__ == "__main__":
    main()
