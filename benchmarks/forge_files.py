"""How many pictures of 512 x 512 a second the forge writes, with masks, by number of processes.

    python -m benchmarks.forge_files --photos PHOTOS [--split train] [--count 400] [--jobs 1 2] [--out FILE.json]

Whole folders are written to a temporary place, half of the pictures forged and half their twins, all kinds of edit.
Times are by the clock. Processes start slowly (each imports the libraries and decodes the photos for itself), so a
rate without that is given too: of the pictures that the whole folder has more than a quarter of it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from forensics.data.forge import Forger, get_recipe, write_forgeries
from forensics.data.photos import PhotoPool

SIDE = 512
SEED = 3


@dataclass(frozen=True)
class Written:
    """One folder: processes, pictures, seconds by the clock."""

    jobs: int
    count: int
    seconds: float

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return self.count / self.seconds


def main() -> None:
    # every worker imports this module anew: what only the report needs stays out of their start
    import cv2
    from rich.console import Console
    from rich.table import Table

    from benchmarks.analyze import describe_machine
    from forensics.evaluation.report import write_json

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--split", default="train", help="of the manifest; empty for all photos")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    photos = PhotoPool.open(arguments.photos, arguments.split or None)
    found = [write(photos, jobs, count) for jobs in arguments.jobs for count in (arguments.count // 4, arguments.count)]
    table = Table(title=f"{SIDE} x {SIDE} with masks, recipe default", title_justify="left")
    for title in ("processes", "pictures", "seconds", "a second", "once started", "of one process"):
        table.add_column(title, justify="right")
    alone = rate_once_started(*found[:2])
    for quarter, whole in zip(found[::2], found[1::2], strict=True):
        rate = rate_once_started(quarter, whole)
        cells = (f"{whole.seconds:.1f}", f"{whole.rate:.1f}", f"{rate:.1f}", f"{rate / alone:.2f}")
        table.add_row(str(whole.jobs), str(whole.count), *cells)
    Console().print(table)
    print(describe_machine())
    if arguments.out:
        write_json(arguments.out, {"written": [asdict(written) for written in found]})


def rate_once_started(quarter: Written, whole: Written) -> float:
    """Pictures a second of those that the whole folder has more."""
    return (whole.count - quarter.count) / (whole.seconds - quarter.seconds)


def write(photos: PhotoPool, jobs: int, count: int) -> Written:
    """Writes a folder of forgeries and throws it away."""
    recipe = replace(get_recipe(), name="benchmark", sides=(SIDE,), odd_side=0.0)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_forgeries(Forger(photos, recipe, SEED), count, Path(folder) / "out", jobs=jobs)
        return Written(jobs, count, time.perf_counter() - start)


if __name__ == "__main__":
    main()
