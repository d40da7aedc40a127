"""A loss that is not a number ends the run before it can spoil the weights, and leaves behind what it came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from forensics.data.batch import TrainingBatch
from signals.errors import ForensicsError


class LossNotFinite(ForensicsError):
    """The loss of a batch was infinite or not a number."""


class StopOnNotFiniteLoss(Callback):
    """Looks at every loss before its gradients are computed.

    The batch is written to ``not_finite.pt`` in the run's log folder, one file for each process, and can be read by
    ``torch.load(path, weights_only=True)``: tensors, numbers and names only.
    """

    def __init__(self) -> None:
        self._folder = Path()
        self._batch: TrainingBatch | None = None
        self._index = 0

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Learns the folder while all processes can still agree on it."""
        self._folder = Path(trainer.log_dir or trainer.default_root_dir)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Keeps the batch at hand."""
        self._batch, self._index = batch, batch_idx

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        """Stops the run if the loss is not finite.

        Raises:
            LossNotFinite: It is not.
        """
        loss = loss.detach().cpu()
        if bool(torch.isfinite(loss)):
            return
        assert self._batch is not None
        name = "not_finite.pt" if trainer.world_size == 1 else f"not_finite-{trainer.global_rank}.pt"
        path = self._folder / name
        where = {"epoch": trainer.current_epoch, "batch": self._index, "step": trainer.global_step}
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({**where, "loss": loss, **_content(self._batch)}, path)
        raise LossNotFinite(
            f"the loss is {float(loss)} in step {where['step']} (epoch {where['epoch']}, batch {where['batch']}); "
            f"the batch is in {path}: look for broken pictures in it, or lower the learning rate"
        )


def _content(batch: TrainingBatch) -> Mapping[str, Any]:
    batch = batch.to(torch.device("cpu"))
    signals = {
        name: {"values": signal.values, "valid": signal.valid, "present": signal.present, "side": dict(signal.side)}
        for name, signal in batch.input.signals.items()
    }
    return {
        "names": list(batch.names),
        "rgb": batch.input.rgb,
        "membership": batch.input.membership,
        "signals": signals,
        "mask": batch.mask,
        "label": batch.label,
    }
