from __future__ import annotations

from pathlib import Path

import pytest

from forensics.analysis.writing import check_writable, write_file, write_folder
from signals.errors import OutputNotWritable

OWNED = ("report.json", "map.png", "signals")


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_writes_and_replaces_a_report(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    write_folder(target, {"report.json": b"1", "map.png": b"1", "signals/dct.png": b"1"}, OWNED)
    write_folder(target, {"report.json": b"2", "signals/other.png": b"2"}, OWNED)
    assert _tree(target) == {"report.json": b"2", "signals/other.png": b"2"}
    assert [path.name for path in target.parent.iterdir()] == ["b"]


def test_keeps_what_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"precious")
    (tmp_path / "map.png").write_bytes(b"old")
    write_folder(tmp_path, {"report.json": b"1", "signals/dct.png": b"1"}, OWNED)
    assert _tree(tmp_path) == {"photo.jpg": b"precious", "report.json": b"1", "signals/dct.png": b"1"}


@pytest.mark.parametrize("blocked", ["out", "out/deeper"])
def test_a_file_in_the_way(tmp_path: Path, blocked: str) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputNotWritable, match="is a file"):
        write_folder(tmp_path / blocked, {"report.json": b"1"}, OWNED)
    with pytest.raises(OutputNotWritable):
        check_writable(tmp_path / blocked)
    assert _tree(tmp_path) == {"out": b"mine"}


def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "r"
    write_folder(target, {"report.json": b"1", "map.png": b"1"}, OWNED)
    written = Path.write_bytes

    def full_disk(path: Path, content: bytes) -> int:
        if path.name == "map.png":
            raise OSError(28, "No space left on device")
        return written(path, content)

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OutputNotWritable, match="No space left"):
        write_folder(target, {"report.json": b"2", "map.png": b"2"}, OWNED)
    assert _tree(tmp_path) == {"r/report.json": b"1", "r/map.png": b"1"}


def test_single_file(tmp_path: Path) -> None:
    write_file(tmp_path / "deep" / "a.npz", b"1")
    write_file(tmp_path / "deep" / "a.npz", b"2")
    assert _tree(tmp_path) == {"deep/a.npz": b"2"}
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(OutputNotWritable):
        write_file(tmp_path / "folder.npz", b"1")
    assert not list(tmp_path.rglob("*.partial"))
