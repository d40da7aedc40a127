"""The thin Lightning wrapper round a network: loss, optimizer, schedule, validation."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

from lightning import LightningModule
from torch import Tensor
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torchmetrics.functional.classification import binary_auroc

from forensics.data.batch import TrainingBatch
from forensics.data.datamodule import NetworkNeeds
from forensics.models import create_model
from forensics.models.inputs import ModelOutput
from forensics.training.losses import LossWeights, localization_detection_loss, stream_loss
from forensics.training.normalization import fit_normalization
from signals import get_signal

NORMALIZATION_BATCHES = 6


class FuserModule(LightningModule):
    """Trains one network of the fusion family.

    Args:
        preset: Name of the network, see ``forensics.models.list_models``.
        signals: Names of the signals, one stream each.
        arguments: Further arguments of ``create_model``.
        learning_rate: Peak learning rate of AdamW.
        weight_decay: Decoupled weight decay.
        warmup: Fraction of all steps in which the learning rate rises; then it falls along a cosine to zero.
        loss: Weights of the four terms.
        stream_weight: Weight of the streams' own heads, where the network has them.
    """

    def __init__(
        self,
        preset: str = "omgfuser_feature_small",
        signals: list[str] | None = None,
        arguments: dict[str, Any] | None = None,
        learning_rate: float = 1e-3,
        weight_decay: float = 0.01,
        warmup: float = 0.05,
        loss: LossWeights | None = None,
        stream_weight: float = 0.4,
    ) -> None:
        super().__init__()
        self.preset = preset
        self.arguments = arguments or {}
        self.specs = tuple(get_signal(name).spec for name in signals or ["dct", "splicebuster_counts"])
        self.model = create_model(preset, signals=list(self.specs), **self.arguments)
        self._learning_rate = learning_rate
        self._weight_decay = weight_decay
        self._warmup = warmup
        self._loss = loss or LossWeights()
        self._stream_weight = stream_weight

    @property
    def needs(self) -> NetworkNeeds:
        """What the network asks of its data."""
        return NetworkNeeds(tuple(self.model.signal_names), self.model.patch_size, self.model.object_rule)

    def on_fit_start(self) -> None:
        """Sets the signals' normalization from the first batches, unless a run is resumed."""
        if self.trainer.ckpt_path is None:
            loader = self.trainer.datamodule.train_dataloader()  # type: ignore[attr-defined]
            batches = list(islice(loader, NORMALIZATION_BATCHES))
            fit_normalization(self.model, [batch.input for batch in batches])

    def training_step(self, batch: TrainingBatch, index: int) -> Tensor:
        """The loss of one batch."""
        output = self.model(batch.input)
        alone = stream_loss(output.stream_logits, output.present, batch.mask)
        return self._log_loss(output, batch, "train") + self._stream_weight * alone

    def validation_step(self, batch: TrainingBatch, index: int) -> None:
        """The loss, and the mean exact pixel AUC over the forged pictures."""
        self._measure(batch, "val")

    def test_step(self, batch: TrainingBatch, index: int) -> None:
        """The same on the test forgeries."""
        self._measure(batch, "test")

    def configure_optimizers(self) -> Any:
        """AdamW; norms and biases are not decayed. Linear warm-up, then a cosine to zero, a step at a time."""
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        groups = [
            {"params": [p for p in trained if p.ndim > 1], "weight_decay": self._weight_decay},
            {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
        ]
        optimizer: Optimizer = AdamW(groups, lr=self._learning_rate)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = LambdaLR(optimizer, lambda step: _warmup_cosine(step, steps, self._warmup))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _measure(self, batch: TrainingBatch, stage: str) -> None:
        output = self.model(batch.input)
        self._log_loss(output, batch, stage)
        for logits, mask in zip(output.map_logits, batch.mask, strict=True):
            if mask.any():
                auc = binary_auroc(logits.flatten().float(), mask.flatten().int())
                self.log(f"{stage}/auc", auc, batch_size=1, on_epoch=True, prog_bar=True)

    def _log_loss(self, output: ModelOutput, batch: TrainingBatch, stage: str) -> Tensor:
        loss = localization_detection_loss(output.map_logits, output.score_logits, batch.mask, batch.label, self._loss)
        self.log(f"{stage}/loss", loss, batch_size=len(batch.label), prog_bar=True)
        return loss


def _warmup_cosine(step: int, steps: int, warmup: float) -> float:
    rising = max(1, round(steps * warmup))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))
