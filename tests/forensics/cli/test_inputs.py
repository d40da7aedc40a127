from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from forensics.cli.inputs import expand, report_folders, without_repeats
from signals.names import printable


@pytest.mark.parametrize("name", ["...png", "..png", "a\nb.jpg", "x" * 240 + ".jpg", os.fsdecode(b"caf\xe9.jpg")])
def test_every_report_folder_lies_right_below_the_output(name: str, tmp_path: Path) -> None:
    (folder,) = report_folders([tmp_path / name], tmp_path / "out")
    assert folder.resolve().parent == (tmp_path / "out").resolve()
    assert folder.name.isprintable()
    folder.mkdir(parents=True)


def test_a_strangers_report_json_hides_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "report.json").write_text(json.dumps({"made by": "another program"}))
    assert expand(str(tmp_path), tmp_path / "out") == [tmp_path / "a.png"]
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "map.png").write_bytes(b"")
    (tmp_path / "ours" / "report.json").write_text(json.dumps({"tracefuse": "0.1.0"}))
    assert expand(str(tmp_path), tmp_path / "out") == [tmp_path / "a.png"]


def test_repeats_go_and_the_order_stays() -> None:
    assert without_repeats([Path("b"), Path("a"), Path("b")]) == [Path("b"), Path("a")]


def test_names_become_one_printable_line() -> None:
    assert printable(os.fsdecode(b"caf\xe9\x1b[2J\n.jpg")) == "caf\\udce9\\x1b[2J\\n.jpg"
    assert printable("żółw.jpg") == "żółw.jpg"
