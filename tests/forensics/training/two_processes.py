"""Two steps of a fit on drawn pictures, by one process or several: ``python two_processes.py PROCESSES FILE``.

Each step reads the same four pictures, however many processes share them. The first process saves its gradients after
each step, the losses it logged, its weights and buffers.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch import Tensor, nn
from torch.optim import SGD, Optimizer
from torch.utils.data import DataLoader

from forensics.data.batch import TrainingBatch
from forensics.models.inputs import ModelInput, ModelOutput, SignalInput
from forensics.training.losses import ClassAwareLoss, CrossEntropyDiceLoss, CrossEntropyLoss, TrainingLoss, Truth
from forensics.training.module import FuserModule
from signals import get_signal

SIGNALS = ["dct", "splicebuster"]
PICTURES, SIDE = 4, 32


class EveryLoss(TrainingLoss):
    """All losses there are at once."""

    LOSSES = (ClassAwareLoss(), ClassAwareLoss(dice_over="batch"), CrossEntropyLoss(), CrossEntropyDiceLoss())

    def terms(self, output: ModelOutput, truth: Truth) -> dict[str, Tensor]:
        found = [loss.terms(output, truth) for loss in self.LOSSES]
        return {f"{number}_{name}": term for number, terms in enumerate(found) for name, term in terms.items()}


class StillNorms(FuserModule):
    """Batch norms that do not see the batch."""

    def train(self, mode: bool = True) -> StillNorms:
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self


class Drawn(LightningDataModule):
    """Two steps; of the second signal only the last two pictures of the first step know, and none of the second."""

    def train_dataloader(self) -> DataLoader[TrainingBatch]:
        assert self.trainer is not None
        each = PICTURES // self.trainer.world_size
        own = slice(self.trainer.global_rank * each, (self.trainer.global_rank + 1) * each)
        batches = [TrainingBatch.of([picture(PICTURES * step + i) for i in range(PICTURES)[own]]) for step in range(2)]
        return DataLoader(batches, batch_size=None)  # type: ignore[arg-type]


def picture(number: int) -> TrainingBatch:
    """A batch of one with its own share of manipulated pixels and of pixels that count."""
    generator = torch.Generator().manual_seed(number)
    signals = {}
    for name in SIGNALS:
        spec = get_signal(name).spec
        cells = SIDE // spec.stride
        values = torch.randn(1, spec.channels, cells, cells, generator=generator)
        values = (values.abs() * 5).to(torch.uint8) if name == "dct" else values
        valid = torch.rand(1, cells, cells, generator=generator) > 0.2
        present = torch.tensor([name == "dct" or number in (2, 3)])
        side = {"quantization_table": torch.full((1, 8, 8), 3.0), "was_jpeg": torch.ones(1)} if name == "dct" else {}
        signals[name] = SignalInput(values, valid & present, present, side)
    rgb = torch.rand(1, 3, SIDE, SIDE, generator=generator)
    mask = torch.zeros(1, 1, SIDE, SIDE)
    mask[..., : 7 * (number % 4), :20] = 1.0
    valid = torch.ones(1, 1, SIDE, SIDE, dtype=torch.bool)
    valid[..., SIDE - 5 * (number % 3) :] = False
    inputs = ModelInput(rgb, signals, torch.ones(1, 1, SIDE // 16, SIDE // 16, dtype=torch.bool))
    return TrainingBatch(inputs, mask, mask.flatten(1).amax(1), valid)


class Recorder(Callback):
    """Keeps what the optimizer is about to use."""

    def __init__(self) -> None:
        self.gradients: list[dict[str, Tensor | None]] = []
        self.losses: list[dict[str, Tensor]] = []

    def on_before_optimizer_step(self, trainer: Trainer, module: LightningModule, optimizer: Optimizer) -> None:
        found = {name: p.grad for name, p in module.named_parameters()}
        self.gradients.append({name: None if g is None else g.clone() for name, g in found.items()})

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *rest: Any) -> None:
        self.losses.append({name: value.clone() for name, value in trainer.logged_metrics.items()})


def run(processes: int, out: Path, accelerator: str = "cpu", strategy: Strategy | None = None) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    module = StillNorms(
        "omgfuser_feature_tiny",
        SIGNALS,
        {"stream_drop": 0.0},
        optimizer=lambda groups: SGD(groups, momentum=0.9),
        learning_rate=0.05,
        loss=EveryLoss(),
    )
    recorder = Recorder()
    trainer = Trainer(
        accelerator=accelerator,
        devices=processes,
        strategy=strategy or ("auto" if processes == 1 else DDPStrategy(process_group_backend="gloo")),
        use_distributed_sampler=False,
        max_epochs=1,
        callbacks=[recorder],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=out.parent,
    )
    trainer.fit(module, datamodule=Drawn())
    if trainer.is_global_zero:
        state = module.model.state_dict()
        torch.save({"gradients": recorder.gradients, "losses": recorder.losses, "state": state}, out)


if __name__ == "__main__":
    run(int(sys.argv[1]), Path(sys.argv[2]))
