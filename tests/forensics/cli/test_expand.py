"""``tracefuse expand`` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.models import create_model
from forensics.models.checkpoint import OperatingPoint, save_checkpoint
from tests.forensics.cli.conftest import Ran

Command = Callable[..., Ran]


@pytest.mark.slow
def test_a_run_ends_with_a_comparison(
    tracefuse: Command, tiny_checkpoint: Path, photo_folder: Path, tmp_path: Path
) -> None:
    ran = tracefuse(
        *("expand", tiny_checkpoint, "--signal", "noise_median", "--out", "new", "--compare", 40),
        *("--data.photos", photo_folder, "--data.sizes", "[[64,96]]", "--data.batch_size", 2, "--data.batches", 2),
        *("--data.validation_batches", 1, "--data.workers", 0, "--trainer.max_epochs", 1, "--export.pictures", 2),
        *("--trainer.accelerator", "cpu", "--trainer.enable_checkpointing", "false"),
    )
    assert ran.exit_code == 0, ran.err
    assert "tracefuse/pixel_auc" in ran.out
    assert "Without noise_median its results are the old ones, bit for bit." in ran.out
    fields = json.loads((tmp_path / "new" / "checkpoint.json").read_text())
    measures = {measure["name"]: measure for measure in fields["comparison"]["measures"]}
    assert measures["tracefuse/pixel_auc"]["difference"]["n"] == 20
    card = (tmp_path / "new" / "README.md").read_text()
    assert "## Old and new" in card
    assert measures["tracefuse/pixel_auc"]["verdict"] in card
    again = tracefuse("expand", "new", "--signal", "noise_median", "--out", "newer", "--data.photos", photo_folder)
    assert again.exit_code == 2
    assert "reads noise_median already" in again.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nowhere", "--signal", "zero_votes", "--out", "new"), 4, "nowhere"),
        (("default", "--signal", "zero_vote", "--out", "new"), 2, "did you mean zero_votes"),
        (("default", "--signal", "dct", "--out", "new", "--data.photos", "."), 2, "reads dct already"),
        (("--data.photos", ".", "--signal", "zero_votes", "--out", "new"), 2, "checkpoint comes first"),
        (("pixels", "--signal", "zero_votes", "--out", "new", "--data.photos", "."), 2, "pixels"),
    ],
    ids=["no checkpoint", "no signal", "read already", "no checkpoint given", "family"],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tracefuse: Command, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    network = create_model("rgb_unet_tiny", [])
    save_checkpoint(tmp_path / "pixels", network, "rgb_unet_tiny", {}, (), OperatingPoint(), {})
    ran = tracefuse("expand", *arguments)
    assert ran.exit_code == code
    assert ran.err.count("\n") == 1, ran.err
    assert message in ran.err
    assert not (tmp_path / "new").exists()
