"""A run of seconds through the real command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.training.cli import main

TinyFit = Callable[..., None]


@pytest.fixture
def tiny_fit(photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyFit:
    """Fits the smallest network on a few small forgeries, with further arguments; logs below ``tmp_path / 'runs'``."""

    def fit(*arguments: str) -> None:
        # An export would take longer than the run.
        monkeypatch.setattr("forensics.training.export.ExportCheckpoint.on_fit_end", lambda *_: None)
        main(
            [
                "fit",
                f"--data.photos={photo_folder}",
                "--model.preset=omgfuser_feature_tiny",
                "--model.arguments={stream_drop: 0.3, dropout: 0.2, drop_path: 0.1}",
                "--data.sizes=[[64,96],[96,64]]",
                "--data.batch_size=2",
                "--data.batches=3",
                "--data.validation_batches=1",
                "--data.workers=0",
                "--trainer.accelerator=cpu",
                "--trainer.enable_model_summary=false",
                "--trainer.log_every_n_steps=1",
                f"--trainer.logger.init_args.save_dir={tmp_path / 'runs'}",
                *arguments,
            ]
        )

    return fit
