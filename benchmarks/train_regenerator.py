"""Trains the small networks of the forge (auto-encoder, upscaler) on pristine photos.

    python -m benchmarks.train_regenerator --photos PHOTOS [--split train] [--out FILE]

One thread, fixed seeds and a fixed number of steps: the same photos and library versions give the same weights.
Prints what the model card beside the weights needs: the hash of the photos, the steps, PSNR on crops held out.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from forensics.data.forge.edits.regenerator import CELL, ENLARGEMENT, WEIGHTS, Networks
from forensics.data.photos import PhotoPool

CROP, BATCH = 128, 8
LOUDEST_NOISE = 0.3


def main() -> None:
    """Trains both networks and writes them as one file of 16-bit floats."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of pristine photos")
    parser.add_argument("--split", help="only photos that the manifest gives to this split")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--steps", type=int, default=2000, help="every second one teaches the upscaler too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    torch.use_deterministic_algorithms(True)
    pool = PhotoPool.open(arguments.photos, arguments.split)
    crops = draw_crops(pool, np.random.default_rng(0))
    # every tenth photo is kept for the figures
    held_out = crops[::10].reshape(-1, CROP, CROP, 3)
    kept = np.delete(crops, np.s_[::10], axis=0).reshape(-1, CROP, CROP, 3)
    print(f"{len(pool)} photos, data hash {pool.data_hash}, {len(kept)} crops to learn, {len(held_out)} held out")
    networks = Networks().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    train(networks, kept, arguments.steps)
    networks.eval()
    state = {name: values.half().contiguous() for name, values in networks.state_dict().items()}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_bytes(save(state))
    networks.load_state_dict({name: values.float() for name, values in state.items()})
    report(networks, held_out)
    print(f"{sum(values.numel() for values in state.values())} numbers in {arguments.out}")


def draw_crops(pool: PhotoPool, random: np.random.Generator, count: int = 24) -> NDArray[np.uint8]:
    """Crops of every photo at scales of 1/4 to 1, uint8 ``[photos, count, CROP, CROP, 3]``."""
    crops = np.empty((len(pool), count, CROP, CROP, 3), dtype=np.uint8)
    for index, photo in enumerate(pool):
        pixels = pool.pixels(photo)
        for number in range(count):
            scale = np.exp(random.uniform(np.log(max(0.25, CROP / min(pixels.shape[:2]))), 0))
            side = int(CROP / scale)
            y = random.integers(0, pixels.shape[0] - side + 1)
            x = random.integers(0, pixels.shape[1] - side + 1)
            piece = np.ascontiguousarray(pixels[y : y + side, x : x + side])
            crops[index, number] = cv2.resize(piece, (CROP, CROP), interpolation=cv2.INTER_AREA)
    return crops


def train(networks: Networks, crops: NDArray[np.uint8], steps: int) -> None:
    """Adam with one cycle of the learning rate for both networks side by side; prints the loss."""
    optimizer = torch.optim.Adam(networks.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps)
    random = np.random.default_rng(1)
    start = time.perf_counter()
    for step in range(steps):
        target = _batch(crops[random.integers(0, len(crops), BATCH)], random)
        latents = networks.regenerator.encoder(target)
        noise = torch.rand(BATCH, 1, 1, 1) * LOUDEST_NOISE * torch.randn(latents.shape)
        loss = _distance(networks.regenerator.decode(latents + noise), target)
        if step % 2 == 0:
            loss = loss + _distance(networks.upscaler(F.avg_pool2d(target, ENLARGEMENT)), target)
        optimizer.zero_grad()
        loss.backward()
        for network in (networks.regenerator, networks.upscaler):
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            print(f"step {step + 1}: loss {loss.item():.4f}, {time.perf_counter() - start:.0f} s", flush=True)


def _batch(crops: NDArray[np.uint8], random: np.random.Generator) -> Tensor:
    turned = np.rot90(crops, random.integers(0, 4), axes=(1, 2))
    planes = np.ascontiguousarray(turned.transpose(0, 3, 1, 2))
    return (torch.from_numpy(planes).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def _distance(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error of the pixels, of their differences down and across, and of means over 8 x 8 pixels."""
    error = output - target
    down, across = error.diff(dim=2).abs().mean(), error.diff(dim=3).abs().mean()
    return error.abs().mean() + 0.5 * (down + across) + F.avg_pool2d(error, CELL).abs().mean()


@torch.inference_mode()
def report(networks: Networks, crops: NDArray[np.uint8]) -> None:
    """Prints mean PSNR in dB of the auto-encoder without and with noise, and of the upscaler beside bicubic."""
    figures: dict[str, list[float]] = {}
    for batch in np.array_split(crops, -(-len(crops) // 16)):
        target = _batch(batch, np.random.default_rng(0))
        latents = networks.regenerator.encoder(target)
        noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0))
        small = F.avg_pool2d(target, ENLARGEMENT)
        outputs = {
            "auto-encoder": networks.regenerator.decode(latents),
            "auto-encoder, strength 0.3": networks.regenerator.decode(latents + 0.3 * noise),
            "auto-encoder, strength 0.6": networks.regenerator.decode(latents + 0.6 * noise),
            "upscaler": networks.upscaler(small),
            "bicubic": F.interpolate(small, scale_factor=ENLARGEMENT, mode="bicubic", align_corners=False),
        }
        for name, output in outputs.items():
            error = ((output.clamp(-1, 1) - target) / 2).square().mean(dim=(1, 2, 3))
            figures.setdefault(name, []).extend((-10 * error.log10()).tolist())
    for name, values in figures.items():
        print(f"PSNR, {name}: {np.mean(values):.2f} dB on {len(values)} crops")


if __name__ == "__main__":
    main()
