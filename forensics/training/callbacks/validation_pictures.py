"""Pictures of the validation: what the network saw, what is true, what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from numpy.typing import NDArray
from torch import Tensor

from forensics.data.batch import TrainingBatch
from signals.atomic_file import replace_file

_GAP = 4


class ValidationPictures(Callback):
    """Draws the first pictures of the validation: a row each, with the picture, its mask and the network's map.

    They go to ``pictures/epoch-NNNN.png`` in the run's log folder, and to TensorBoard where that logs.

    Args:
        every: Epochs from one drawing to the next; None draws nothing.
        count: Pictures, at most those of one batch.
    """

    def __init__(self, every: int | None = None, count: int = 8) -> None:
        self._every = every
        self._count = count

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: TrainingBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draws the first batch: here the weights are those that validate."""
        due = self._every is not None and (trainer.current_epoch + 1) % self._every == 0
        if not due or batch_idx or not trainer.is_global_zero or trainer.sanity_checking:
            return
        chosen = torch.arange(min(self._count, len(batch.label)), device=batch.label.device)
        inputs = batch.input.select(chosen)
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            network: Any = pl_module.model
            maps = network.localize(inputs).map_logits.float().sigmoid()
        drawing = draw_grid(inputs.rgb, batch.mask[chosen], maps)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_image("val/pictures", drawing, trainer.global_step, dataformats="HWC")
        if trainer.log_dir is not None:
            path = Path(trainer.log_dir) / "pictures" / f"epoch-{trainer.current_epoch:04d}.png"
            replace_file(path, cv2.imencode(".png", drawing[:, :, ::-1])[1].tobytes())


def draw_grid(rgb: Tensor, masks: Tensor, maps: Tensor) -> NDArray[np.uint8]:
    """One row a picture: picture, mask and map side by side on white.

    Args:
        rgb: ``[B, 3, H, W]`` in 0..1.
        masks: ``[B, 1, H, W]`` in 0..1.
        maps: ``[B, 1, H, W]`` in 0..1.

    Returns:
        uint8 RGB ``[B (H + gap) - gap, 3 W + 2 gap, 3]``.
    """
    columns = torch.stack([rgb, masks.expand_as(rgb), maps.expand_as(rgb)], dim=1)
    batch, kinds, _, height, width = columns.shape
    white = torch.ones(batch, kinds, 3, height + _GAP, width + _GAP)
    white[..., :height, :width] = columns.detach().float().cpu().clamp(0, 1)
    grid = white.permute(0, 3, 1, 4, 2).reshape(batch * (height + _GAP), kinds * (width + _GAP), 3)
    drawn: NDArray[np.uint8] = (grid[:-_GAP, :-_GAP] * 255).round().to(torch.uint8).numpy()
    return drawn
