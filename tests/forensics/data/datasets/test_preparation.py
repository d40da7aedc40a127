"""What every set has in common: the rules of exclusion, the notes, the paths, the output folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.data.datasets import Preparation, get_dataset, list_datasets, prepare
from forensics.data.manifest import MASK_MEANINGS, read_manifest
from signals.errors import OutputNotWritable, WrongUsage


@pytest.fixture
def dso1(tmp_path: Path, picture, mask) -> Path:
    """A set of one authentic and one forged picture; tests add what is wrong with others."""
    root = tmp_path / "set"
    picture(root / "DSO-1" / "normal-01.png", 1)
    add(root, "splicing-01", picture, mask)
    return root


def add(root: Path, stem: str, picture, mask, **kind: object) -> None:
    picture(root / "DSO-1" / f"{stem}.png", 2)
    mask(root / "DSO-1-Fake-Images-Masks" / f"{stem}.png", **{"inside": 0, "outside": 255, **kind})


def excluded(made: Preparation) -> dict[str, str]:
    return {exclusion.image.stem: exclusion.kind for exclusion in made.excluded}


def test_what_cannot_be_scored_is_left_out_by_rule_and_counted(dso1: Path, tmp_path: Path, picture, mask) -> None:
    add(dso1, "splicing-02", picture, mask, inside=255)  # once turned, it marks nothing
    add(dso1, "splicing-03", picture, mask, outside=0)  # once turned, it marks everything
    add(dso1, "splicing-04", picture, mask, size=(40, 57))
    add(dso1, "splicing-05", picture, mask)
    (dso1 / "DSO-1-Fake-Images-Masks" / "splicing-05.png").unlink()
    add(dso1, "splicing-06", picture, mask)
    (dso1 / "DSO-1" / "splicing-06.png").write_bytes(b"no picture")
    add(dso1, "splicing-07", picture, mask)
    broken = dso1 / "DSO-1-Fake-Images-Masks" / "splicing-07.png"
    broken.write_bytes(broken.read_bytes()[:60])
    made = prepare(get_dataset("dso1"), dso1, tmp_path / "out")
    assert excluded(made) == {
        "splicing-02": "empty",
        "splicing-03": "full",
        "splicing-04": "size",
        "splicing-05": "no mask",
        "splicing-06": "unreadable",
        "splicing-07": "unreadable",
    }
    assert (made.found, made.kept) == ({0: 1, 1: 7}, {0: 1, 1: 1})
    assert [row.image.stem for row in read_manifest(made.manifest)] == ["normal-01", "splicing-01"]
    assert len(list((tmp_path / "out" / "masks").rglob("*.png"))) == 1


def test_a_picture_whose_data_ends_early_is_unreadable(dso1: Path, tmp_path: Path) -> None:
    path = dso1 / "DSO-1" / "normal-01.png"
    path.write_bytes(path.read_bytes()[:400])  # the header is whole
    assert excluded(prepare(get_dataset("dso1"), dso1, tmp_path / "out")) == {"normal-01": "unreadable"}


def test_damage_that_leaves_something_to_see_is_noted(tmp_path: Path, picture, mask) -> None:
    root = tmp_path / "CASIA1"
    path = picture(root / "Sp_S_NNN_A_ani0001_ani0001_0102.jpg", 1, (400, 400))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    mask(root / "Sp_S_NNN_A_ani0001_ani0001_0102_gt.png", (400, 400))
    (row,) = read_manifest(prepare(get_dataset("casia1"), root, tmp_path / "out").manifest)
    assert "cut short" in row.columns["note"]


def test_pictures_stay_and_the_manifest_finds_them(dso1: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = prepare(get_dataset("dso1"), Path("set"), Path("deep/er/out"))
    text = made.manifest.read_text().splitlines()
    assert text[0] == "image,mask,label,source,mask_meaning,set,note,donor"
    assert text[1] == "../../../set/DSO-1/normal-01.png,,0,normal-01,altered,dso1,,"
    forged = "../../../set/DSO-1/splicing-01.png,masks/DSO-1/splicing-01.png,1"
    assert text[2] == f"{forged},splicing-01,altered,dso1,mask was inverted,"
    assert all(row.image.is_file() for row in read_manifest(made.manifest))
    assert sorted(path.name for path in (tmp_path / "deep" / "er").iterdir()) == ["out"]


def test_a_folder_with_something_in_it_is_not_written_to(dso1: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(OutputNotWritable, match="not empty"):
        prepare(get_dataset("dso1"), dso1, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_progress_counts_every_picture(dso1: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    prepare(get_dataset("dso1"), dso1, tmp_path / "out", lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_an_unknown_set_lists_near_names() -> None:
    with pytest.raises(WrongUsage, match="did you mean casia2"):
        get_dataset("casia3")


@pytest.mark.parametrize("name", list_datasets())
def test_every_set_cites_its_sources_and_refuses_an_empty_folder(name: str, tmp_path: Path) -> None:
    dataset = get_dataset(name)
    assert dataset.name == name
    assert dataset.mask_meaning in MASK_MEANINGS
    assert dataset.traps
    assert dataset.published.source
    with pytest.raises(WrongUsage, match="found an empty folder"):
        dataset.list_entries(tmp_path)
    with pytest.raises(WrongUsage, match="no such folder"):
        dataset.list_entries(tmp_path / "nowhere")


def test_most_masks_marking_most_of_the_picture_is_remarked(tmp_path: Path, picture, mask) -> None:
    root = tmp_path / "COVERAGE"
    for number in (1, 2):
        picture(root / "image" / f"{number}t.tif", number)
        mask(root / "mask" / f"{number}forged.tif", inside=0, outside=255)
    made = prepare(get_dataset("coverage"), root, tmp_path / "out")
    assert made.remarks[-1].startswith("2 of 2 masks mark more than half of their picture")


def test_sixteen_bit_masks_are_read(tmp_path: Path, picture, mask) -> None:
    import numpy as np
    from PIL import Image

    root = tmp_path / "COVERAGE"
    picture(root / "image" / "1t.tif")
    deep = np.zeros((40, 56), np.uint16)
    deep[4:12, 6:20] = 65535
    (root / "mask").mkdir()
    Image.fromarray(deep).save(root / "mask" / "1forged.tif")
    (row,) = read_manifest(prepare(get_dataset("coverage"), root, tmp_path / "out").manifest)
    assert row.mask is not None
    assert (np.asarray(Image.open(row.mask)) > 127).sum() == 8 * 14
    assert row.columns["note"] == "mask was TIFF I;16"
