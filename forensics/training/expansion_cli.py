"""``tracefuse expand``, up to the checkpoint: the settings of ``tracefuse train fit``, for what is new."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from lightning import LightningModule, Trainer

from forensics.data.training_data import DevelopmentPicture, TrainingData
from forensics.inference import Predictor
from forensics.models.checkpoint import Checkpoint, SpecialPoint, save_checkpoint
from forensics.training.cli import TrainingCLI, main
from forensics.training.expansion import ExpansionModule
from forensics.training.export import ExportCheckpoint, plain_predictor
from forensics.training.module import FuserModule
from forensics.training.operating_point import Development, choose_operating_point
from signals.errors import OutputNotWritable


class ExpansionExport(ExportCheckpoint):
    """Writes an expanded checkpoint.

    The operating point of pictures without the new signal stays the old one; pictures with it get one of their own.
    Half of the development pictures choose it, the others are for comparing, see :func:`comparison_pictures`.
    """

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """As for every export; and what lies in the folder already is not overwritten."""
        folder = self._folder_of(trainer)
        # The other processes of a run come when the first has begun to write.
        if trainer.is_global_zero and folder.is_dir() and any(folder.iterdir()):
            raise OutputNotWritable(f"{folder}: is not empty; choose another folder or empty it")
        super().on_fit_start(trainer, pl_module)

    def write(self, folder: Path, module: FuserModule, data: TrainingData, facts: Mapping[str, Any]) -> Checkpoint:
        """Chooses the operating point of pictures with the new signal and writes the checkpoint."""
        assert isinstance(module, ExpansionModule)
        assert module.base is not None
        trained, parameters = module.trained_parameters
        effort = {
            "seconds": round(time.perf_counter() - self._started, 1),
            "trained_parameters": trained,
            "parameters": parameters,
            "also_tuned": module.also_tune,
        }
        signal = module.expanded.spec.name
        looked = list(_with_signal(plain_predictor(module.model), signal, data.development(_twice(self._pictures))))
        points = list(module.base.special_points)
        # One class alone chooses nothing.
        if len({picture.truth.any() for picture in looked}) == 2:
            points.append(SpecialPoint((signal,), choose_operating_point(looked, self._false_alarms)))
        return save_checkpoint(
            folder,
            module.model,
            module.preset,
            module.arguments,
            module.specs,
            module.base.operating_point,
            {**facts, "training": {**facts["training"], **effort}},
            special_points=points,
            parent=module.base,
        )


class ExpansionCLI(TrainingCLI):
    """Writes an expanded checkpoint at the end."""

    exporter: ClassVar[type[ExportCheckpoint]] = ExpansionExport


def expand(checkpoint: str, signal: str, out: Path, also_tune: str | None, settings: list[str]) -> TrainingCLI:
    """Trains the new stream and writes the checkpoint.

    Args:
        checkpoint: Name or folder of the checkpoint to expand.
        signal: Name of the new signal.
        out: Folder of the new checkpoint.
        also_tune: ``fusion`` or None, see :class:`ExpansionModule`.
        settings: Further arguments, as ``tracefuse train fit`` takes them.

    Returns:
        The finished run.
    """
    chosen = [f"--model.checkpoint={checkpoint}", f"--model.signal={signal}", f"--export.folder={out}"]
    if also_tune is not None:
        chosen.append(f"--model.also_tune={also_tune}")
    return main(["fit", *settings, *chosen], ExpansionCLI, ExpansionModule, "tracefuse expand", "expand")


def comparison_pictures(data: TrainingData, pictures: int) -> Iterator[DevelopmentPicture]:
    """About ``pictures`` development pictures that had no part in choosing the operating point."""
    return (picture for number, picture in enumerate(data.development(_twice(pictures))) if not _chooses(number))


def _with_signal(predictor: Predictor, signal: str, pictures: Iterator[DevelopmentPicture]) -> Iterator[Development]:
    for number, picture in enumerate(pictures):
        if not _chooses(number):
            continue
        prediction = predictor.predict(picture.evidence)
        if any(found.usable and found.spec.name == signal for found in prediction.signals):
            yield Development(prediction.map, prediction.score, picture.truth)


def _twice(pictures: int) -> int:
    # A multiple of four: whole photos that follow the forgeries then keep their part, however many forgeries there are.
    return 4 * math.ceil(pictures / 2)


def _chooses(number: int) -> bool:
    # Pictures often come in pairs of a forgery and its twin.
    return number // 2 % 2 == 0
