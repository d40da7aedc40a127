"""Stopping when a validation metric no longer improves."""

from __future__ import annotations

from typing import Literal

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping

from forensics.training.callbacks.metric_names import check_metric


class EarlyStop(EarlyStopping):
    """Ends a run when a metric has not improved for some validations.

    Args:
        patience: Validations without improvement that are tolerated; None never stops.
        monitor: The metric.
        mode: Whether more or less of it is better.
        min_delta: What counts as an improvement.
    """

    def __init__(
        self,
        patience: int | None = None,
        monitor: str = "val/auc",
        mode: Literal["max", "min"] = "max",
        min_delta: float = 0.0,
    ) -> None:
        # Before the checkpoint of the same validation is written, which is to know of it.
        super().__init__(monitor, min_delta, patience or 0, mode=mode, check_on_train_epoch_end=False)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks whether there is such a metric."""
        check_metric(self.monitor, trainer, pl_module)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks at the metric."""
        if not trainer.sanity_checking:
            check_metric(self.monitor, trainer, pl_module)
        super().on_validation_end(trainer, pl_module)
