"""Training the stream of one more signal in a trained network."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any, Literal, Self

import torch
from torch import Tensor

from forensics.data.batch import TrainingBatch
from forensics.models.expansion import expand_network
from forensics.models.inputs import ModelInput, ModelOutput
from forensics.models.network import FusionNetwork
from forensics.training.accumulation import step_scale
from forensics.training.distillation import distillation_loss
from forensics.training.module import NORMALIZATION_BATCHES, FuserModule
from forensics.training.normalization import fit_normalization
from signals import get_signal


class ExpansionModule(FuserModule):
    """Adds a stream to the network of a checkpoint and trains what is new, see :mod:`forensics.models.expansion`.

    Args:
        checkpoint: The checkpoint to expand, by name or folder.
        signal: Name of the new signal.
        stream: Fields of the preset in which the new stream differs from the others, such as ``{"stream_depth": 1}``.
        also_tune: ``fusion`` lets the old fusion train too. Results without the new signal are then only taught to
            stay what they were, by distillation from the old network; they are no longer the same bits.
        distillation: Weight of that term.
        signal_drop: Share of the pictures that lose the new signal in training for that term.
        **settings: How to train, as :class:`FuserModule` takes it.

    Raises:
        CheckpointMissing: There is no such checkpoint.
        CheckpointMismatch: It does not fit this version.
        UnknownSignal: There is no such signal.
        WrongUsage: The network reads the signal already, or its family cannot take it.
    """

    def __init__(
        self,
        checkpoint: str,
        signal: str,
        stream: dict[str, Any] | None = None,
        also_tune: Literal["fusion"] | None = None,
        distillation: float = 1.0,
        signal_drop: float = 0.5,
        **settings: Any,
    ) -> None:
        spec = get_signal(signal).spec
        # Named so that the command line does not offer what the checkpoint decides.
        super().__init__(preset="", signals=None, arguments=None, base=checkpoint, phase="network", **settings)
        assert self.base is not None
        self.expanded = expand_network(self.model, self.preset, self.arguments, spec, stream)
        self.model: FusionNetwork = self.expanded
        self.specs = self.model.specs
        self.also_tune = also_tune
        self.teacher: FusionNetwork | None = None
        if also_tune == "fusion":
            self.expanded.unfreeze_fusion()
            self.teacher = self.base.build().requires_grad_(False)
        self._distillation, self._signal_drop = distillation, signal_drop
        self.train()

    @property
    def trained_parameters(self) -> tuple[int, int]:
        """How many parameters train, and how many there are."""
        sizes = [(parameter.numel(), parameter.requires_grad) for parameter in self.model.parameters()]
        return sum(size for size, trains in sizes if trains), sum(size for size, _ in sizes)

    def on_fit_start(self) -> None:
        """Sets the new signal's normalization from the first batches, unless a run is resumed."""
        if self.trainer.ckpt_path is None:
            loader = self.trainer.datamodule.train_dataloader()  # type: ignore[attr-defined]
            inputs = [batch.input for batch in islice(loader, NORMALIZATION_BATCHES)]
            fit_normalization(self.model, inputs, only=(self.expanded.spec.name,))

    def train(self, mode: bool = True) -> Self:
        """Switches what is new; the old network and its double stay in evaluation mode."""
        super().train(mode)
        if getattr(self, "teacher", None) is not None:
            assert self.teacher is not None
            self.teacher.eval()
        return self

    def training_step(self, batch: TrainingBatch, index: int) -> Tensor:
        """The loss of one batch, with distillation where the old fusion trains too."""
        if self.teacher is None:
            return super().training_step(batch, index)
        batch = replace(batch, input=self._without_signal_at_random(batch.input))
        output = self._run(batch.input)
        taught = self._distillation * distillation_loss(self.teacher, batch.input, output)
        self.log("train/loss_distillation", taught, batch_size=len(batch.label))
        loss = self._log_loss(output, batch, "train") + taught
        return loss * step_scale(index, self.trainer.num_training_batches, self.trainer.accumulate_grad_batches)

    def _without_signal_at_random(self, inputs: ModelInput) -> ModelInput:
        name = self.expanded.spec.name
        if name not in inputs.signals:
            return inputs
        signal = inputs.signals[name]
        kept = torch.rand(signal.present.shape, device=signal.present.device) >= self._signal_drop
        return replace(inputs, signals={**inputs.signals, name: replace(signal, present=signal.present & kept)})

    def _log_loss(self, output: ModelOutput, batch: TrainingBatch, stage: str) -> Tensor:
        # The old streams' heads are frozen: in the mean over the streams they would only dilute the new one's.
        alone = replace(output, stream_logits=output.stream_logits[:, -1:], present=output.present[:, -1:])
        return super()._log_loss(alone, batch, stage)
