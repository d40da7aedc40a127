"""``tracefuse data``: what is printed where, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def dso1(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    root = tmp_path / "tifs-database"
    (root / "DSO-1").mkdir(parents=True)
    (root / "DSO-1-Fake-Images-Masks").mkdir()
    truth = np.full((60, 80), 255, np.uint8)
    truth[10:20, 10:30] = 0
    for stem in ("normal-01", "splicing-01", "splicing-02"):
        small = Image.fromarray(random.integers(0, 255, (6, 8, 3), dtype=np.uint8))
        small.resize((80, 60), Image.Resampling.BICUBIC).save(root / "DSO-1" / f"{stem}.png")
        if stem != "normal-01":
            Image.fromarray(truth).save(root / "DSO-1-Fake-Images-Masks" / f"{stem}.png")
    return root


def test_a_set_is_prepared_and_found_clean(tracefuse, dso1: Path, tmp_path: Path) -> None:
    ran = tracefuse("data", "prepare", "dso1", "--src", dso1, "--out", "out")
    assert ran.exit_code == 0
    assert ran.err == ""
    assert "published: 100 authentic, 100 forged (photoholmes/photoholmes" in ran.out
    assert "found: 1 authentic, 2 forged; NOT as many as published" in ran.out
    assert "mended: mask was inverted: 2" in ran.out
    assert "terms: " in ran.out
    assert "origin: https://recodbr.wordpress.com" in ran.out
    assert ran.out.splitlines()[-1] == "out/manifest.csv"

    ran = tracefuse("data", "verify", "out/manifest.csv")
    assert (ran.exit_code, ran.err) == (0, "")
    assert "1 authentic, 2 forged" in ran.out


def test_exclusions_are_told_one_a_line_and_damage_sets_the_exit_code(tracefuse, dso1: Path) -> None:
    (dso1 / "DSO-1-Fake-Images-Masks" / "splicing-01.png").unlink()
    ran = tracefuse("data", "prepare", "dso1", "--src", dso1, "--out", "without")
    assert ran.exit_code == 0
    assert ran.err.count("\n") == 1
    assert "splicing-01.png: excluded: labeled forged, but there is no mask of its name" in ran.err
    assert "excluded: no mask: 1" in ran.out

    (dso1 / "DSO-1" / "splicing-01.png").write_bytes(b"damaged")
    assert tracefuse("data", "prepare", "dso1", "--src", dso1, "--out", "damaged").exit_code == 3


def test_a_wrong_folder_is_one_line(tracefuse, tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    ran = tracefuse("data", "prepare", "columbia", "--src", "holiday", "--out", "out")
    assert ran.exit_code == 2
    assert ran.err == (
        "tracefuse: holiday: another layout; expected 4cam_auth/*.tif, 4cam_splc/*.tif and "
        "4cam_splc/edgemask/<name>_edgemask.jpg; found an empty folder\n"
    )


def test_an_unknown_set_is_wrong_usage(tracefuse) -> None:
    ran = tracefuse("data", "prepare", "dso2", "--src", ".", "--out", "out")
    assert ran.exit_code == 2
    assert "did you mean dso1" in ran.err


def test_the_list_tells_terms_and_layout(tracefuse) -> None:
    ran = tracefuse("data", "list")
    assert ran.exit_code == 0
    assert "comofod: CoMoFoD, small image category; 200 authentic, 200 forged\n  masks: both_ends" in ran.out
    assert ran.out.count("  terms: ") == ran.out.count("  expected: ") == 11


def test_problems_are_told_and_machines_get_json(tracefuse, dso1: Path) -> None:
    tracefuse("data", "prepare", "dso1", "--src", dso1, "--out", "out")
    (dso1 / "DSO-1" / "normal-01.png").unlink()
    ran = tracefuse("data", "verify", "out/manifest.csv")
    assert ran.exit_code == 3
    assert ran.err.endswith("normal-01.png: missing: no such file\n")
    assert ran.err.count("\n") == 1

    ran = tracefuse("data", "verify", "out/manifest.csv", "--against", "out/manifest.csv", "--json")
    assert ran.exit_code == 3
    assert ran.err == ""
    told = json.loads(ran.out)
    assert told["counts"] == {"missing": 1, "leak": 4}  # both forged pictures: their bytes and their sources
    assert told["clean"] is False
    assert told["problems"][0]["kind"] == "missing"


def test_a_manifest_that_cannot_be_read_is_wrong_usage(tracefuse) -> None:
    ran = tracefuse("data", "verify", "nowhere.csv")
    assert ran.exit_code == 2
    assert ran.err.startswith("tracefuse: nowhere.csv: cannot be read")


def test_an_empty_manifest_is_not_clean(tracefuse, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("image,mask,label\n")
    ran = tracefuse("data", "verify", "empty.csv")
    assert (ran.exit_code, ran.err.count("\n")) == (2, 1)
    assert "names no picture" in ran.err
