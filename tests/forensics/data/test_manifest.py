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
    ],
)
def test_what_is_wrong_is_told_with_the_place(content: bytes, problem: str, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(WrongUsage, match=problem):
        read_manifest(tmp_path / "m.csv")
