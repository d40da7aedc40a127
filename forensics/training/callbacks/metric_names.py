"""Metrics are named by users: unknown names are told with those there are."""

from __future__ import annotations

from lightning import LightningModule, Trainer

from signals.errors import WrongUsage, did_you_mean


def check_metric(name: str, trainer: Trainer, module: LightningModule) -> None:
    """Whether a validation logs what is to be watched: before the first one if the module says, else after it.

    Raises:
        WrongUsage: It does not.
    """
    known = list(getattr(module, "validation_metrics", ()))
    if not known and trainer.state.stage == "validate":
        known = [metric for metric in trainer.callback_metrics if metric.startswith("val/")]
    if known and name not in known:
        raise WrongUsage(f"unknown metric {name!r}{did_you_mean(name, known)}")
