from __future__ import annotations

from pathlib import Path

import pytest

from forensics.data.manifest import ManifestRow, read_manifest, write_manifest
from signals.errors import WrongUsage


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rows = [
        ManifestRow(tmp_path / "a.jpg", tmp_path / "masks" / "a.png", 1, {"camera": "x, y"}),
        ManifestRow(tmp_path / "b.jpg", None, 0, {"camera": ""}),
    ]
    write_manifest(tmp_path / "manifest.csv", rows)
    assert read_manifest(tmp_path / "manifest.csv") == rows


def test_a_byte_order_mark_is_no_part_of_a_column(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes("image,mask,label\na.jpg,,0\n".encode("utf-8-sig"))
    assert read_manifest(tmp_path / "m.csv")[0].image == tmp_path / "a.jpg"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"image,label\na.jpg,0\n", "no column mask"),
        (b"image,mask,label\na.jpg,,2\n", r"m\.csv, line 2: label is '2'"),
        (b"image,mask,label\ncaf\xe9.jpg,,0\n", "UTF-8"),
        (b"image,mask,label,mask_meaning\na.jpg,,0,changed\n", r"line 2: mask_meaning is 'changed'; .*both_ends"),
        (b"label,mask,image\n0,,a.jpg\n1,m.png\n", r"m\.csv, line 3: it has fewer cells"),
        (b"image,mask,label\na.jpg,,0\nb.jpg,,0\n./a.jpg,,0\n", r"lines 2 and 4 both name a\.jpg; leave one"),
        (b"image,mask,label\na.jpg,,0\na.jpg,a.png,1\n", r"lines 2 and 3 .* a\.jpg, with another label and mask;"),
    ],
)
def test_what_is_wrong_is_told_with_the_place(content: bytes, problem: str, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(WrongUsage, match=problem):
        read_manifest(tmp_path / "m.csv")


def test_files_elsewhere_are_found_again(tmp_path: Path) -> None:
    for name in ("pictures/a.jpg", "sets/masks/a.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    row = ManifestRow(tmp_path / "pictures" / "a.jpg", tmp_path / "sets" / "masks" / "a.png", 1)
    write_manifest(tmp_path / "sets" / "manifest.csv", [row])
    assert (tmp_path / "sets" / "manifest.csv").read_text() == "image,mask,label\n../pictures/a.jpg,masks/a.png,1\n"
    assert read_manifest(tmp_path / "sets" / "manifest.csv")[0].image.samefile(row.image)


def test_a_folder_reached_by_a_link_still_finds_files_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").touch()
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real" / "deep", target_is_directory=True)
    write_manifest(tmp_path / "link" / "m.csv", [ManifestRow(tmp_path / "pictures" / "a.jpg", None, 0)])
    assert read_manifest(tmp_path / "link" / "m.csv")[0].image.is_file()


def test_masks_mark_what_was_altered_unless_told(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("image,mask,label,mask_meaning\na.jpg,a.png,1,both_ends\nb.jpg,b.png,1,\n")
    assert [row.mask_meaning for row in read_manifest(tmp_path / "m.csv")] == ["both_ends", "altered"]
    assert ManifestRow(tmp_path / "a.jpg", None, 0).mask_meaning == "altered"
