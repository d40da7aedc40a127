"""``tracefuse controls`` as it is typed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.forensics.cli.conftest import Ran

Command = Callable[..., Ran]


def test_a_signal(tracefuse: Command, photo_folder: Path, tmp_path: Path) -> None:
    ran = tracefuse(
        *("controls", "--photos", photo_folder, "--signal", "ela_score", "--pairs", 2, "--side", 96),
        *("--out", "controls.json"),
    )
    assert ran.exit_code == 0, ran.err
    for word in ("signal ela_score: matched controls", "null_edit", "never manipulated", "untouched"):
        assert word in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    report = json.loads((tmp_path / "controls.json").read_text())
    assert [control["kind"] for control in report["controls"]] == ["null_edit", "trace_only", "content_only"]
    assert report["schema"] == "controls/1"


def test_a_checkpoint_gets_them_into_its_card(
    tracefuse: Command, photo_folder: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_checkpoint, tmp_path / "mine")
    card = tmp_path / "mine" / "README.md"
    card.write_text("# mine\n\n## Limits\n\nmany\n")
    for _ in range(2):
        ran = tracefuse(
            "controls", "--photos", photo_folder, "--checkpoint", "mine", "--pairs", 2, "--side", 96, "--card"
        )
        assert ran.exit_code == 0, ran.err
    text = card.read_text()
    assert text.count("## Matched controls") == 1
    assert text.startswith("# mine\n\n## Limits\n\nmany\n")
    assert "| pixel AUC |" in text


def test_misuse(tracefuse: Command, photo_folder: Path) -> None:
    both = tracefuse("controls", "--photos", photo_folder, "--signal", "blk", "--checkpoint", "default")
    assert (both.exit_code, both.err.count("\n")) == (2, 1)
    card = tracefuse("controls", "--photos", photo_folder, "--signal", "blk", "--card")
    assert card.exit_code == 2
    assert "no model card" in card.err
