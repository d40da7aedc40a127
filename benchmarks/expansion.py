"""Expansion beside training from scratch on equal data, and fusion beside its single streams.

    python -m benchmarks.expansion --photos DIR --cache DIR [--pictures 2048] [--epochs 4] [--seeds 3] [--out DIR]

One fixed set of forgeries and pristine twins is made once. On it train, for every seed: each stream alone, the base
{rgb, dct}, the base expanded by splicebuster_counts, and all three streams from scratch. All take the same number of
steps over the same pictures; the expansion starts from that seed's base. Scores are on forgeries of cameras that no
training picture came from. A network without pixels cannot read every picture (the DCT signal needs a JPEG): such
pictures are left out of its training and count as unmarked in its scores. Every finished part is kept in the cache: a
stopped command goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import platform
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from benchmarks.expansion_report import report
from forensics.data.batch import TrainingBatch
from forensics.data.datamodule import ForgedDataset
from forensics.data.forge import Forger, get_recipe
from forensics.data.photos import PhotoPool
from forensics.data.training_data import NetworkNeeds
from forensics.evaluation.picture import Picture
from forensics.evaluation.protocols import PictureScores, get_protocol
from forensics.evaluation.protocols.blind import DISCS
from forensics.models import create_model
from forensics.models.expansion import ExpandedNetwork, expand_network
from forensics.models.inputs import ModelInput, SignalInput
from forensics.models.network import FusionNetwork
from forensics.training.loss_terms import stream_loss
from forensics.training.losses import ClassAwareLoss, Truth
from forensics.training.operating_point import Development, choose_operating_point
from signals import get_signal

PRESET = "omgfuser_feature_tiny"
SIGNALS = ("dct", "splicebuster_counts")
NEW = "splicebuster_counts"
# Signals and stream of the pixels of every network; the expansion is made from the base.
NETWORKS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "base": (("dct",), "conv"),
    "expanded": (("dct",), "conv"),
    "scratch": (SIGNALS, "conv"),
    "rgb": ((), "conv"),
    "dct": (("dct",), "none"),
    NEW: ((NEW,), "none"),
}
# Forgeries of the test cameras: these for scores, those from here on for operating points.
FIRST_OPERATING_PICTURE = 1 << 20
CHUNK = 128
# What a network says of a picture that it cannot read: nothing is marked, no pixel before another.
NOTHING = -20.0


@dataclass(frozen=True)
class Settings:
    """What a run depends on."""

    pictures: int = 2048
    test_pictures: int = 400
    side: int = 192
    epochs: int = 4
    batch_size: int = 8
    width: int = 48
    heads: int = 2
    depth: int = 1
    long_range_depth: int = 2
    learning_rate: float = 1e-3
    stream_weight: float = 0.4

    @property
    def key(self) -> str:
        """A name for all of them."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:10]


def main() -> None:
    """Makes the pictures, trains what is not trained yet, writes ``expansion.json`` and ``expansion.md``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="with a manifest.csv that tells train, calibration")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, help="by default the cache")
    for field in fields(Settings):
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(name, type=type(field.default), default=field.default)
    arguments = parser.parse_args()
    settings = Settings(**{field.name: getattr(arguments, field.name) for field in fields(Settings)})
    torch.set_num_threads(1)
    runs = arguments.cache / f"runs-{settings.key}"
    runs.mkdir(parents=True, exist_ok=True)
    train = fixed_pictures(arguments.photos, "train", 0, settings.pictures, settings.side, arguments.cache)
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in NETWORKS}
    for seed in range(1, arguments.seeds + 1):
        for name in NETWORKS:
            file = runs / f"{name}-{seed}.json"
            if not file.is_file():
                test, operating = (
                    fixed_pictures(
                        arguments.photos, "calibration", first, settings.test_pictures, settings.side, arguments.cache
                    )
                    for first in (0, FIRST_OPERATING_PICTURE)
                )
                found = run(name, seed, settings, train, test, operating, runs, torch.device(arguments.device))
                file.write_text(json.dumps(found))
                print(name, seed, {k: v for k, v in found.items() if k != "pictures"}, flush=True)
            results[name].append(json.loads(file.read_text()))
        report(results, asdict(settings), machine(arguments.device), arguments.out or arguments.cache)


def machine(device: str) -> dict[str, str]:
    """Where it ran."""
    return {
        "machine": platform.machine(),
        "device": device,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def fixed_pictures(photos: Path, split: str, first: int, count: int, side: int, cache: Path) -> TrainingBatch:
    """Forgeries ``first ..`` of the photos of a split and their twins as one batch, from the cache where made."""
    forger = Forger(PhotoPool.open(photos, split=split), get_recipe("default"), seed=1)
    needs = NetworkNeeds(SIGNALS, 16, "any")
    dataset = ForgedDataset(forger, needs, [(side, side)], 1)
    folder = cache / f"pictures-{side}-{forger.photos.data_hash[:10]}"
    folder.mkdir(parents=True, exist_ok=True)
    chunks = []
    for start in range(first, first + count, CHUNK):
        length = min(CHUNK, first + count - start)
        file = folder / f"{split}-{start}-{length}.pt"
        if not file.is_file():
            began = time.perf_counter()
            batch = TrainingBatch.of([dataset[index] for index in range(start, start + length)])
            torch.save(pack(batch), file.with_suffix(".part"))
            file.with_suffix(".part").replace(file)
            print(f"{file.name}: {(time.perf_counter() - began) / length:.3f} s a picture", flush=True)
        chunks.append(unpack(torch.load(file)))
    return TrainingBatch.of(chunks)


def pack(batch: TrainingBatch) -> dict[str, Any]:
    """Tensors alone, pixels and masks in 8 bits."""
    signals = {name: vars(signal) | {"side": dict(signal.side)} for name, signal in batch.input.signals.items()}
    return {
        "rgb": (batch.input.rgb * 255).round().byte(),
        "signals": signals,
        "membership": batch.input.membership,
        "mask": batch.mask.bool(),
        "label": batch.label,
    }


def unpack(packed: Mapping[str, Any]) -> TrainingBatch:
    """The inverse of :func:`pack`; pixels stay in 8 bits until :func:`select` picks them."""
    signals = {name: SignalInput(**signal) for name, signal in packed["signals"].items()}
    inputs = ModelInput(packed["rgb"], signals, packed["membership"])
    return TrainingBatch(inputs, packed["mask"], packed["label"])


def select(pictures: TrainingBatch, rows: Tensor, device: torch.device) -> TrainingBatch:
    """Some of the pictures as a network takes them."""
    chosen = pictures.input.select(rows)
    inputs = ModelInput(chosen.rgb.float() / 255, chosen.signals, chosen.membership)
    return TrainingBatch(inputs, pictures.mask[rows].float(), pictures.label[rows]).to(device)


def rows_of(batch: TrainingBatch, rows: Tensor) -> TrainingBatch:
    """Some pictures of a batch."""
    return TrainingBatch(batch.input.select(rows), batch.mask[rows], batch.label[rows])


def run(
    name: str,
    seed: int,
    settings: Settings,
    train: TrainingBatch,
    test: TrainingBatch,
    operating: TrainingBatch,
    runs: Path,
    device: torch.device,
) -> dict[str, Any]:
    """Trains one network and scores it."""
    torch.manual_seed(seed)
    network = build(name, settings, runs / f"base-{seed}.safetensors")
    # A quarter faster on a CPU.
    network = network.to(device, memory_format=torch.channels_last)
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
    wall, processor = time.perf_counter(), time.process_time()
    losses = fit(network, train, settings, seed, device)
    seconds = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
    if name == "base":
        state = {part: weights.contiguous() for part, weights in network.state_dict().items()}
        save_file(state, runs / f"base-{seed}.safetensors")
    return {
        "trained_parameters": trained,
        "parameters": sum(p.numel() for p in network.parameters()),
        "seconds": seconds,
        "last_losses": losses,
        "pictures": score(network, test, operating, settings, device),
    }


def build(name: str, settings: Settings, base: Path) -> FusionNetwork:
    """The network of a run; the expansion takes its base's weights."""
    signals, rgb = NETWORKS[name]
    sizes: dict[str, Any] = {
        "width": settings.width,
        "heads": settings.heads,
        "rgb": rgb,
        "rgb_depth": settings.depth,
        "stream_depth": settings.depth,
        "fusion_depth": settings.depth,
        "long_range_depth": settings.long_range_depth,
        "tile_size": settings.side,
    }
    network = create_model(PRESET, [get_signal(signal).spec for signal in signals], **sizes)
    if name != "expanded":
        return network
    network.load_state_dict(load_file(base))
    return expand_network(network, PRESET, sizes, get_signal(NEW).spec)


def fit(
    network: FusionNetwork, train: TrainingBatch, settings: Settings, seed: int, device: torch.device
) -> list[float]:
    """Trains on all pictures in a new order each epoch; the mean loss of every epoch."""
    network.train()
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = AdamW(parameters, lr=settings.learning_rate, weight_decay=0.01)
    steps = settings.epochs * (len(train.label) // settings.batch_size)
    schedule = LambdaLR(optimizer, lambda step: min((step + 1) / (0.05 * steps), _cosine(step, steps)))
    losses = []
    for epoch in range(settings.epochs):
        total: list[float] = []
        for rows in shuffled(len(train.label), settings.batch_size, seed * 1000 + epoch):
            batch = select(train, rows, device)
            readable = network.presence(batch.input).any(1).nonzero()[:, 0]
            if not len(readable):
                continue
            loss = loss_of(network, rows_of(batch, readable), settings.stream_weight)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
            total.append(loss.item())
        losses.append(float(np.mean(total)))
    return losses


def shuffled(count: int, batch_size: int, seed: int) -> Iterator[Tensor]:
    """Batches of rows, the last incomplete one left out."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    yield from order[: count // batch_size * batch_size].split(batch_size)


def loss_of(network: FusionNetwork, batch: TrainingBatch, stream_weight: float) -> Tensor:
    """The fused loss and that of the streams under training alone."""
    output = network(batch.input)
    first = -1 if isinstance(network, ExpandedNetwork) else 0
    alone = stream_loss(output.stream_logits[:, first:], output.present[:, first:], batch.mask)
    fused = torch.stack(list(ClassAwareLoss()(output, Truth(batch.mask, batch.label)).values())).sum()
    return fused + stream_weight * alone


def _cosine(step: int, steps: int) -> float:
    return 0.5 * (1 + math.cos(math.pi * step / steps))


def score(
    network: FusionNetwork,
    test: TrainingBatch,
    operating: TrainingBatch,
    settings: Settings,
    device: torch.device,
) -> list[dict[str, Any]]:
    """Scores of every test picture at the operating point chosen on other forgeries of the same cameras."""
    network.eval()
    chosen_on = [
        Development(maps.sigmoid().numpy(), float(scores.sigmoid()), truth)
        for maps, scores, truth in seen(network, operating, settings, device)
    ]
    point = choose_operating_point(chosen_on, false_alarms=0.05)
    protocol = get_protocol("tracefuse")
    for index, (maps, scores, truth) in enumerate(seen(network, test, settings, device)):
        name = f"{index:05d}"
        height, width = truth.shape
        protocol.update(
            Picture(
                image=name,
                source=name,
                label=int(truth.any()),
                height=height,
                width=width,
                truth=truth if truth.any() else None,
                values=(maps - point.map_logit).sigmoid().numpy(),
                score=float((scores - point.score_logit).sigmoid()),
            )
        )
    return [plain(scores) for scores in protocol.pictures()]


def plain(scores: PictureScores) -> dict[str, Any]:
    """What the report reads of a picture; None what an authentic one does not define."""
    values = scores.values
    return {
        "image": scores.image,
        "label": scores.label,
        "score": scores.score,
        "f1": values.get("pixel_f1@0.5"),
        "auc": values.get("pixel_auc"),
        "prior_f1": [values[f"{disc}/pixel_f1@0.5"] for disc in DISCS] if scores.label else None,
        "prior_auc": values.get("closeness/pixel_auc"),
        "marked": values["marked_area"],
    }


@torch.inference_mode()
def seen(
    network: FusionNetwork, pictures: TrainingBatch, settings: Settings, device: torch.device
) -> Iterator[tuple[Tensor, Tensor, Any]]:
    """Map logits ``[H, W]``, score logit and truth of every picture; ``NOTHING`` where no stream could be read."""
    for rows in torch.arange(len(pictures.label)).split(settings.batch_size):
        batch = select(pictures, rows, device)
        readable = network.presence(batch.input).any(1).nonzero()[:, 0]
        maps, scores = torch.full_like(batch.mask, NOTHING), torch.full_like(batch.label, NOTHING)
        if len(readable):
            output = network(batch.input.select(readable))
            maps[readable], scores[readable] = output.map_logits, output.score_logits
        truths = batch.mask[:, 0].cpu().numpy() > 0.5
        yield from zip(maps[:, 0].cpu(), scores.cpu(), truths, strict=True)


if __name__ == "__main__":
    main()
