"""From a checkpoint to an expanded one: what trains, what stays, what is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from forensics.data.training_data import TrainingData
from forensics.inference import Predictor
from forensics.models.checkpoint import Checkpoint, find_checkpoint
from forensics.training.cli import TrainingCLI
from forensics.training.distillation import bernoulli_divergence
from forensics.training.expansion import ExpansionModule
from forensics.training.expansion_cli import comparison_pictures, expand
from signals import Evidence
from signals.errors import CheckpointMissing, OutputNotWritable, UnknownSignal, WrongUsage

SIGNAL = "color_roughness"
PLUGIN = Path(__file__).resolve().parents[3] / "examples" / "signal_plugin"


@pytest.fixture(scope="module")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> pytest.MonkeyPatch:  # type: ignore[misc]
    """The signal of another package, installed as far as this process can tell."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "color_roughness.py").write_bytes((PLUGIN / "color_roughness.py").read_bytes())
    about = folder / "color_roughness-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: color-roughness\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[tracefuse.signals]\ncolor_roughness = color_roughness:ColorRoughness\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signals.registry._instances", {})
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.syspath_prepend(folder)
        yield patch


def settings(photos: Path, runs: Path) -> list[str]:
    return [
        f"--data.photos={photos}",
        "--data.sizes=[[64,96],[96,64]]",
        "--data.batch_size=2",
        "--data.batches=4",
        "--data.validation_batches=1",
        "--data.workers=0",
        "--trainer.max_epochs=1",
        "--trainer.accelerator=cpu",
        "--trainer.enable_checkpointing=false",
        "--trainer.enable_model_summary=false",
        "--trainer.logger=false",
        f"--trainer.default_root_dir={runs}",
        "--export.pictures=2",
        "--model.learning_rate=0.01",
    ]


Made = tuple[Checkpoint, TrainingCLI]


@pytest.fixture(scope="module")
def made(
    tiny_checkpoint: Path, photo_folder: Path, third_party: object, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    folder = tmp_path_factory.mktemp("expanded")
    run = expand(str(tiny_checkpoint), SIGNAL, folder / "new", None, settings(photo_folder, folder))
    return find_checkpoint(folder / "new"), run


def test_all_that_is_old_stays_to_the_bit(made: Made, tiny_checkpoint: Path) -> None:
    old = find_checkpoint(tiny_checkpoint).build().state_dict()
    new = made[0].build().state_dict()
    assert all(torch.equal(value, new[f"old.{name}"]) for name, value in old.items())
    assert (new["additions.0.gate"] != 0).any()
    assert new["stream.tokenizer.reader.std"] != 1
    assert made[0].specs[-1].name == SIGNAL


def test_a_picture_without_the_signal_is_predicted_as_before(made: Made, tiny_checkpoint: Path) -> None:
    gray = torch.randint(0, 256, (130, 200, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    evidence = Evidence.from_pixels(gray.repeat(1, 1, 3).numpy())
    before, after = (Predictor.load(folder, "cpu").predict(evidence) for folder in (tiny_checkpoint, made[0].folder))
    assert not after.signals[-1].usable
    assert (after.map == before.map).all()
    assert after.score == before.score


def test_the_checkpoint_tells_what_was_done(made: Made, tiny_checkpoint: Path) -> None:
    fields, parent = made[0].fields, find_checkpoint(tiny_checkpoint)
    assert fields["parent"]["sha256"] == parent.sha256
    assert made[0].operating_point == parent.operating_point
    assert fields["calibration"] is None
    training = fields["training"]
    new = {name: value for name, value in made[0].build().named_parameters() if not name.startswith("old.")}
    assert training["trained_parameters"] == sum(value.numel() for value in new.values())
    assert training["parameters"] == sum(value.numel() for value in made[0].build().parameters())
    assert training["seconds"] > 0
    assert [special.signals for special in made[0].special_points] == [(SIGNAL,)]


def test_pictures_to_compare_on_chose_nothing(made: Made) -> None:
    data = made[1].datamodule
    assert isinstance(data, TrainingData)
    chose = {picture.evidence.sha256 for number, picture in enumerate(data.development(4)) if number % 4 in (0, 1)}
    few, many = ([p.evidence.sha256 for p in comparison_pictures(data, count)] for count in (2, 3))
    assert len(few) == 2
    assert set(few) < set(many)
    assert not chose & set(many)


def test_a_tuned_fusion_is_taught_to_stay(tiny_checkpoint: Path, photo_folder: Path, tmp_path: Path) -> None:
    run = expand(str(tiny_checkpoint), "zero_votes", tmp_path / "new", "fusion", settings(photo_folder, tmp_path))
    old = find_checkpoint(tiny_checkpoint).build().state_dict()
    made = find_checkpoint(tmp_path / "new")
    new = made.build().state_dict()
    moved = {name for name, value in old.items() if not torch.equal(value, new[f"old.{name}"])}
    assert moved
    assert all(name.startswith("fusion.") for name in moved)
    assert made.fields["training"]["also_tuned"] == "fusion"
    assert run.trainer.logged_metrics["train/loss_distillation"] >= 0


def test_divergence_is_that_of_two_coins() -> None:
    first, second = torch.tensor([0.2, 0.5]), torch.tensor([0.7, 0.5])
    expected = first * (first / second).log() + (1 - first) * ((1 - first) / (1 - second)).log()
    torch.testing.assert_close(bernoulli_divergence(first.logit(), second.logit()), expected)
    assert bernoulli_divergence(torch.tensor([90.0]), torch.tensor([-90.0])).isfinite().all()


@pytest.mark.parametrize(
    ("checkpoint", "signal", "error", "message"),
    [
        ("nowhere", "zero_votes", CheckpointMissing, "nowhere"),
        ("", "zero_vote", UnknownSignal, "did you mean .*zero_votes"),
        ("", "dct", WrongUsage, "reads dct already"),
        ("", "bayar", None, ""),
    ],
)
def test_what_cannot_be_expanded_is_told(
    tiny_checkpoint: Path, checkpoint: str, signal: str, error: type[Exception] | None, message: str
) -> None:
    if error is None:
        module = ExpansionModule(str(tiny_checkpoint), signal)
        trained, parameters = module.trained_parameters
        assert 0 < trained < parameters
        return
    with pytest.raises(error, match=message):
        ExpansionModule(checkpoint or str(tiny_checkpoint), signal)


def test_a_folder_with_something_in_it_is_not_overwritten(
    tiny_checkpoint: Path, photo_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "letter.txt").write_text("keep me")
    with pytest.raises(OutputNotWritable, match="not empty"):
        expand(str(tiny_checkpoint), "zero_votes", tmp_path / "new", None, settings(photo_folder, tmp_path))
