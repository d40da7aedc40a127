"""A line an epoch, for runs that no terminal watches."""

from __future__ import annotations

import sys
import time

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only


class EpochLines(Callback):
    """Tells on the error stream what each epoch came to; silent where a progress bar does."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock."""
        self._began = time.perf_counter()

    @rank_zero_only
    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the line, after the validation of the epoch."""
        if sys.stderr.isatty():
            return
        numbers = ", ".join(
            f"{name} {float(value):.3f}"
            for name, value in trainer.callback_metrics.items()
            if name == "train/loss" or (name.startswith("val/") and "_" not in name)
        )
        seconds = time.perf_counter() - self._began
        epochs = "" if trainer.max_epochs in (None, -1) else f" of {trainer.max_epochs}"
        print(f"epoch {trainer.current_epoch + 1}{epochs}: {numbers} ({seconds:.0f} s)", file=sys.stderr, flush=True)
