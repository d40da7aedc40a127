"""From raw photos to a checkpoint that analyzes a picture, with the smallest network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from forensics.inference import Predictor
from forensics.models.checkpoint import find_checkpoint
from forensics.resources import configs_dir
from forensics.training.cli import main
from signals import Evidence
from signals.errors import CheckpointMismatch, OutputNotWritable


def fit(photos: Path, out: Path, *more: str) -> Path:
    main(
        [
            "fit",
            f"--config={configs_dir() / 'default.yaml'}",
            "--model.preset=omgfuser_feature_tiny",
            "--model.signals=[dct,splicebuster_counts]",
            "--model.arguments={}",
            "--model.rates=null",
            "--data.shares={}",
            f"--data.photos={photos}",
            "--trainer.max_epochs=1",
            "--data.sizes=[[64,96],[96,64]]",
            "--data.batch_size=2",
            "--data.batches=4",
            "--data.validation_batches=2",
            "--data.workers=0",
            "--trainer.accelerator=cpu",
            "--trainer.enable_progress_bar=false",
            "--trainer.enable_checkpointing=false",
            "--trainer.logger=false",
            f"--trainer.default_root_dir={out}",
            f"--export.folder={out / 'checkpoint'}",
            "--export.pictures=4",
            *more,
        ]
    )
    return out / "checkpoint"


@pytest.fixture(scope="module")
def checkpoint(photo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit(photo_folder, tmp_path_factory.mktemp("run"))


def test_the_export_analyzes_a_picture(checkpoint: Path, photo_folder: Path) -> None:
    prediction = Predictor.load(checkpoint, "cpu").predict(Evidence.open(next(photo_folder.iterdir())))
    assert prediction.map.shape == prediction.valid.shape
    assert np.isfinite(prediction.map).all()
    assert 0 <= prediction.score <= 1
    assert [signal.spec.name for signal in prediction.signals] == ["dct", "splicebuster_counts"]


def test_the_export_knows_its_data(checkpoint: Path) -> None:
    fields = find_checkpoint(checkpoint).fields
    assert (fields["data"]["photos"], fields["data"]["validation_photos"]) == (4, 1)
    assert len(fields["data"]["photos_sha256"]) == 64
    assert fields["training"]["steps"] == 4
    assert (checkpoint / "README.md").read_text().startswith("# checkpoint")


def test_a_further_leg_names_the_checkpoint_it_began_with(checkpoint: Path, photo_folder: Path, tmp_path: Path) -> None:
    first, further = find_checkpoint(checkpoint), fit(photo_folder, tmp_path, f"--model.base={checkpoint}")
    fields = find_checkpoint(further).fields
    assert fields["parent"] == {"name": first.name, "sha256": first.sha256}
    assert f"Begun with the weights of `{first.name}`" in (further / "README.md").read_text()
    assert first.fields["parent"] is None


def test_the_same_seed_gives_the_same_weights(checkpoint: Path, photo_folder: Path, tmp_path: Path) -> None:
    again = find_checkpoint(fit(photo_folder, tmp_path)).build().state_dict()
    for name, weights in find_checkpoint(checkpoint).build().state_dict().items():
        assert torch.equal(weights, again[name]), name


def test_the_export_is_rounded_where_asked(checkpoint: Path) -> None:
    weights = load_file(checkpoint / "model.safetensors")
    assert {values.dtype for values in weights.values() if values.is_floating_point()} == {torch.float16}


def test_a_signal_of_another_version_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    for name in ("model.safetensors", "checkpoint.json"):
        (tmp_path / name).write_bytes((checkpoint / name).read_bytes())
    fields = (tmp_path / "checkpoint.json").read_text()
    (tmp_path / "checkpoint.json").write_text(fields.replace('"version": "1"', '"version": "0"', 1))
    with pytest.raises(CheckpointMismatch, match=r"version 0 .* version 1"):
        Predictor.load(tmp_path, "cpu")


def test_a_folder_that_cannot_be_made_is_told_before_the_training(photo_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_text("in the way")
    with pytest.raises(OutputNotWritable, match="cannot be made"):
        fit(photo_folder, tmp_path)
