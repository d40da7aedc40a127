"""The thin Lightning wrapper round a network: loss, optimizer, schedule, validation."""

from __future__ import annotations

from itertools import islice
from typing import Any, ClassVar, Literal, Self

import torch
from lightning import Callback, LightningModule
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor
from torch.optim import AdamW

from forensics.data.batch import TrainingBatch
from forensics.data.training_data import NetworkNeeds
from forensics.models import create_model
from forensics.models.checkpoint import Checkpoint, find_checkpoint
from forensics.models.confidence import add_confidence_head
from forensics.models.inputs import ModelInput, ModelOutput
from forensics.training.accumulation import step_scale
from forensics.training.activations import recompute_activations
from forensics.training.compilation import CompiledNetwork
from forensics.training.confidence import ConfidenceLoss
from forensics.training.depthwise import keep_depthwise_single
from forensics.training.distributed import allow_absent_streams
from forensics.training.loss_terms import stream_loss
from forensics.training.losses import ClassAwareLoss, TrainingLoss, Truth
from forensics.training.normalization import fit_normalization
from forensics.training.not_finite import StopOnNotFiniteLoss
from forensics.training.optimizer import LearningRates, ParameterPlan, Schedule
from forensics.training.validation import METRICS, ValidationMetrics
from signals import get_signal
from signals.errors import CheckpointMismatch, WrongUsage

NORMALIZATION_BATCHES = 6
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
DEFAULT_SIGNALS = ("dct", "splicebuster_counts")


class FuserModule(LightningModule):
    """Trains one network of the fusion family.

    Args:
        preset: Name of the network, see ``forensics.models.list_models``.
        signals: Names of the signals, one stream each.
        arguments: Further arguments of ``create_model``.
        base: Checkpoint to start from, by name or folder; network and signals are then those of the checkpoint.
        phase: ``network``: all that is not frozen trains. ``confidence``: ``base`` stays as it is, to the bit, and a
            head learns beside it where its map can be trusted.
        learning_rate: Peak learning rate.
        weight_decay: Weight decay of all but norms and biases.
        rates: Factors of the learning rate, by depth and by part.
        optimizer: Makes the optimizer from parameter groups.
        schedule: How the learning rate rises and falls.
        loss: The loss; by default OMG-Fuser's, or in the phase ``confidence`` that of the head.
        stream_weight: Weight of the streams' own heads, where the network has them.
        compile: Whether to run the network through ``torch.compile``.
        channels_last: Whether convolutions keep the channels of a pixel together, as they are fastest on most machines.
        checkpoint_activations: Whether transformer blocks compute their activations again in the backward pass rather
            than keep them: about a third more time for much less memory.

    Attributes:
        validation_metrics: Names that a run can be stopped and its best checkpoint chosen by.
    """

    validation_metrics: ClassVar[tuple[str, ...]] = (*(f"val/{name}" for name in METRICS), "val/loss")

    def __init__(
        self,
        preset: str = "omgfuser_feature_small",
        signals: list[str] | None = None,
        arguments: dict[str, Any] | None = None,
        base: str | None = None,
        phase: Literal["network", "confidence"] = "network",
        learning_rate: float = 1e-3,
        weight_decay: float = 0.01,
        rates: LearningRates | None = None,
        optimizer: OptimizerCallable = AdamW,
        schedule: Schedule | None = None,
        loss: TrainingLoss | None = None,
        stream_weight: float = 0.4,
        compile: bool = False,
        channels_last: bool = False,
        checkpoint_activations: bool = False,
    ) -> None:
        super().__init__()
        self.base: Checkpoint | None = None if base is None else find_checkpoint(base)
        if self.base is None:
            self.preset, self.arguments = preset, arguments or {}
            self.specs = tuple(get_signal(name).spec for name in (DEFAULT_SIGNALS if signals is None else signals))
            self.model = create_model(preset, signals=list(self.specs), **self.arguments)
        else:
            self.preset, self.arguments = self.base.fields["model"], self.base.fields["arguments"]
            self.specs = self.base.specs
            self.model = self.base.build()
        if channels_last:
            self.model.to(memory_format=torch.channels_last)
        self.phase = phase
        if phase == "confidence":
            self._prepare_confidence()
        self._loss = loss or (ConfidenceLoss() if phase == "confidence" else ClassAwareLoss())
        self._stream_weight = stream_weight if phase == "network" else 0.0
        self._learning_rate, self._weight_decay = learning_rate, weight_decay
        self._rates = rates or LearningRates()
        self._plan: ParameterPlan | None = None
        self._optimizer, self._schedule = optimizer, schedule or Schedule()
        self._checkpoint_activations, self._compile = checkpoint_activations, compile
        self._compiled: CompiledNetwork | None = None
        self.val_metrics, self.test_metrics = ValidationMetrics(), ValidationMetrics()
        self.train()

    @property
    def needs(self) -> NetworkNeeds:
        """What the network asks of its data."""
        network = self.model
        signals = tuple(network.signal_names)
        return NetworkNeeds(signals, network.patch_size, network.object_rule, network.looks_at_objects)

    def setup(self, stage: str) -> None:
        """Plans the learning rates, and prepares the strategy for absent streams and the network for speed.

        Raises:
            WrongUsage: A precision in which signals and losses would be rounded, or rates of parts that are not there.
        """
        if self.trainer.precision not in PRECISIONS:
            raise WrongUsage(
                f"precision {self.trainer.precision} cannot train here; use one of {', '.join(PRECISIONS)}"
            )
        allow_absent_streams(self.trainer.strategy)
        self.prepare()
        if self.trainer.precision == "bf16-mixed" and self.trainer.strategy.root_device.type == "cpu":
            keep_depthwise_single(self.model)
        if self._compile:
            self._compiled = CompiledNetwork(self.model)

    def prepare(self) -> ParameterPlan:
        """Plans how each parameter learns, once, when the network is complete and nothing is wrapped round it yet.

        Raises:
            WrongUsage: There are rates of parts that are not there.
        """
        if self._plan is None:
            self._plan = ParameterPlan.of(self.model, self._rates)
            if self._checkpoint_activations:
                recompute_activations(self.model)
        return self._plan

    def configure_callbacks(self) -> list[Callback]:
        """A loss that is not finite ends every run."""
        return [StopOnNotFiniteLoss()]

    def on_fit_start(self) -> None:
        """Sets the signals' normalization from the first batches, unless a run is resumed or has a base."""
        if self.trainer.ckpt_path is None and self.base is None:
            loader = self.trainer.datamodule.train_dataloader()  # type: ignore[attr-defined]
            batches = list(islice(loader, NORMALIZATION_BATCHES))
            fit_normalization(self.model, [batch.input for batch in batches])

    def train(self, mode: bool = True) -> Self:
        """Switches to training, but for what another phase has finished."""
        super().train(mode)
        if self.phase == "confidence":
            self.model.eval()
            assert self.model.confidence is not None
            self.model.confidence.train(mode)
        return self

    def training_step(self, batch: TrainingBatch, index: int) -> Tensor:
        """The loss of one batch, scaled for the trainer's mean over the batches of an optimizer step."""
        loss = self._log_loss(self._run(batch.input), batch, "train")
        return loss * step_scale(index, self.trainer.num_training_batches, self.trainer.accumulate_grad_batches)

    def validation_step(self, batch: TrainingBatch, index: int) -> None:
        """The loss, and the metrics of :class:`ValidationMetrics`."""
        self._measure(batch, self.val_metrics, "val")

    def test_step(self, batch: TrainingBatch, index: int) -> None:
        """The same on the test forgeries."""
        self._measure(batch, self.test_metrics, "test")

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Says which network this is."""
        checkpoint["network"] = self._identity()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuses the weights of another one.

        Raises:
            CheckpointMismatch: Model, signals, their versions or the phase differ.
        """
        ours, theirs = self._identity(), checkpoint.get("network", {})
        for field, value in ours.items():
            if theirs.get(field) != value:
                raise CheckpointMismatch(
                    f"the checkpoint to go on from has {field} {theirs.get(field, 'unknown')}, this run has {value}; "
                    "name one of the same network by --ckpt_path"
                )

    def configure_optimizers(self) -> Any:
        """The optimizer over all that trains, and its schedule, a step at a time."""
        optimizer = self._optimizer(self.prepare().groups(self.model, self._learning_rate, self._weight_decay))
        schedule = self._schedule.apply(optimizer, self.trainer.estimated_stepping_batches)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _identity(self) -> dict[str, str]:
        """What a run and the checkpoint it goes on from must have in common."""
        signals = ", ".join(f"{spec.name} {spec.version}" for spec in self.model.specs)
        return {
            "model": self.preset,
            "arguments": str(self.arguments),
            "signals": signals or "none",
            "phase": self.phase,
        }

    def _prepare_confidence(self) -> None:
        if self.base is None:
            raise WrongUsage("a confidence head is trained on a finished network; name its checkpoint by --model.base")
        self.model.requires_grad_(False)
        add_confidence_head(self.model)

    def _run(self, inputs: ModelInput) -> ModelOutput:
        output: ModelOutput = (self._compiled or self.model)(inputs)
        return output

    def _measure(self, batch: TrainingBatch, metrics: ValidationMetrics, stage: Literal["val", "test"]) -> None:
        output = self._run(batch.input)
        self._log_loss(output, batch, stage)
        metrics.update(output, batch.mask, batch.label, batch.valid)
        for name in METRICS:
            shown = name == "auc"
            self.log(f"{stage}/{name}", getattr(metrics, name), on_step=False, on_epoch=True, prog_bar=shown)

    def _log_loss(self, output: ModelOutput, batch: TrainingBatch, stage: str) -> Tensor:
        """The sum of all terms; each is logged, as it enters the sum."""
        terms = self._loss(output, Truth(batch.mask, batch.label, batch.valid))
        if self._stream_weight and output.stream_logits.shape[1]:
            alone = stream_loss(output.stream_logits, output.present, batch.mask, batch.valid)
            terms["streams"] = self._stream_weight * alone
        loss = sum(terms.values(), start=batch.label.new_zeros(()))
        size = len(batch.label)
        self.log(f"{stage}/loss", loss, batch_size=size, prog_bar=True, sync_dist=stage != "train")
        for name, term in terms.items():
            self.log(f"{stage}/loss_{name}", term, batch_size=size, sync_dist=stage != "train")
        return loss
