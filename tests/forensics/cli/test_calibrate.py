"""``tracefuse calibrate`` as it is typed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.analysis.analyzer import Analyzer
from forensics.inference import Predictor
from forensics.models.checkpoint import find_checkpoint
from tests.forensics.cli.conftest import Ran

Command = Callable[..., Ran]


@pytest.fixture
def checkpoint(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny_checkpoint, tmp_path / "mine")
    (tmp_path / "mine" / "README.md").write_text("# mine\n\n## Limits\n\nmany\n")
    return tmp_path / "mine"


@pytest.mark.slow
def test_a_checkpoint_learns_what_its_scores_mean(
    tracefuse: Command, checkpoint: Path, photo_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(photo_folder, tmp_path / "photos")
    manifest = (photo_folder.parent / "manifest.csv").read_text()
    # Two cameras and five photos to calibrate, one photo to test.
    rows = manifest.replace(",train", ",calibration").splitlines()
    (tmp_path / "manifest.csv").write_text("\n".join(rows) + "\n")
    typed = ("calibrate", "mine", "--photos", "photos", "--split", "calibration", "--test", "test", "--pairs", 10)
    more = ("--largest", 0, "--journal", "measured.jsonl", "--out", "numbers.json", "--card")
    ran = tracefuse(*typed, *more)
    assert ran.exit_code == 0, ran.err
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "of 1 photos flagged" in " ".join(ran.out.split())
    found = find_checkpoint(checkpoint)
    assert found.calibration is not None
    assert found.calibration.measured["cameras"] == 3
    numbers = json.loads((tmp_path / "numbers.json").read_text())
    assert numbers["calibration"] == found.fields["calibration"]
    assert (numbers["test"]["split"], numbers["test"]["photos"]) == ("test", 1)
    card = (checkpoint / "README.md").read_text()
    assert card.startswith("# mine\n\n## Limits\n\nmany\n")
    assert card.count("## Calibration") == 1
    report = Analyzer(Predictor.of(found, "cpu")).analyze(photo_folder / "alpha-0.jpg").to_json()
    assert report["calibration"]["cameras"] == 3
    # Calibrating again does not lay one calibration over the other.
    assert tracefuse(*typed, *more).exit_code == 0
    assert find_checkpoint(checkpoint).fields == found.fields


def test_splits_are_not_mixed_by_mistake(tracefuse: Command, checkpoint: Path, photo_folder: Path) -> None:
    ran = tracefuse("calibrate", "mine", "--photos", photo_folder)
    assert ran.exit_code == 2
    assert "calibration, test, train; choose one with --split" in ran.err
    assert find_checkpoint(checkpoint).calibration is None
