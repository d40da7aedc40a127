"""At the end of a fit: operating point, checkpoint folder and model card."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_info, rank_zero_only, rank_zero_warn

from forensics.data.training_data import DevelopmentPicture, TrainingData
from forensics.inference import Predictor
from forensics.inference.predictor import segmenter_for
from forensics.models.checkpoint import CARD, Checkpoint, OperatingPoint, save_checkpoint
from forensics.models.half_precision import round_to_half
from forensics.models.network import FusionNetwork
from forensics.training.module import FuserModule
from forensics.training.operating_point import Development, choose_operating_point
from signals.errors import OutputNotWritable


class ExportCheckpoint(Callback):
    """Writes what ``tracefuse analyze --checkpoint`` reads.

    Args:
        folder: Where to write; by default ``checkpoint`` in the run's log folder.
        pictures: Development pictures that choose the operating point, see ``TrainingData.development``.
        false_alarms: Largest tolerated fraction of flagged pristine development pictures.
        weights: Those of the ``best`` checkpoint of the run, where one was written, or the ``last`` ones.
        half: Rounds the weights to half precision before anything is chosen, so that the file has half the size.
    """

    def __init__(
        self,
        folder: Path | None = None,
        pictures: int = 400,
        false_alarms: float = 0.05,
        weights: Literal["best", "last"] = "best",
        half: bool = False,
    ) -> None:
        self._folder = folder
        self._pictures = pictures
        self._false_alarms = false_alarms
        self._weights = weights
        self._half = half
        self._started = time.perf_counter()

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock, and finds out now rather than at the end whether the folder can be written."""
        self._started = time.perf_counter()
        # At the end only one process is left to ask, and the trainer would wait for the others.
        self._folder = folder = self._folder_of(trainer)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputNotWritable(f"{folder}: cannot be made ({error.strerror}); choose another folder") from error

    @rank_zero_only
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks at the development pictures with the trained network, then writes it with what they chose."""
        chosen = _load_best(trainer, pl_module) if self._weights == "best" else None
        data = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(pl_module, FuserModule)
        assert isinstance(data, TrainingData)
        facts = {
            "data": {**data.facts(), "described": data.describe(), "skipped": data.skipped_facts()},
            "training": {
                "steps": trainer.global_step,
                "weights": chosen or "those of the last step",
                "minutes": round((time.perf_counter() - self._started) / 60, 1),
                "validation": {name: round(float(value), 4) for name, value in trainer.logged_metrics.items()},
                "machine": f"{platform.machine()}, {trainer.strategy.root_device}",
                "torch": version("torch"),
                "tracefuse": version("tracefuse"),
            },
        }
        pl_module.model.eval()
        if self._half:
            round_to_half(pl_module.model)
        checkpoint = self.write(self._folder_of(trainer), pl_module, data, facts)
        (checkpoint.folder / CARD).write_text(model_card(checkpoint), encoding="utf-8")
        print(f"checkpoint: {checkpoint.folder}")

    def write(self, folder: Path, module: FuserModule, data: TrainingData, facts: Mapping[str, Any]) -> Checkpoint:
        """Chooses the operating point of a trained network and writes its checkpoint, without the model card."""
        if module.phase == "confidence":
            assert module.base is not None
            return _with_confidence(folder, module, module.base, facts)
        rank_zero_info(f"choosing the operating point on {self._pictures} development pictures")
        looked = development_pictures(plain_predictor(module.model), data.development(self._pictures))
        point = choose_operating_point(looked, self._false_alarms)
        return save_checkpoint(
            folder, module.model, module.preset, module.arguments, module.specs, point, facts, parent=module.base
        )

    def _folder_of(self, trainer: Trainer) -> Path:
        return self._folder or Path(trainer.log_dir or trainer.default_root_dir) / "checkpoint"


def _with_confidence(folder: Path, module: FuserModule, base: Checkpoint, facts: Mapping[str, Any]) -> Checkpoint:
    """Map and score are those of the checkpoint it began with, and so is all that was chosen for them."""
    return save_checkpoint(
        folder,
        module.model,
        module.preset,
        module.arguments,
        module.specs,
        base.operating_point,
        {**facts, "calibration": base.fields.get("calibration")},
        special_points=base.special_points,
        parent=base,
    )


def plain_predictor(model: FusionNetwork) -> Predictor:
    """The network with its operating point at zero, before it is a checkpoint on disk."""
    zero = {"operating_point": asdict(OperatingPoint())}
    device = next(model.parameters()).device
    return Predictor(Checkpoint("in training", Path(), zero), model, segmenter_for(model), device)


def development_pictures(predictor: Predictor, pictures: Iterable[DevelopmentPicture]) -> Iterator[Development]:
    """What a network, its operating point at zero, says of pictures that no step has seen."""
    for picture in pictures:
        prediction = predictor.predict(picture.evidence)
        yield Development(prediction.map, prediction.score, picture.truth)


def _load_best(trainer: Trainer, module: LightningModule) -> str | None:
    """Puts the best weights of the run into the module, where there are any, and says what made them the best."""
    callback: Any = trainer.checkpoint_callback
    path = getattr(callback, "best_model_path", "")
    if not path:
        return None
    if not Path(path).is_file():
        rank_zero_warn(f"{path}: the best checkpoint is no longer there; the last weights are exported")
        return None
    weights = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    module.load_state_dict(weights, strict=module.strict_loading)
    return f"the best by {callback.monitor}: {float(callback.best_model_score):.4f}"


def model_card(checkpoint: Checkpoint) -> str:
    """The facts a fit knows of itself, as Markdown; measured scores are added by who measures them."""
    fields = checkpoint.fields
    data, training = fields["data"], fields["training"]
    signals = ", ".join(f"`{spec.name}` {spec.version}" for spec in checkpoint.specs)
    lines = [
        f"# {checkpoint.name}",
        "",
        f"- Network: `{fields['model']}`; signals: {signals}.",
        f"- Trained for {training['steps']} steps of {data['batch_size']} pictures"
        f" in {training['minutes']} minutes ({training['machine']}, torch {training['torch']}), seed {data['seed']}.",
        *([f"- Begun with the weights of `{fields['parent']['name']}`."] if fields["parent"] else []),
        f"- Data: {data['described']}; {data['skipped']['count']} files could not be read.",
        f"- Operating point (logits shown as 0.5): map {checkpoint.operating_point.map_logit:.3f},"
        f" score {checkpoint.operating_point.score_logit:.3f}.",
        *(
            f"- With {', '.join(f'`{name}`' for name in special.signals)}: map {special.point.map_logit:.3f},"
            f" score {special.point.score_logit:.3f}."
            for special in checkpoint.special_points
        ),
        f"- Weights: {training['weights']}. Validation at the end of the fit: {training['validation']}.",
    ]
    return "\n".join(lines) + "\n"
