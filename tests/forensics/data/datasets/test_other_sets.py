"""Columbia, DSO-1, NIST16, IMD2020, CocoGlide, Realistic Tampering: colors, inversion, tables, groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.data.datasets import get_dataset, prepare
from forensics.data.datasets.folders import WrongLayout
from forensics.data.manifest import ManifestRow, read_manifest
from signals.errors import WrongUsage

RED, GREEN = (200, 0, 0), (0, 200, 0)


def by_name(manifest: Path) -> dict[str, ManifestRow]:
    return {row.image.name: row for row in read_manifest(manifest)}


def marked(row: ManifestRow) -> np.ndarray:
    assert row.mask is not None
    image = Image.open(row.mask)
    assert (image.format, image.mode) == ("PNG", "L")
    pixels = np.asarray(image)
    assert set(np.unique(pixels)) <= {0, 255}
    return pixels == 255


@pytest.fixture
def columbia(tmp_path: Path, picture, mask) -> Path:
    root = tmp_path / "Columbia"
    picture(root / "4cam_auth" / "canong3_02_sub_01.tif", 1)
    picture(root / "4cam_splc" / "canong3_canonxt_sub_01.tif", 2)
    edges = root / "4cam_splc" / "edgemask" / "canong3_canonxt_sub_01_edgemask.jpg"
    mask(edges, size=(40, 56), inside=GREEN, outside=RED, mode="RGB")
    return root


def test_green_of_a_jpeg_drawing_is_the_splice(columbia: Path, tmp_path: Path, changed: np.ndarray) -> None:
    made = prepare(get_dataset("columbia"), columbia, tmp_path / "out")
    row = by_name(made.manifest)["canong3_canonxt_sub_01.tif"]
    # JPEG may move the border by the pixels that its blocks and its coarser color smear.
    assert (marked(row) ^ changed).sum() <= 0.05 * changed.sum()
    assert row.columns["note"].startswith("mask was JPEG RGB; mask was not black and white only")
    assert row.columns["source"] == "canong3_canonxt_sub_01"


def test_both_brightnesses_of_a_color_read_alike(columbia: Path, tmp_path: Path, changed: np.ndarray) -> None:
    drawing = np.zeros((40, 56, 3), np.uint8)
    drawing[..., 0] = np.where(np.arange(56) < 30, 90, 255)
    drawing[changed] = (0, 90, 0)
    drawing[4:6, 6:20] = (0, 255, 0)
    Image.fromarray(drawing).save(
        columbia / "4cam_splc" / "edgemask" / "canong3_canonxt_sub_01_edgemask.jpg", quality=100, subsampling=0
    )
    row = by_name(prepare(get_dataset("columbia"), columbia, tmp_path / "out").manifest)["canong3_canonxt_sub_01.tif"]
    assert np.array_equal(marked(row), changed)


def test_nested_folders_are_read(columbia: Path, tmp_path: Path) -> None:
    for name in ("4cam_auth", "4cam_splc"):
        inner = columbia / name / name
        (columbia / name).rename(tmp_path / "moved")
        inner.parent.mkdir()
        (tmp_path / "moved").rename(inner)
    assert prepare(get_dataset("columbia"), columbia, tmp_path / "out").kept == {0: 1, 1: 1}


def test_a_gray_edge_mask_is_of_another_kind(columbia: Path, tmp_path: Path, mask) -> None:
    mask(columbia / "4cam_splc" / "edgemask" / "canong3_canonxt_sub_01_edgemask.jpg")
    made = prepare(get_dataset("columbia"), columbia, tmp_path / "out")
    assert [exclusion.kind for exclusion in made.excluded] == ["other kind of mask"]
    assert "neither red nor green" in made.excluded[0].reason


@pytest.fixture
def dso1(tmp_path: Path, picture, mask) -> Path:
    root = tmp_path / "tifs-database"
    for number in ("01", "02"):
        picture(root / "DSO-1" / f"normal-{number}.png", int(number))
        picture(root / "DSO-1" / f"splicing-{number}.png", 10 + int(number))
        mask(root / "DSO-1-Fake-Images-Masks" / f"splicing-{number}.png", inside=0, outside=255)
    return root


@pytest.mark.parametrize("below", [False, True])
def test_dso1_masks_are_turned_with_a_note(dso1: Path, below: bool, tmp_path: Path, changed: np.ndarray) -> None:
    made = prepare(get_dataset("dso1"), dso1.parent if below else dso1, tmp_path / "out")
    rows = by_name(made.manifest)
    assert np.array_equal(marked(rows["splicing-01.png"]), changed)
    assert rows["splicing-01.png"].columns["note"] == "mask was inverted"
    assert made.mended == {"mask was inverted": 2}
    assert rows["normal-01.png"].columns["source"] != rows["splicing-01.png"].columns["source"]


def test_masks_that_were_turned_before_are_not_turned_back(dso1: Path, tmp_path: Path, mask) -> None:
    for number in ("01", "02"):
        mask(dso1 / "DSO-1-Fake-Images-Masks" / f"splicing-{number}.png")
    with pytest.raises(WrongUsage, match=r"2 of 2 masks mark more than half .* turned before"):
        prepare(get_dataset("dso1"), dso1, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def nist16(tmp_path: Path, picture, mask) -> Path:
    root = tmp_path / "NC2016_Test0613"
    columns = "TaskID|ProbeFileID|ProbeFileName|ProbeMaskFileName|IsTarget|IsManipulationTypeRemoval"
    table = [f"{columns}|IsManipulationTypeSplice|IsManipulationTypeCopyClone|BaseFileName"]
    for name, target, kinds in (("0001", "Y", "Y|N|N"), ("0002", "Y", "Y|N|N"), ("0003", "N", "N|N|N")):
        picture(root / "probe" / f"NC2016_{name}.jpg", 1)
        shared = "reference/manipulation/mask/NC2016_0900.png" if target == "Y" else ""
        table.append(f"manipulation|{name}|probe/NC2016_{name}.jpg|{shared}|{target}|{kinds}|world/NC2016_0500.jpg")
    mask(root / "reference/manipulation/mask/NC2016_0900.png", inside=0, outside=255)
    path = root / "reference" / "manipulation" / "NC2016-manipulation-ref.csv"
    path.write_text("\n".join(table) + "\n")
    return root


def test_nist16_is_paired_by_its_table_and_grouped_by_base_photo(
    nist16: Path, tmp_path: Path, changed: np.ndarray
) -> None:
    made = prepare(get_dataset("nist16"), nist16, tmp_path / "out")
    rows = by_name(made.manifest)
    assert {row.columns["source"] for row in rows.values()} == {"NC2016_0500"}
    assert [rows[f"NC2016_{name}.jpg"].label for name in ("0001", "0002", "0003")] == [1, 1, 0]
    assert np.array_equal(marked(rows["NC2016_0002.jpg"]), changed)
    assert rows["NC2016_0002.jpg"].columns["note"] == "removal; mask was inverted"
    assert made.remarks == ("2 forged probes share their mask with another probe: the same edit, saved again",)


def test_a_mask_that_lies_as_stored_is_turned_upright(nist16: Path, tmp_path: Path, picture) -> None:
    picture(nist16 / "probe" / "NC2016_0001.jpg", 1, orientation=6)
    row = by_name(prepare(get_dataset("nist16"), nist16, tmp_path / "out").manifest)["NC2016_0001.jpg"]
    # Orientation 6: shown after a quarter turn clockwise; stored row 4, column 6 is then row 6, column 40 - 1 - 4.
    expected = np.zeros((56, 40), bool)
    expected[6:20, 40 - 12 : 40 - 4] = True
    assert np.array_equal(marked(row), expected)
    assert "mask was not upright (EXIF orientation 6)" in row.columns["note"]


def test_a_laundered_copy_of_nist16_is_refused_by_name(tmp_path: Path, picture, mask) -> None:
    picture(tmp_path / "copy" / "forged" / "NC2016_0293.jpg")
    mask(tmp_path / "copy" / "masks" / "NC2016_0293.png")
    with pytest.raises(WrongLayout, match=r"found forged/, masks/; .*somebody's copy"):
        prepare(get_dataset("nist16"), tmp_path / "copy", tmp_path / "out")


def test_a_table_without_its_columns_is_told(nist16: Path, tmp_path: Path) -> None:
    (nist16 / "reference/manipulation/NC2016-manipulation-ref.csv").write_text("ProbeFileName,IsTarget\n")
    with pytest.raises(WrongLayout, match="no column ProbeFileName, ProbeMaskFileName"):
        prepare(get_dataset("nist16"), nist16, tmp_path / "out")


def test_imd2020_groups_by_folder(tmp_path: Path, picture, mask) -> None:
    root = tmp_path / "IMD2020"
    for seed, folder in enumerate(("1a07yi", "z14")):
        picture(root / folder / f"{folder}_orig.jpg", 10 + seed)
        for name in ("c8_0.jpg", "c9_0.png"):
            picture(root / folder / name, 2)
            mask(root / folder / f"{Path(name).stem}_mask.png")
    picture(root / "0jpg" / "c8_0.jpg")  # re-saved by other tools; no folder of the set
    picture(root / "z14" / "00030_fake.jpg", 3)
    mask(root / "z14" / "00030_fake_mask.png", size=(41, 56))
    made = prepare(get_dataset("imd2020"), root, tmp_path / "out")
    rows = read_manifest(made.manifest)
    assert [(row.image.name, row.label, row.columns["source"]) for row in rows if row.image.parent.name == "z14"] == [
        ("z14_orig.jpg", 0, "z14"),
        ("c8_0.jpg", 1, "z14"),
        ("c9_0.png", 1, "z14"),
    ]
    assert made.kept == {0: 2, 1: 4}
    (left_out,) = made.excluded
    assert "IML-Dataset-Corrections" in left_out.reason


def test_cocoglide_is_paired_by_number(tmp_path: Path, picture, mask) -> None:
    root = tmp_path / "CocoGlide"
    for number, thing in ((9, "teddy bear"), (114871, "dining table")):
        picture(root / "real" / f"{thing}_{number}.png", number)
        picture(root / "fake" / f"glide_inpainting_val2017_{number}_up.png", number)
        mask(root / "mask" / f"{thing}_{number}_mask.png")
    made = prepare(get_dataset("cocoglide"), root, tmp_path / "without")
    assert made.remarks == ("no table.csv: prompts unknown",)
    (root / "table.csv").write_text(
        "real,fake,mask,prompt\n"
        "real/teddy bear_9.png,fake/glide_inpainting_val2017_9_up.png,mask/teddy bear_9_mask.png,a small bear\n",
        encoding="utf-8-sig",
    )
    rows = read_manifest(prepare(get_dataset("cocoglide"), root, tmp_path / "out").manifest)
    assert [(row.image.name, row.columns["source"], row.columns["note"]) for row in rows] == [
        ("teddy bear_9.png", "9", ""),
        ("glide_inpainting_val2017_9_up.png", "9", "prompt: a small bear"),
        ("dining table_114871.png", "114871", ""),
        ("glide_inpainting_val2017_114871_up.png", "114871", ""),
    ]
    assert rows[1].mask is not None
    assert rows[1].mask.name == "teddy bear_9_mask.png"


def test_the_middle_gray_of_realistic_tampering_counts(tmp_path: Path, picture, mask, changed: np.ndarray) -> None:
    root = tmp_path / "data-images"
    for seed, camera in enumerate(("Canon_60D", "Nikon_D7000", "Nikon_D90", "Sony_A57")):
        picture(root / camera / "pristine" / "DPP0012.TIF", seed)
        picture(root / camera / "tampered-realistic" / "DPP0012.TIF", seed)
        mask(root / camera / "ground-truth" / "DPP0012.PNG", inside=100)
    made = prepare(get_dataset("realistic-tampering"), tmp_path, tmp_path / "out")
    rows = read_manifest(made.manifest)
    assert made.kept == {0: 4, 1: 4}
    assert len({row.columns["source"] for row in rows}) == 4
    assert np.array_equal(marked(rows[1]), changed)
