"""At the end of a fit: operating point, checkpoint folder and model card."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only

from forensics.data.datamodule import ForgedDataModule
from forensics.data.forge import Forger
from forensics.inference import Predictor
from forensics.models.checkpoint import CARD, Checkpoint, OperatingPoint, save_checkpoint
from forensics.models.network import FusionNetwork
from forensics.objects import RegionMerging
from forensics.training.module import FuserModule
from forensics.training.operating_point import Development, choose_operating_point
from signals import Evidence
from signals.errors import OutputNotWritable

# Past the validation batches of any fit.
FIRST_DEVELOPMENT_PICTURE = 1 << 20


class ExportCheckpoint(Callback):
    """Writes what ``tracefuse analyze --checkpoint`` reads.

    Args:
        folder: Where to write; by default ``checkpoint`` in the run's log folder.
        pictures: Development forgeries (half of them pristine) that choose the operating point, beside the
            whole validation photos.
        false_alarms: Largest tolerated fraction of flagged pristine development pictures.
    """

    def __init__(self, folder: Path | None = None, pictures: int = 400, false_alarms: float = 0.05) -> None:
        self._folder = folder
        self._pictures = pictures
        self._false_alarms = false_alarms
        self._started = time.perf_counter()

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock, and finds out now rather than at the end whether the folder can be written."""
        self._started = time.perf_counter()
        folder = self._folder_of(trainer)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputNotWritable(f"{folder}: cannot be made ({error.strerror}); choose another folder") from error

    @rank_zero_only
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks at the development pictures with the trained network, then writes it with what they chose."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(pl_module, FuserModule)
        assert isinstance(data, ForgedDataModule)
        facts = {
            "data": data.facts(),
            "training": {
                "steps": trainer.global_step,
                "minutes": round((time.perf_counter() - self._started) / 60, 1),
                "validation": {name: round(float(value), 4) for name, value in trainer.logged_metrics.items()},
                "machine": f"{platform.machine()}, {trainer.strategy.root_device}",
                "torch": version("torch"),
                "tracefuse": version("tracefuse"),
            },
        }
        model = pl_module.model.eval()
        looked = development_pictures(_plain_predictor(model), data.validation_forger, self._pictures)
        point = choose_operating_point(looked, self._false_alarms)
        folder, arguments = self._folder_of(trainer), pl_module.arguments
        checkpoint = save_checkpoint(folder, model, pl_module.preset, arguments, pl_module.specs, point, facts)
        (folder / CARD).write_text(model_card(checkpoint), encoding="utf-8")
        print(f"checkpoint: {folder}")

    def _folder_of(self, trainer: Trainer) -> Path:
        return self._folder or Path(trainer.log_dir or trainer.default_root_dir) / "checkpoint"


def _plain_predictor(model: FusionNetwork) -> Predictor:
    """The network with its operating point at zero, before it is a checkpoint on disk."""
    zero = {"operating_point": asdict(OperatingPoint())}
    device = next(model.parameters()).device
    return Predictor(Checkpoint("in training", Path(), zero), model, RegionMerging(), device)


def development_pictures(predictor: Predictor, forger: Forger, count: int) -> Iterator[Development]:
    """What a network says of forgeries no step has seen, half of them pristine, and of the whole photos behind them.

    Args:
        predictor: The network, its operating point at zero.
        forger: Forges from photos the training did not see.
        count: Number of forgeries.
    """
    for index in range(FIRST_DEVELOPMENT_PICTURE, FIRST_DEVELOPMENT_PICTURE + count):
        forged = forger.forge(index)
        prediction = predictor.predict(Evidence.open(forged.data))
        yield Development(prediction.map, prediction.score, forged.mask)
    for photo in forger.photos:
        prediction = predictor.predict(Evidence.open(photo.path))
        yield Development(prediction.map, prediction.score, np.zeros_like(prediction.valid))


def model_card(checkpoint: Checkpoint) -> str:
    """The facts a fit knows of itself, as Markdown; measured scores are added by who measures them."""
    fields = checkpoint.fields
    data, training = fields["data"], fields["training"]
    signals = ", ".join(f"`{spec.name}` {spec.version}" for spec in checkpoint.specs)
    lines = [
        f"# {checkpoint.name}",
        "",
        f"- Network: `{fields['model']}`; signals: {signals}.",
        f"- Trained for {training['steps']} steps of {data['batch_size']} generated pictures"
        f" in {training['minutes']} minutes ({training['machine']}, torch {training['torch']}), seed {data['seed']}.",
        f"- Photos: {data['photos']} to train (`{data['photos_sha256'][:16]}`),"
        f" {data['validation_photos']} to validate (`{data['validation_photos_sha256'][:16]}`).",
        f"- Operating point (logits shown as 0.5): map {checkpoint.operating_point.map_logit:.3f},"
        f" score {checkpoint.operating_point.score_logit:.3f}.",
        f"- Validation at the end of the fit: {training['validation']}.",
    ]
    return "\n".join(lines) + "\n"
