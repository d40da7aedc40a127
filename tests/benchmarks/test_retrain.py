from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import retrain
from forensics.data.manifest import read_manifest
from forensics.models.checkpoint import list_checkpoints

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The commands that were run; each leaves what the real one would."""
    ran: list[list[str]] = []

    def pretend(command: Sequence[str], cwd: Path, check: bool) -> None:
        ran.append(list(command))
        if command[1] == "forge":
            made = Path(command[command.index("--out") + 1]) / "manifest.csv"
        elif command[1] == "train":
            made = Path(command[command.index("--export.folder") + 1]) / "README.md"
        else:
            made = Path(command[2]) / "checkpoint.json"
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text("")
        fields = json.dumps({"calibration": {} if command[1] == "calibrate" else None})
        (made.parent / "checkpoint.json").write_text(fields)

    monkeypatch.setattr(retrain.subprocess, "run", pretend)
    return ran


def call(monkeypatch: pytest.MonkeyPatch, name: str, out: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["retrain", name, "--photos", "PHOTOS", "--out", str(out)])
    retrain.main()


@pytest.mark.parametrize("name", list_checkpoints())
def test_all_that_ships_can_be_made_anew_and_is_made_once(
    name: str, monkeypatch: pytest.MonkeyPatch, commands: list[list[str]], tmp_path: Path
) -> None:
    # What is pretended holds no pictures.
    monkeypatch.setattr(retrain, "_holds", lambda manifest, _: manifest.is_file())
    call(monkeypatch, name, tmp_path)
    assert [command[1] for command in commands][-3:] == ["forge", "train", "calibrate"]
    assert commands[-1][2] == str(tmp_path / name)
    before = len(commands)
    call(monkeypatch, name, tmp_path)
    assert len(commands) == before


@pytest.mark.parametrize("resumes", [True, False])
def test_a_stopped_training_goes_on_and_nothing_else(resumes: bool, commands: list[list[str]], tmp_path: Path) -> None:
    last = tmp_path / "runs" / "lightning_logs" / "version_0" / "checkpoints" / "last.ckpt"
    last.parent.mkdir(parents=True)
    last.touch()
    command = ["tracefuse", "train", "fit", "--export.folder", str(tmp_path / "a")]
    retrain.run(retrain.Step(command, lambda: False, tmp_path, resumes=resumes))
    assert (commands[0][-2:] == ["--ckpt_path", str(last)]) == resumes


def test_what_an_interrupted_forging_left_makes_room(commands: list[list[str]], tmp_path: Path) -> None:
    part = tmp_path / "train" / "images" / "some.png"
    part.parent.mkdir(parents=True)
    part.touch()
    retrain.run(next(iter(retrain.prepared(tmp_path, tmp_path))))
    assert commands[0][:2] == ["tracefuse", "forge"]
    assert not part.exists()


def test_an_interrupted_forging_is_not_done() -> None:
    pictures = len(read_manifest(EXAMPLES / "manifest.csv"))
    assert retrain._holds(EXAMPLES / "manifest.csv", pictures)
    assert not retrain._holds(EXAMPLES / "manifest.csv", pictures + 1)
    assert not retrain._holds(EXAMPLES / "none.csv", 0)
