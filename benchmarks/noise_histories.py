"""Does the learned `noise` signal tell histories apart on cameras it never saw, whatever the picture shows?

    python -m benchmarks.noise_histories --photos PHOTOS --split test [--trials 60]

A trial gives six contents a history and the same contents one that differs in one step; then all are saved alike. The
AUC is that of the distance between mean features: pairs of the same history and different contents against pairs of
the two histories, of the same content (hard: what they show is alike) and of different contents. Beside it the same
of Splicebuster's co-occurrences, at Hellinger's distance.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from forensics.data.forge.camera import draw_camera
from forensics.data.forge.chains.jpeg import JpegSave
from forensics.data.forge.draw import integer, uniform
from forensics.data.photos import PhotoPool
from forensics.training.history.factorial import cut, draw_contents, mosaic, render
from forensics.training.history.history import History, Resampling, draw_filtering
from signals import Evidence, get_signal

PATCH = 96
QUALITIES = (None, 90, 75)
Random = np.random.Generator
Distance = NDArray[np.float64]


def base(random: Random) -> History:
    """A camera that saves a JPEG file."""
    return History(camera=draw_camera(random), first_save=JpegSave(integer(random, 60, 98)))


def _other_save(history: History, random: Random) -> History:
    assert history.first_save is not None
    quality = history.first_save.quality
    while abs(quality - history.first_save.quality) < 5:
        quality = integer(random, 50, 98)
    return replace(history, first_save=JpegSave(quality))


def _resampled(history: History, random: Random) -> History:
    scale = uniform(random, (0.65, 0.93)) if random.random() < 0.5 else uniform(random, (1.07, 1.6))
    return replace(history, resampling=Resampling(scale, "cubic"))


def _shifted(history: History, random: Random) -> History:
    place = integer(random, 1, 63)
    return replace(history, shift=(place // 8, place % 8))


def _filtered(kind: str) -> Callable[[History, Random], History]:
    return lambda history, random: replace(history, filtering=draw_filtering(random, kind))


CHANGES: Mapping[str, Callable[[History, Random], History]] = {
    "camera": lambda history, random: replace(history, camera=draw_camera(random)),
    "first JPEG": _other_save,
    "grid shift": _shifted,
    "resampling": _resampled,
    "blur": _filtered("blur"),
    "median": _filtered("median"),
    "sharpening": _filtered("sharpening"),
    "noise": _filtered("noise"),
    "tone": _filtered("tone"),
    "nothing": lambda history, random: history,
}


def main() -> None:
    """Prints one table a last saving."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--split", default="calibration")
    parser.add_argument("--trials", type=int, default=60)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    photos = PhotoPool.open(arguments.photos, arguments.split)
    print(f"{len(photos)} photos of {arguments.split}, {arguments.trials} trials a row, patches of {PATCH} pixels")
    for quality in QUALITIES:
        print(f"\n{'no last saving' if quality is None else f'last saving at {quality}'}\n")
        print("| change | `noise`, other content | same content | counts, other content | same content |")
        print("|---|---|---|---|---|")
        for number, (name, change) in enumerate(CHANGES.items()):
            random = np.random.default_rng(number)
            rows = np.mean([trial(photos, random, change, quality) for _ in range(arguments.trials)], axis=0)
            print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in rows) + " |", flush=True)


def trial(
    photos: PhotoPool, random: Random, change: Callable[[History, Random], History], quality: int | None
) -> list[float]:
    """AUC of a trial: of the learned features and of the counts, each for different contents and for the same."""
    contents = draw_contents(photos, random)
    history = base(random)
    patches = np.stack([render(contents, each, PATCH) for each in (history, change(history, random))])
    if quality is not None:
        patches = cut(JpegSave(quality).apply(mosaic(patches)), 2, len(contents))
    pictures = [Evidence.from_pixels(np.ascontiguousarray(patch)) for patch in patches.reshape(-1, PATCH, PATCH, 3)]
    return [auc for vector in (learned, counted) for auc in verification(np.stack([vector(p) for p in pictures]))]


def learned(picture: Evidence) -> NDArray[np.float64]:
    """Mean feature of the cells that are not near the border."""
    found = get_signal("noise").extract(picture)
    inner = found.valid[2:-2, 2:-2]
    if not inner.any():
        return np.zeros(found.spec.channels)
    return np.asarray(found.values[:, 2:-2, 2:-2][:, inner].astype(np.float64).mean(axis=1))


def counted(picture: Evidence) -> NDArray[np.float64]:
    """Square roots of the frequencies of Splicebuster's patterns."""
    found = get_signal("splicebuster_counts").extract(picture)
    total = found.values.sum(axis=(1, 2), dtype=np.float64) if found.usable else np.zeros(found.spec.channels)
    return np.asarray(np.sqrt(total / max(total.sum(), 1)))


def verification(vectors: NDArray[np.float64]) -> tuple[float, float]:
    """AUC of same against different histories, for different contents and for the same; vectors history by history."""
    count = len(vectors) // 2
    distances = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    one, other, across = distances[:count, :count], distances[count:, count:], distances[:count, count:]
    apart = ~np.eye(count, dtype=bool)
    same = np.concatenate([one[apart], other[apart]])
    return _auc(same, across[apart]), _auc(same, across[~apart])


def _auc(same: Distance, different: Distance) -> float:
    truth = np.repeat([0, 1], [len(same), len(different)])
    return float(roc_auc_score(truth, np.concatenate([same, different])))


if __name__ == "__main__":
    main()
