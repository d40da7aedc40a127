from __future__ import annotations

import hashlib
import io
import json
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image

REPORT = {"report.html", "report.json", "map.png", "overlay.png"}


def _png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(file, "PNG")
    return file.getvalue()


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_writes_the_files_of_the_contract(tracefuse, photo, tmp_path) -> None:
    (tmp_path / "a.jpg").write_bytes(photo())
    ran = tracefuse("analyze", "a.jpg")
    assert (ran.exit_code, ran.err) == (0, "")
    assert _names(tmp_path / "tracefuse-out" / "a") >= REPORT
    assert "evidence of manipulation" in ran.out
    assert "tracefuse-out/a/report.html" in ran.out


def test_json_is_all_there_is_on_stdout(tracefuse, photo, tmp_path) -> None:
    schema = json.loads(files("forensics.analysis").joinpath("schema/report.schema.json").read_text())
    for name in ("b.jpg", "a.jpg"):
        (tmp_path / name).write_bytes(photo())
    ran = tracefuse("analyze", "b.jpg", "a.jpg", "--json", "--jobs", 2)
    reports = [json.loads(line) for line in ran.out.splitlines()]
    assert [report["picture"]["file"] for report in reports] == ["b.jpg", "a.jpg"]
    assert _names(tmp_path) == {"a.jpg", "b.jpg"}
    ran = tracefuse("analyze", "a.jpg", "--json", "--out", "o")
    (report,) = (json.loads(line) for line in ran.out.splitlines())
    assert _names(tmp_path / report["folder"]) >= REPORT
    for each in (*reports, report):
        jsonschema.Draft202012Validator(schema).validate(each)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.jpg", b""),
        ("text.jpg", b"this is not a picture at all"),
        ("nothing-there.jpg", None),
    ],
)
def test_unreadable_inputs_are_3_and_the_others_go_on(tracefuse, photo, tmp_path, name, content) -> None:
    (tmp_path / "good.jpg").write_bytes(photo())
    if content is not None:
        (tmp_path / name).write_bytes(content)
    ran = tracefuse("analyze", name, "good.jpg")
    assert ran.exit_code == 3
    assert ran.err.count("\n") == 1
    assert name in ran.err
    assert _names(tmp_path / "tracefuse-out") == {"good"}


def test_cut_pictures(tracefuse, photo, bomb, tmp_path) -> None:
    whole = photo(640, 480)
    (tmp_path / "stub.jpg").write_bytes(whole[:900])
    (tmp_path / "most.jpg").write_bytes(whole[: len(whole) * 6 // 10])
    (tmp_path / "bomb.png").write_bytes(bomb)
    assert tracefuse("analyze", "stub.jpg").exit_code == 3
    assert tracefuse("analyze", "bomb.png").exit_code == 3
    ran = tracefuse("analyze", "most.jpg")
    assert ran.exit_code == 0
    assert "cut short" in ran.out
    report = json.loads((tmp_path / "tracefuse-out/most/report.json").read_text())
    assert 0.4 < report["map"]["changed_fraction"] < 0.7


@pytest.mark.parametrize("size", [(1, 1), (7, 7), (60000, 10)])
def test_odd_sizes_are_readable_but_not_analyzed(tracefuse, tmp_path, size) -> None:
    (tmp_path / "odd.png").write_bytes(_png(*size))
    ran = tracefuse("analyze", "odd.png")
    assert ran.exit_code == 0
    assert "cannot be analyzed" in ran.out


def test_extension_does_not_matter_for_a_file(tracefuse, photo, tmp_path) -> None:
    (tmp_path / "a.txt").write_bytes(photo())
    assert tracefuse("analyze", "a.txt").exit_code == 0
    assert json.loads((tmp_path / "tracefuse-out/a/report.json").read_text())["picture"]["type"] == "jpeg"


def test_folders_and_globs(tracefuse, photo, tmp_path) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "in/a.jpg").write_bytes(photo(seed=1))
    (tmp_path / "in/deep/b.JPG").write_bytes(photo(seed=2))
    (tmp_path / "in/notes.txt").write_text("no picture")
    assert tracefuse("analyze", "in", "in/*.jpg", "--out", "in/reports").exit_code == 0
    assert _names(tmp_path / "in/reports") == {"a", "b"}
    # the reports of the first run are not pictures to analyze
    assert len(tracefuse("analyze", "in", "--json").out.splitlines()) == 2


@pytest.mark.parametrize("nothing", ["in", "in/*.jpg"])
def test_no_pictures_is_3(tracefuse, tmp_path, nothing) -> None:
    (tmp_path / "in").mkdir()
    ran = tracefuse("analyze", nothing)
    assert (ran.exit_code, ran.err.count("\n")) == (3, 1)
    assert not (tmp_path / "tracefuse-out").exists()


def test_same_stems_get_their_hash(tracefuse, photo, tmp_path) -> None:
    contents = {"x/a.jpg": photo(seed=1), "y/a.jpg": photo(seed=2), "z/a.jpg": photo(seed=2), "b.jpg": photo()}
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert tracefuse("analyze", *contents, "--out", "o", "--jobs", 3).exit_code == 0
    one, other = (hashlib.sha256(contents[name]).hexdigest()[:8] for name in ("x/a.jpg", "y/a.jpg"))
    assert _names(tmp_path / "o") == {f"a-{one}", f"a-{other}", f"a-{other}-2", "b"}


def test_missing_checkpoint_is_4(tracefuse, photo, tmp_path) -> None:
    (tmp_path / "a.jpg").write_bytes(photo())
    ran = tracefuse("analyze", "a.jpg", "--checkpoint", "nowhere")
    assert (ran.exit_code, ran.err.count("\n"), ran.out) == (4, 1, "")


@pytest.mark.parametrize("blocked", ["out", "out/a"])
def test_output_in_the_way_is_5(tracefuse, photo, tmp_path, blocked) -> None:
    (tmp_path / "a.jpg").write_bytes(photo())
    (tmp_path / blocked).parent.mkdir(exist_ok=True)
    (tmp_path / blocked).write_text("mine")
    ran = tracefuse("analyze", "a.jpg", "--out", "out")
    assert (ran.exit_code, ran.err.count("\n")) == (5, 1)
    assert (tmp_path / blocked).read_text() == "mine"


def test_a_fault_of_ours_is_1_in_one_line(tracefuse, photo, tmp_path) -> None:
    (tmp_path / "fault.png").write_bytes(_png(80, 80))
    (tmp_path / "good.jpg").write_bytes(photo())
    ran = tracefuse("analyze", "fault.png", "good.jpg")
    assert (ran.exit_code, ran.err.count("\n")) == (1, 1)
    assert re.search(r"RuntimeError: a fault in two lines", ran.err)
    assert (tmp_path / "tracefuse-out/good").is_dir()


def test_power_is_an_experiment_that_is_asked_for(tracefuse, photo, tmp_path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(photo(160, 144, seed=ord(name[0])))
    ran = tracefuse("analyze", ".", "--power", "--power-edits", 3, "--jobs", 2, "--json")
    powers = [json.loads(line)["power"] for line in ran.out.splitlines()]
    assert [power["total"]["found"]["of"] for power in powers] == [3, 3]
    assert powers[0]["edits"] != powers[1]["edits"]
    told = tracefuse("analyze", "a.jpg", "--power", "--power-edits", 3).out
    assert "Power test (experiment)" in told
    assert "found 0 of 3" in told
    assert "says nothing about whether the picture was edited" in told
    assert "Power test" not in tracefuse("analyze", "a.jpg").out
    ran = tracefuse("analyze", "a.jpg", "--power-edits", 3)
    assert ran.exit_code == 2
    assert "--power" in ran.err
