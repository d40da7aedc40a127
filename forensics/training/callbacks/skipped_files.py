"""How many files of the training set could not be read."""

from __future__ import annotations

from lightning import Callback, LightningModule, Trainer

from forensics.data.training_data import TrainingData


class SkippedFiles(Callback):
    """Logs ``train/skipped`` after each epoch; the files were named when they were met."""

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Counts the files of all processes."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        if isinstance(data, TrainingData):
            pl_module.log("train/skipped", float(len(data.skipped)), reduce_fx="sum", sync_dist=True)
