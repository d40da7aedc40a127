"""How long, and in how much memory, one picture is analyzed.

    python -m benchmarks.analyze [--megapixels 1 12] [--image PHOTO] [--checkpoint default] [--device cpu]

Every size runs in a fresh process, so that its peak memory is its own. Without --image the picture is a
synthetic photo, the same bytes for the same size and library versions.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import platform
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

LIBRARIES = ("tracefuse", "torch", "numpy", "opencv-python-headless")


def main() -> None:
    """Prints the machine, the versions and one block a picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1.0, 12.0])
    parser.add_argument("--image", type=Path, help="a picture of your own instead of synthetic ones")
    parser.add_argument("--checkpoint", default="default")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measure(sys.stdin.buffer.read(), arguments.checkpoint, arguments.device)))
        return
    print(describe_machine())
    pictures = [arguments.image.read_bytes()] if arguments.image else map(synthetic_photo, arguments.megapixels)
    for data in pictures:
        command = [
            sys.executable,
            "-m",
            "benchmarks.analyze",
            "--child",
            "--checkpoint",
            arguments.checkpoint,
            "--device",
            arguments.device,
        ]
        child = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=False)
        if child.returncode:
            sys.exit(child.returncode)
        print(spelled(json.loads(child.stdout)))


def synthetic_photo(megapixels: float) -> bytes:
    """A 4:3 JPEG (quality 92) of textures at five scales and sensor-like noise."""
    height = 8 * round(math.sqrt(megapixels * 1e6 * 3 / 4) / 8)
    width = 8 * round(megapixels * 1e6 / height / 8)
    generator = np.random.default_rng(0)
    canvas = np.full((height, width, 3), 110.0, np.float32)
    for cells, strength in ((4, 50), (12, 30), (40, 18), (120, 10), (400, 6)):
        for channel in range(3):
            grid = Image.fromarray(generator.normal(0, strength, (cells, cells)).astype(np.float32))
            canvas[..., channel] += np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC))
    canvas += generator.normal(0, 3, canvas.shape[:2]).astype(np.float32)[..., None]
    file = io.BytesIO()
    Image.fromarray(canvas.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=92)
    return file.getvalue()


def measure(data: bytes, checkpoint: str, device: str) -> dict[str, object]:
    """Analyzes once, in this process, loading apart."""
    import time

    started = time.perf_counter()
    from forensics import Analyzer

    analyzer = Analyzer.load(checkpoint, device)
    loaded = time.perf_counter() - started
    report = analyzer.analyze(data)
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "height": report.map.shape[0],
        "width": report.map.shape[1],
        "load": loaded,
        "stages": dict(report.seconds),
        "total": report.total_seconds,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
    }


def spelled(result: dict[str, Any]) -> str:
    """One picture's figures, a stage a line."""
    megapixels = result["height"] * result["width"] / 1e6
    lines = [f"\n{result['width']} x {result['height']} ({megapixels:.1f} MP)"]
    for stage, seconds in result["stages"].items():
        lines.append(f"  {stage:<12}{seconds:8.2f} s  {seconds / result['total']:6.1%}")
    lines.append(f"  {'total':<12}{result['total']:8.2f} s  {megapixels / result['total']:.2f} MP/s")
    lines.append(f"  {'load':<12}{result['load']:8.2f} s  once a process: imports and the checkpoint")
    lines.append(f"  {'peak memory':<12}{result['peak'] / 2**20:8.0f} MiB resident")
    return "\n".join(lines)


def describe_machine() -> str:
    """Processor, cores and versions."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        name = next((line.split(":")[1].strip() for line in cpuinfo.open() if line.startswith("model name")), name)
    libraries = ", ".join(f"{library} {_version(library)}" for library in LIBRARIES)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = os.environ.get("OMP_NUM_THREADS", "unset")
    system = f"{platform.platform()}, Python {platform.python_version()}"
    return f"{name}, {cores} cores, OMP_NUM_THREADS {threads}\n{system}, {libraries}"


def _version(library: str) -> str:
    try:
        return version(library)
    except Exception:
        return "(not installed as a package)"


if __name__ == "__main__":
    main()
