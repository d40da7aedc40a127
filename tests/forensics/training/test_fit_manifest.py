"""A run on a data set of one's own, with a file in it that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.data.manifest import read_manifest
from forensics.inference import Predictor
from forensics.models.checkpoint import find_checkpoint
from forensics.training.cli import main
from signals import Evidence


@pytest.mark.slow
def test_it_is_exported_with_what_was_skipped(make_manifest: Callable[..., Path], tmp_path: Path) -> None:
    train, check = make_manifest("train", 3, 3), make_manifest("check", 2, 2)
    broken = read_manifest(train)[4].image
    broken.write_bytes(b"no picture")
    arguments = [
        "fit",
        "--config=data/manifest",
        f"--data.manifest={train}",
        f"--data.validation_manifest={check}",
        "--data.sizes=[[96,96]]",
        "--data.batch_size=2",
        "--data.workers=0",
        "--model.preset=omgfuser_feature_tiny",
        "--trainer.accelerator=cpu",
        "--trainer.enable_model_summary=false",
        f"--trainer.logger.init_args.save_dir={tmp_path / 'runs'}",
        f"--export.folder={tmp_path / 'checkpoint'}",
        "--export.pictures=4",
    ]
    with pytest.warns(UserWarning, match=f"skipped in training: .*{broken.name}"):
        main(arguments)
    data = find_checkpoint(tmp_path / "checkpoint").fields["data"]
    assert (data["pictures"], data["validation_forged"]) == (6, 2)
    assert data["skipped"]["count"] == 1
    assert broken.name in data["skipped"]["files"][0]
    assert "1 files could not be read" in (tmp_path / "checkpoint" / "README.md").read_text()
    metrics = (tmp_path / "runs/lightning_logs/version_0/metrics.csv").read_text()
    assert "train/skipped" in metrics
    prediction = Predictor.load(tmp_path / "checkpoint", "cpu").predict(Evidence.open(read_manifest(check)[0].image))
    assert prediction.map.shape == (120, 136)
