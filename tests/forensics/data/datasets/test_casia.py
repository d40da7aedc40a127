"""CASIA v1 and v2: names, hosts, missing, misnamed and misaligned masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.data.datasets import get_dataset, prepare
from forensics.data.datasets.casia_names import Hosts, authentic_id, read_forged_name
from forensics.data.datasets.folders import WrongLayout
from forensics.data.manifest import ManifestRow, read_manifest


def by_name(manifest: Path) -> dict[str, ManifestRow]:
    return {row.image.name: row for row in read_manifest(manifest)}


@pytest.mark.parametrize(
    ("stem", "photos", "copied", "number"),
    [
        ("Sp_D_CNN_A_ani0049_ani0084_0266", ("ani0049", "ani0084"), False, "0266"),
        ("Sp_S_NNN_R_txt0006_txt0006_0006", ("txt0006",), True, "0006"),
        ("Tp_D_CRN_S_N_cha00063_art00014_11818", ("cha00063", "art00014"), False, "11818"),
        ("Tp_D_CNN_M_N_ind00091_10647", ("ind00091",), False, "10647"),
    ],
)
def test_names_are_taken_apart(stem: str, photos: tuple[str, ...], copied: bool, number: str) -> None:
    name = read_forged_name(stem)
    assert (name.photos, name.copied, name.number) == (photos, copied, number)


@pytest.mark.parametrize(
    ("stem", "oddity"),
    [
        ("Sp_D_CNN_A_ani0049_ani0084_0266", ""),
        ("Sp_S_NNN_R_txt0006_txt0006_0006", ""),
        ("Sp_S_NNN_A_arc0002_arc0026_0201", "named a copy-move, but of two photos"),
        ("Tp_D_CNN_M_N_ind00091_ind00091_10647", "named a splice, but of one photo"),
    ],
)
def test_names_that_contradict_themselves_are_told(stem: str, oddity: str) -> None:
    assert read_forged_name(stem).oddity == oddity


def test_an_authentic_name_is_the_id_in_forged_names() -> None:
    assert authentic_id("Au_ani_0049") == "ani0049"


@pytest.fixture
def casia1(tmp_path: Path, picture, mask) -> Path:
    root = tmp_path / "CASIA1"
    for photo, seed in (("ani_0001", 1), ("nat_0002", 2)):
        picture(root / "Au" / f"Au_{photo}.jpg", seed)
    splices = root / "Tp" / "Sp"
    # The host is the second photo of the first name, the first of the second.
    picture(splices / "Sp_D_NRN_A_ani0001_nat0002_0100.jpg", 2)
    picture(splices / "Sp_D_NNN_A_nat0002_pla0009_0101.jpg", 2)
    picture(root / "Tp" / "CM" / "Sp_S_NNN_A_ani0001_ani0001_0102.jpg", 1)
    truth = root / "CASIA 1.0 groundtruth"
    for stem in ("Sp/Sp_D_NRN_A_ani0001_nat0002_0100", "Sp/Sp_D_NNN_A_nat0002_pla0009_0101"):
        mask(truth / f"{stem}_gt.png")
    mask(truth / "CM" / "Sp_S_NNN_A_ani0001_ani0001_0102_gt.png", mode="RGB")
    return root


def test_casia1_names_the_host_that_the_pixels_show(casia1: Path, tmp_path: Path) -> None:
    made = prepare(get_dataset("casia1"), casia1, tmp_path / "out")
    rows = by_name(made.manifest)
    assert (made.found, made.kept) == ({0: 2, 1: 3}, {0: 2, 1: 3})
    first = rows["Sp_D_NRN_A_ani0001_nat0002_0100.jpg"]
    assert (first.columns["source"], first.columns["donor"]) == ("nat0002", "ani0001")
    second = rows["Sp_D_NNN_A_nat0002_pla0009_0101.jpg"]
    assert (second.columns["source"], second.columns["donor"]) == ("nat0002", "pla0009")
    copied = rows["Sp_S_NNN_A_ani0001_ani0001_0102.jpg"]
    assert (copied.columns["source"], copied.columns["donor"]) == ("ani0001", "")
    assert rows["Au_ani_0001.jpg"].columns["source"] == "ani0001"
    assert made.remarks == (
        "host of a splice: seen in the pixels for 2, taken to be the first photo of the name for 0",
    )


def test_only_masks_that_need_mending_are_written(casia1: Path, tmp_path: Path, changed: np.ndarray) -> None:
    rows = by_name(prepare(get_dataset("casia1"), casia1, tmp_path / "out").manifest)
    kept = rows["Sp_D_NRN_A_ani0001_nat0002_0100.jpg"]
    assert kept.mask is not None
    assert kept.mask.resolve().is_relative_to(casia1)
    assert kept.columns["note"] == ""
    mended = rows["Sp_S_NNN_A_ani0001_ani0001_0102.jpg"]
    assert mended.mask == tmp_path / "out" / "masks" / "Tp" / "CM" / "Sp_S_NNN_A_ani0001_ani0001_0102.png"
    image = Image.open(mended.mask)
    assert (image.format, image.mode) == ("PNG", "L")
    assert np.array_equal(np.asarray(image), changed.astype(np.uint8) * 255)
    assert mended.columns["note"] == "mask was PNG RGB"


def test_the_picture_without_a_mask_is_named(casia1: Path, tmp_path: Path, picture) -> None:
    picture(casia1 / "Tp" / "Sp" / "Sp_D_NRN_A_cha0011_sec0011_0542.jpg", 5)
    made = prepare(get_dataset("casia1"), casia1, tmp_path / "out")
    (left_out,) = made.excluded
    assert left_out.kind == "no mask"
    assert "known to have no mask" in left_out.reason
    assert made.found[1] - made.kept[1] == 1


def test_renamed_files_supersede_the_originals(casia1: Path, tmp_path: Path, picture) -> None:
    name = "Sp_D_NRN_A_ani0001_nat0002_0100.jpg"
    picture(casia1 / "Modified Tp" / "Tp" / name, 2)
    made = prepare(get_dataset("casia1"), casia1, tmp_path / "out")
    assert by_name(made.manifest)[name].image.parts[-3] == "Modified Tp"
    assert [path.parts[-2:] for path in made.passed_over] == [("Sp", name)]


def test_without_authentic_photos_the_host_is_the_first_name(tmp_path: Path, picture) -> None:
    hosts = Hosts({})
    image = picture(tmp_path / "Sp_D_NNN_A_nat0002_pla0009_0101.jpg")
    assert hosts.split(image, read_forged_name(image.stem)) == ("nat0002", "pla0009")
    assert hosts.by_name == 1


@pytest.fixture
def casia2(tmp_path: Path, picture, mask) -> Path:
    root = tmp_path / "CASIA2"
    picture(root / "Au" / "Au_ind_00091.jpg", 1)
    picture(root / "Tp" / "Tp_S_NNN_S_N_ind00091_ind00091_00001.tif", 1)
    mask(root / "CASIA 2 Groundtruth" / "Tp_S_NNN_S_N_ind00091_ind00091_00001_gt.png")
    return root


def test_a_misnamed_mask_of_the_same_number_is_taken_with_a_note(casia2: Path, tmp_path: Path, picture, mask) -> None:
    picture(casia2 / "Tp" / "Tp_D_CNN_M_N_ind00091_ind00091_10647.jpg", 1)
    mask(casia2 / "CASIA 2 Groundtruth" / "Tp_S_CNN_M_N_ind00091_ind00091_10647_gt.png")
    made = prepare(get_dataset("casia2"), casia2, tmp_path / "out")
    note = by_name(made.manifest)["Tp_D_CNN_M_N_ind00091_ind00091_10647.jpg"].columns["note"]
    mask_name = "Tp_S_CNN_M_N_ind00091_ind00091_10647_gt"
    assert note == f"named a splice, but of one photo; misnamed: its mask is {mask_name}, of the same number"


def test_a_number_that_two_masks_share_pairs_nothing(casia2: Path, tmp_path: Path, picture, mask) -> None:
    picture(casia2 / "Tp" / "Tp_D_CNN_M_N_ind00091_ind00091_10647.jpg", 1)
    for kind in ("CNN", "CRN"):
        mask(casia2 / "CASIA 2 Groundtruth" / f"Tp_S_{kind}_M_N_ind00091_ind00091_10647_gt.png")
    made = prepare(get_dataset("casia2"), casia2, tmp_path / "out")
    assert [exclusion.kind for exclusion in made.excluded] == ["no mask"]


def test_a_transposed_mask_is_left_out_unless_the_corrected_one_is_there(
    casia2: Path, tmp_path: Path, picture, mask
) -> None:
    stem = "Tp_S_NNN_S_N_sec00012_sec00012_11230"
    picture(casia2 / "Tp" / f"{stem}.jpg", 3)
    mask(casia2 / "CASIA 2 Groundtruth" / f"{stem}_gt.png", size=(56, 40))
    made = prepare(get_dataset("casia2"), casia2, tmp_path / "without")
    (left_out,) = made.excluded
    assert left_out.kind == "size"
    assert "transposed" in left_out.reason
    assert "CASIA2.0-Corrected-Groundtruth" in left_out.reason

    mask(casia2 / "corrected" / f"{stem}_gt.png")
    made = prepare(get_dataset("casia2"), casia2, tmp_path / "with")
    assert not made.excluded
    assert "has another size" in by_name(made.manifest)[f"{stem}.jpg"].columns["note"]


def test_a_resaved_copy_beside_the_set_is_passed_over(casia2: Path, tmp_path: Path, picture) -> None:
    picture(casia2 / "Jpg" / "Tp_S_NNN_S_N_ind00091_ind00091_00001.jpg", 1)
    made = prepare(get_dataset("casia2"), casia2, tmp_path / "out")
    assert made.found == {0: 1, 1: 1}
    assert [path.parent.name for path in made.passed_over] == ["Jpg"]


@pytest.mark.parametrize("name", ["casia1", "casia2"])
def test_pictures_without_any_mask_are_another_layout(name: str, casia1: Path, tmp_path: Path, picture) -> None:
    picture(tmp_path / "set" / "Sp_D_NNN_A_nat0002_pla0009_0101.jpg")
    picture(tmp_path / "set" / "Tp_S_NNN_S_N_ind00091_ind00091_00001.jpg")
    with pytest.raises(WrongLayout, match="masks <name>_gt"):
        prepare(get_dataset(name), tmp_path / "set", tmp_path / "out")
