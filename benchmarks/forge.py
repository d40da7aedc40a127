"""How many training crops a second the forge on the device makes, beside the forge of files in the same run.

    python -m benchmarks.forge --photos PHOTOS [--split train] [--device cuda] [--threads 1 2] [--out FILE.json]

Crops are counted with their twins. Of several rounds over the same batches the fastest counts: the others tell how
busy the machine was, as does the time of the processor, which is given beside. The forge of files is timed with and
without reading the signals ``dct`` and ``splicebuster_counts`` and the objects, as a worker of the training does. At
last the saves of one batch are compared with the files that libjpeg-turbo writes of the same pixels.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.analyze import describe_machine
from forensics.data.device_inputs import training_batch
from forensics.data.forge import Forger, get_recipe
from forensics.data.forge.torch import DeviceForger, PhotoBank
from forensics.data.forge.torch.chains import draw_last_saves
from forensics.data.forge.torch.draws import Draws
from forensics.data.forge.torch.jpeg import SAMPLINGS, STANDARD, Saves, save
from forensics.data.photos import PhotoPool
from forensics.data.sample import SampleReader, SampleTensors
from forensics.objects import RegionMerging
from signals import Evidence, get_signal

SIGNALS = ("dct", "splicebuster_counts")
PATCH = 16


@dataclass(frozen=True)
class Speed:
    """Crops a second by the clock (the fastest round) and by the processor's time of that process."""

    crops: float
    crops_of_processor: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--split", default="train", help="of the manifest; empty for all photos")
    parser.add_argument("--limit", type=int, default=24, help="photos, evenly over their order")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--pairs", type=int, help="forgeries a batch, each with its twin; 4 on a CPU, 64 elsewhere")
    parser.add_argument("--batches", type=int, default=16, help="batches a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=16, help="crops a round of the forge of files")
    parser.add_argument("--out", type=Path, help="the figures as JSON")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    pool = PhotoPool.open(arguments.photos, split=arguments.split or None)
    step = max(1, len(pool) // arguments.limit)
    pool = replace(pool, photos=pool.photos[::step][: arguments.limit])
    size = (arguments.size, arguments.size)
    forger = DeviceForger(PhotoBank.of(pool, device), get_recipe(), 1, size)
    pairs = arguments.pairs or (4 if device.type == "cpu" else 64)
    crops = 2 * pairs * arguments.batches

    def forge() -> None:
        for number in range(arguments.batches):
            forger.forge(number, pairs)

    def forge_and_read() -> None:
        for number in range(arguments.batches):
            training_batch(forger.forge(number, pairs), SIGNALS, PATCH, "any")

    figures: dict[str, Any] = {"machine": describe_machine(), "device": device_name(device), "pairs": pairs}
    table = Table("made", "threads", "crops / s", "crops / s of processor")
    for threads in arguments.threads if device.type == "cpu" else arguments.threads[:1]:
        torch.set_num_threads(threads)
        for name, work in (("on the device", forge), ("on the device, signals and objects read", forge_and_read)):
            speed = measure(work, crops, arguments.rounds, device)
            figures[f"{name}, {threads} threads"] = speed.crops
            table.add_row(name, str(threads), f"{speed.crops:.1f}", f"{speed.crops_of_processor:.1f}")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    files = Forger(pool, get_recipe(), 1)
    reader = SampleReader(tuple(get_signal(name) for name in SIGNALS), RegionMerging(max_pixels=1 << 14))

    def forge_files() -> None:
        for number in range(arguments.files):
            files.forge(number, size)

    def forge_files_and_read() -> None:
        for number in range(arguments.files):
            sample = reader.read(Evidence.open(files.forge(number, size).data))
            SampleTensors.of(sample, PATCH, "any").whole()

    for name, work in (("as files", forge_files), ("as files, signals and objects read", forge_files_and_read)):
        speed = measure(work, arguments.files, arguments.rounds, torch.device("cpu"))
        figures[f"{name}, 1 thread"] = speed.crops
        table.add_row(name, "1", f"{speed.crops:.1f}", f"{speed.crops_of_processor:.1f}")
    figures["parity"] = parity(forger, pairs)
    console = Console(width=120)
    console.print(f"{figures['machine']}; {figures['device']}; {size[0]} x {size[1]}, batches of {2 * pairs}")
    console.print(table)
    console.print(figures["parity"])
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def measure(work: Callable[[], None], crops: int, rounds: int, device: torch.device) -> Speed:
    """Runs the work once to warm up and then ``rounds`` times."""
    work()
    clock, processor = [], []
    for _ in range(rounds):
        begin, begin_processor = time.perf_counter(), time.process_time()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        clock.append(time.perf_counter() - begin)
        processor.append(time.process_time() - begin_processor)
    return Speed(crops / min(clock), crops / min(processor))


def parity(forger: DeviceForger, pairs: int) -> dict[str, Any]:
    """Saves as the recipe draws them, done on the device and by libjpeg-turbo on the same pixels."""
    coefficients: list[np.ndarray] = []
    pixels: list[np.ndarray] = []
    for number in range(4):
        crops = forger.forge(number, pairs).pixels
        first = torch.zeros(len(crops), dtype=torch.int64)
        saves = draw_last_saves(Draws(forger.seed, number), forger.recipe, forger.bank, first)
        ours = save(crops, saves)
        for place, crop in enumerate(crops.permute(0, 2, 3, 1).cpu().numpy()):
            evidence = Evidence.open(write_jpeg(crop, saves, place))
            assert evidence.jpeg is not None
            theirs = evidence.jpeg.components[0].coefficients[: crop.shape[0] // 8, : crop.shape[1] // 8]
            coefficients.append(np.abs(ours.luma[place].cpu().numpy().astype(int) - theirs))
            decoded = ours.pixels[place].permute(1, 2, 0).cpu().numpy().astype(int)
            pixels.append(np.abs(decoded - evidence.pixels))
    return {
        "files": len(pixels),
        "coefficients within 1": float(np.mean([(d <= 1).mean() for d in coefficients])),
        "coefficients equal": float(np.mean([(d == 0).mean() for d in coefficients])),
        "pixels, mean difference": float(np.mean([d.mean() for d in pixels])),
        "pixels, largest difference": int(max(d.max() for d in pixels)),
    }


def write_jpeg(pixels: np.ndarray, saves: Saves, place: int) -> bytes:
    tables = saves.tables[place].flatten(1).tolist()
    standard = saves.lender[place] == STANDARD
    how: dict[str, Any] = {"quality": int(saves.quality[place])} if standard else {"qtables": tables}
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", subsampling=SAMPLINGS[int(saves.sampling[place])], **how)
    return stream.getvalue()


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


if __name__ == "__main__":
    main()
