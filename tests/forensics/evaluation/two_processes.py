"""Scores one set in several processes, with what a distributed sampler hands out twice; run by test_two_processes.py.

``python two_processes.py PROCESSES OUT.json``
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch.distributed as distributed
import torch.multiprocessing as processes
from torch.utils.data import DistributedSampler

from forensics.evaluation.picture import Picture
from forensics.evaluation.protocols import get_protocol, list_protocols

# Of five, two processes score one twice; of one, both score the same; with none at all the second has nothing.
SIZES = (5, 1)


def pictures(count: int) -> list[Picture]:
    """Forged and authentic pictures of both meanings of masks; one without a map."""
    found = []
    for place in range(count):
        random = np.random.default_rng(place)
        truth = np.zeros((40, 56), bool)
        truth[4 : 20 + place, 6:30] = True
        values = np.clip(0.6 * random.random(truth.shape) + 0.3 * truth, 0, 1).astype(np.float32)
        label = int(place % 4 > 0 or count == 1)
        found.append(
            Picture(
                image=f"picture {place}.png",
                source=f"source {place // 2}",
                label=label,
                height=40,
                width=56,
                truth=truth if label else None,
                values=None if place == 2 else values,
                score=float(random.random()),
                mask_meaning="both_ends" if place == 3 else "altered",
            )
        )
    return found


def scored(process: int, count: int) -> dict[str, Any]:
    """Measures and pictures of every protocol and set, as this process gathers them."""
    results: dict[str, Any] = {}
    for name in list_protocols():
        for size in (*SIZES, 3):
            known, protocol = pictures(size), get_protocol(name)
            # Of three, the first process scores all.
            mine = range(size if process == 0 else 0)
            if size in SIZES:
                mine = DistributedSampler(range(size), num_replicas=count, rank=process, shuffle=False)
            for index in mine:
                protocol.update(known[index], index)
            measures = [asdict(measure) for measure in protocol.compute()]
            results[f"{name} {size}"] = {"measures": measures, "pictures": [asdict(row) for row in protocol.pictures()]}
    return results


def run(process: int, count: int, out: Path, meeting: str) -> None:
    """One of the processes; the last one writes what it gathered."""
    distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=process, world_size=count)
    results = scored(process, count)
    if process == count - 1:
        out.write_text(json.dumps(results))
    distributed.destroy_process_group()


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    amount, target = int(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        processes.spawn(run, (amount, target, f"{folder}/meeting"), nprocs=amount)
