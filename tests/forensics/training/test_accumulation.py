"""Gradient accumulation uses all batches, each with the same weight."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from lightning import LightningModule, Trainer
from torch import Tensor
from torch.optim import SGD
from torch.utils.data import DataLoader

from forensics.training.accumulation import step_scale
from forensics.training.optimizer import Schedule


class OneWeight(LightningModule):
    """Its loss is a batch's number times the weight, so the gradient of a step is the mean of its numbers."""

    def __init__(self, scaled: bool) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.scaled = scaled
        self.gradients: list[float] = []
        self.rates: list[float] = []

    def training_step(self, batch: Tensor, index: int) -> Tensor:
        scale = step_scale(index, self.trainer.num_training_batches, self.trainer.accumulate_grad_batches)
        return batch * self.weight * (scale if self.scaled else 1.0)

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        assert self.weight.grad is not None
        self.gradients.append(self.weight.grad.item())
        self.rates.append(optimizer.param_groups[0]["lr"])

    def configure_optimizers(self) -> Any:
        optimizer = SGD([self.weight], lr=1.0)
        schedule = Schedule(warmup=0.5).apply(optimizer, self.trainer.estimated_stepping_batches)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


@pytest.mark.parametrize("scaled", [True, False])
def test_the_last_step_of_an_epoch_is_a_mean_too(scaled: bool, tmp_path: Any) -> None:
    module = OneWeight(scaled)
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=2,
        accumulate_grad_batches=3,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(module, DataLoader(torch.tensor([1.0, 2.0, 3.0, 10.0, 20.0]), batch_size=None))
    # What the trainer does by itself is told by the second case: it divides two batches by three.
    last = 15.0 if scaled else 10.0
    assert module.gradients == pytest.approx([2.0, last, 2.0, last])
    # Warm-up and fall are counted in steps of the optimizer: two rise, two fall.
    assert module.rates == pytest.approx([0.5, 1.0, 1.0, 0.5])


def test_batches_that_divide_are_left_alone() -> None:
    assert [step_scale(index, 6, 3) for index in range(6)] == [1.0] * 6
    assert step_scale(4, float("inf"), 3) == 1.0
    assert step_scale(0, 1, 8) == 8.0
