"""Checkpoints of a run: the best one by a metric, and the last one, from which it can be resumed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_info

from forensics.training.callbacks.metric_names import check_metric
from forensics.training.callbacks.stop_signals import StopSignals


class BestAndLast(ModelCheckpoint):
    """Writes ``best.ckpt`` and ``last.ckpt`` after each validation, and ``last.ckpt`` in between.

    Who asks the run to stop (Ctrl-C, SIGTERM) is obeyed after the running optimizer step, once ``last.ckpt`` is
    written; a run resumed from it is the one that was not stopped.

    Args:
        monitor: The metric of the validation that chooses the best.
        mode: Whether more or less of it is better.
        every_minutes: Writes ``last.ckpt`` this often between validations, too; None leaves it to them.
        dirpath: Folder; by default ``checkpoints`` in the run's log folder.
    """

    def __init__(
        self,
        monitor: str = "val/auc",
        mode: Literal["max", "min"] = "max",
        every_minutes: float | None = None,
        dirpath: Path | None = None,
    ) -> None:
        super().__init__(
            dirpath,
            "best",
            monitor,
            mode=mode,
            save_top_k=1,
            save_on_train_epoch_end=False,
            auto_insert_metric_name=False,
            enable_version_counter=False,
        )
        self._every_seconds = None if every_minutes is None else 60 * every_minutes
        self._saved_at = time.monotonic()
        self._stop = StopSignals()

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks whether there is such a metric."""
        assert self.monitor is not None
        check_metric(self.monitor, trainer, pl_module)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begins to listen for signals, in place of the trainer, which would stop in the middle of an accumulation."""
        super().on_train_start(trainer, pl_module)
        self._saved_at = time.monotonic()
        self._stop.watch()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Between optimizer steps: saves if it is time, and stops if that was asked for."""
        if trainer.is_last_batch or (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        stop = trainer.strategy.reduce_boolean_decision(self._stop.exit_code is not None, all=False)
        if stop or trainer.strategy.broadcast(self._is_time()):
            self._save_last(trainer)
        if stop:
            self._leave(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves the best and the last."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        assert self.monitor is not None
        check_metric(self.monitor, trainer, pl_module)
        super().on_validation_end(trainer, pl_module)
        self._save_last(trainer)
        if trainer.strategy.reduce_boolean_decision(self._stop.exit_code is not None, all=False):
            self._leave(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves the last where nothing is validated."""
        if not trainer.enable_validation:
            self._save_last(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leaves the checkpoints as they are: an error may have struck in the middle of a step."""
        self._stop.leave()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Everything is saved: from here on a signal ends the process at once."""
        self._stop.finish()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """A resumed run writes into a folder of its own and still knows the best of the folder before."""
        super().load_state_dict({**state_dict, "dirpath": self.dirpath, "last_model_path": ""})

    def _is_time(self) -> bool:
        return self._every_seconds is not None and time.monotonic() - self._saved_at >= self._every_seconds

    def _save_last(self, trainer: Trainer) -> None:
        if trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        assert self.dirpath is not None
        self.last_model_path = str(Path(self.dirpath) / f"{self.CHECKPOINT_NAME_LAST}{self.FILE_EXTENSION}")
        trainer.save_checkpoint(self.last_model_path, weights_only=False)
        self._saved_at = time.monotonic()

    def _leave(self, trainer: Trainer) -> None:
        code = self._stop.exit_code
        rank_zero_info(f"stopped; go on with --ckpt_path {self.last_model_path}")
        # Another process was asked, not this one.
        raise SystemExit(143 if code is None else code)
