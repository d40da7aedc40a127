"""COVERAGE and CoMoFoD: which of several masks means what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.data.datasets import get_dataset, prepare
from forensics.data.datasets.folders import WrongLayout
from forensics.data.manifest import read_manifest


@pytest.fixture
def coverage(tmp_path: Path, picture, mask) -> Path:
    root = tmp_path / "COVERAGE"
    for number in (1, 2, 10):
        picture(root / "image" / f"{number}.tif", number)
        picture(root / "image" / f"{number}t.tif", number)
        mask(root / "mask" / f"{number}forged.tif")
        for other in ("copy", "paste"):  # they mark other places
            mask(root / "mask" / f"{number}{other}.tif", inside=0, outside=255)
    (root / "label").mkdir()
    return root


def test_coverage_reads_the_mask_of_what_was_forged(coverage: Path, tmp_path: Path, changed: np.ndarray) -> None:
    made = prepare(get_dataset("coverage"), coverage, tmp_path / "out")
    rows = read_manifest(made.manifest)
    assert [(row.image.name, row.label, row.columns["source"]) for row in rows] == [
        ("1.tif", 0, "1"),
        ("1t.tif", 1, "1"),
        ("2.tif", 0, "2"),
        ("2t.tif", 1, "2"),
        ("10.tif", 0, "10"),
        ("10t.tif", 1, "10"),
    ]
    assert {row.mask_meaning for row in rows} == {"altered"}
    for row in rows:
        if row.label:
            assert np.array_equal(np.asarray(Image.open(row.mask)) == 255, changed)
            assert row.columns["note"] == "mask was TIFF L"
    assert made.mended == {"mask was TIFF L": 3}


def test_coverage_leaves_out_a_misaligned_mask_and_takes_the_corrected_one(
    coverage: Path, tmp_path: Path, picture, mask
) -> None:
    picture(coverage / "image" / "41t.tif")
    mask(coverage / "mask" / "41forged.tif", size=(41, 56))
    made = prepare(get_dataset("coverage"), coverage, tmp_path / "without")
    (left_out,) = made.excluded
    assert left_out.image.name == "41t.tif"
    assert left_out.kind == "size"
    assert "56 x 41" in left_out.reason
    assert "IML-Dataset-Corrections" in left_out.reason

    mask(coverage / "corrected" / "41forged.tif")
    made = prepare(get_dataset("coverage"), coverage, tmp_path / "with")
    assert not made.excluded
    note = next(row.columns["note"] for row in read_manifest(made.manifest) if row.image.name == "41t.tif")
    assert "mask is corrected/41forged.tif; 41forged.tif has another size" in note


@pytest.fixture
def comofod(tmp_path: Path, picture, mask) -> Path:
    root = tmp_path / "CoMoFoD_small"
    for number in ("001", "002"):
        for kind in "OF":
            picture(root / f"{number}_{kind}.png", int(number))
            picture(root / f"{number}_{kind}_JC1.jpg", int(number))
            picture(root / f"{number}_{kind}_NA3.png", int(number))
        mask(root / f"{number}_B.png", mode="RGB")
        picture(root / f"{number}_M.png", 9)
    return root


def test_comofod_masks_mark_both_ends(comofod: Path, tmp_path: Path) -> None:
    made = prepare(get_dataset("comofod"), comofod, tmp_path / "out")
    rows = read_manifest(made.manifest)
    assert [(row.image.name, row.label, row.columns["source"]) for row in rows] == [
        ("001_F.png", 1, "001"),
        ("001_O.png", 0, "001"),
        ("002_F.png", 1, "002"),
        ("002_O.png", 0, "002"),
    ]
    assert {row.mask_meaning for row in rows} == {"both_ends"}
    assert rows[0].columns["note"] == "mask was PNG RGB"
    assert made.remarks == ("8 post-processed pictures are another set, comofod-postprocessed",)


def test_numbers_that_share_an_original_are_one_source(comofod: Path, tmp_path: Path, picture, mask) -> None:
    picture(comofod / "020_O.png", 1)  # the original of 001
    picture(comofod / "020_F.png", 8)
    mask(comofod / "020_B.png")
    made = prepare(get_dataset("comofod"), comofod, tmp_path / "out")
    rows = {row.image.name: row for row in read_manifest(made.manifest)}
    sources = {name: rows[name].columns["source"] for name in ("001_F.png", "002_O.png", "020_O.png", "020_F.png")}
    assert sources == {"001_F.png": "001", "002_O.png": "002", "020_O.png": "001", "020_F.png": "001"}
    assert rows["020_F.png"].columns["note"] == "source was 020, whose original is that of 001"
    assert made.mended["source merged with another of the same original"] == 2


def test_post_processed_versions_are_a_set_of_their_own(comofod: Path, tmp_path: Path) -> None:
    made = prepare(get_dataset("comofod-postprocessed"), comofod, tmp_path / "out")
    rows = {row.image.name: row for row in read_manifest(made.manifest)}
    assert len(rows) == 8
    assert rows["002_F_NA3.png"].columns["source"] == "002"
    assert rows["002_F_NA3.png"].columns["note"].startswith("NA3 noise; ")
    assert rows["001_O_JC1.jpg"].mask is None
    assert made.remarks == ("post-processing: JPEG compression 4, noise 4",)


def test_a_repacked_copy_of_comofod_is_read_with_a_note(tmp_path: Path, picture, mask) -> None:
    picture(tmp_path / "set" / "authentic" / "005_O.png")
    picture(tmp_path / "set" / "forged" / "005_F.png")
    mask(tmp_path / "set" / "masks" / "005_F.png")
    rows = read_manifest(prepare(get_dataset("comofod"), tmp_path / "set", tmp_path / "out").manifest)
    assert [(row.image.parent.name, row.label) for row in rows] == [("authentic", 0), ("forged", 1)]
    assert rows[1].columns["note"] == "mask bears the picture's own name"


@pytest.mark.parametrize("name", ["coverage", "comofod", "comofod-postprocessed"])
def test_another_layout_is_told_in_one_line(name: str, tmp_path: Path, picture) -> None:
    picture(tmp_path / "set" / "holiday.png")
    with pytest.raises(WrongLayout, match=r"expected .*; found holiday\.png$"):
        prepare(get_dataset(name), tmp_path / "set", tmp_path / "out")
    assert not (tmp_path / "out").exists()
