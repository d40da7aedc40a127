from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from forensics.training.callbacks.moving_average import MovingAverage
from forensics.training.callbacks.random_state import RandomState
from forensics.training.callbacks.validation_pictures import draw_grid


def test_the_average_is_that_of_its_formula() -> None:
    callback = MovingAverage(decay=0.9)
    average = torch.optim.swa_utils.AveragedModel(nn.Linear(1, 1, bias=False), avg_fn=callback._kwargs["avg_fn"])
    expected = 0.0
    for count, value in enumerate([3.0, 5.0, -1.0, 2.0, 8.0]):
        current = nn.Linear(1, 1, bias=False)
        nn.init.constant_(current.weight, value)
        average.update_parameters(current)
        keep = min(0.9, (1 + count) / (10 + count))
        expected = value if count == 0 else keep * expected + (1 - keep) * value
    assert abs(float(average.module.weight) - expected) < 1e-6


def test_random_numbers_go_on_where_they_were() -> None:
    saved = RandomState().state_dict()
    first = random.random(), float(np.random.rand()), float(torch.rand(()))
    resumed = RandomState()
    resumed.load_state_dict(saved)
    resumed.on_train_start(type("Trainer", (), {"global_rank": 0})(), None)  # type: ignore[arg-type]
    assert (random.random(), float(np.random.rand()), float(torch.rand(()))) == first


def test_a_row_shows_picture_mask_and_map() -> None:
    rgb = torch.zeros(2, 3, 8, 16)
    rgb[:, 0] = 1.0
    masks, maps = torch.ones(2, 1, 8, 16), torch.full((2, 1, 8, 16), 0.5)
    drawn = draw_grid(rgb, masks, maps)
    assert drawn.shape == (20, 56, 3)
    for top in (0, 12):
        assert (drawn[top : top + 8, :16] == (255, 0, 0)).all()
        assert (drawn[top : top + 8, 20:36] == 255).all()
        assert (drawn[top : top + 8, 40:56] == 128).all()


def test_pictures_of_the_validation_lie_in_the_log_folder(tiny_fit: Callable[..., None], tmp_path: Path) -> None:
    tiny_fit("--trainer.max_epochs=2", "--pictures.every=2")
    folder = tmp_path / "runs" / "lightning_logs" / "version_0" / "pictures"
    assert [path.name for path in folder.iterdir()] == ["epoch-0001.png"]
    assert cv2.imread(str(folder / "epoch-0001.png")).shape == (2 * (64 + 4) - 4, 3 * (96 + 4) - 4, 3)


def test_the_best_and_the_last_checkpoint_are_written(tiny_fit: Callable[..., None], tmp_path: Path) -> None:
    tiny_fit("--trainer.max_epochs=2")
    written = {path.name for path in (tmp_path / "runs").rglob("*.ckpt")}
    assert written == {"best.ckpt", "last.ckpt"}
