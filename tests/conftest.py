"""What all tests share: one thread a process, and photos that the tests paint themselves."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from forensics.models import create_model
from forensics.models.checkpoint import OperatingPoint, save_checkpoint
from signals import get_signal

# Small networks are slowed down by a second thread, most of all beside other processes.
torch.set_num_threads(1)
cv2.setNumThreads(1)


def paint_scene(seed: int, height: int, width: int) -> np.ndarray:
    """Clouds of several sizes, a few discs and sensor-like noise: enough structure for every kind of mask."""
    random = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for cells in (4, 12, 40):
        grid = random.uniform(0, 255, (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 3
    for _ in range(8):
        center = int(random.integers(width)), int(random.integers(height))
        cv2.circle(picture, center, int(random.integers(8, 60)), random.uniform(0, 255, 3).tolist(), -1)
    picture += random.normal(0, 3, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six photos of three cameras (sizes and tables of their own) in a subfolder, with a manifest beside it."""
    folder = tmp_path_factory.mktemp("collection")
    (folder / "photos").mkdir()
    sizes = {"alpha": (420, 520, 92), "beta": (480, 400, 78), "gamma": (600, 640, 97)}
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "camera", "split"])
        for number, camera in enumerate(["alpha", "beta", "gamma", "alpha", "beta", "gamma"]):
            height, width, quality = sizes[camera]
            name = f"photos/{camera}-{number}.jpg"
            Image.fromarray(paint_scene(number, height, width)).save(folder / name, quality=quality)
            writer.writerow([name, camera, ["train", "train", "train", "train", "calibration", "test"][number]])
    return folder / "photos"


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest network with random weights: it sees nothing, but all that surrounds it is real."""
    specs = tuple(get_signal(name).spec for name in ("dct", "splicebuster_counts"))
    torch.manual_seed(0)
    model = create_model("omgfuser_feature_tiny", list(specs))
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    save_checkpoint(folder, model, "omgfuser_feature_tiny", {}, specs, OperatingPoint(), {})
    return folder
