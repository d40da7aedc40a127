"""Dice that go on where they were when a run was stopped."""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer


class RandomState(Callback):
    """Saves the state of Python's, NumPy's and PyTorch's random numbers, of each process, and sets it on resuming.

    A run resumed with another number of processes begins new random numbers in those that are more.
    """

    def __init__(self) -> None:
        self._saved: list[dict[str, Any]] = []

    def state_dict(self) -> dict[str, Any]:
        """The seed of the run, and the states by process; all processes call this together."""
        own = _current()
        states = [own]
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            states = [own] * torch.distributed.get_world_size()
            torch.distributed.all_gather_object(states, own)
        return {"seed": os.environ.get("PL_GLOBAL_SEED"), "states": states}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keeps them until the training begins: what is set up before that draws, too."""
        self._saved = state_dict["states"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sets them."""
        if trainer.global_rank < len(self._saved):
            _restore(self._saved[trainer.global_rank])
        self._saved = []


def _current() -> dict[str, Any]:
    """Tensors and numbers only, so that checkpoints load without running code."""
    _, key, position, has_gauss, gauss = np.random.get_state(legacy=True)
    return {
        "python": random.getstate(),
        "numpy": (torch.from_numpy(np.asarray(key, dtype=np.int64)), int(position), int(has_gauss), float(gauss)),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _restore(state: dict[str, Any]) -> None:
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    key, *rest = state["numpy"]
    np.random.set_state(("MT19937", key.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"].cpu())
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([device.cpu() for device in state["cuda"]])
