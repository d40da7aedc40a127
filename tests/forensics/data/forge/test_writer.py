from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.data.forge import Forger, get_recipe, write_forgeries
from forensics.data.manifest import read_manifest
from forensics.data.photos import PhotoPool
from signals.errors import OutputNotWritable, WrongUsage


@pytest.fixture(scope="module")
def forger(pool: PhotoPool) -> Forger:
    recipe = type(get_recipe()).from_json({"sides": [96, 112]})
    return Forger(pool, recipe, seed=4)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_folder_tells_what_its_pictures_are(forger: Forger, tmp_path: Path) -> None:
    done: list[int] = []
    manifest = write_forgeries(forger, 6, tmp_path / "out", done.append)
    assert done == [1, 2, 3, 4, 5, 6]
    rows = read_manifest(manifest)
    histories = [json.loads(line) for line in (tmp_path / "out" / "history.jsonl").read_text().splitlines()]
    assert [row.label for row in rows] == [1, 0, 1, 0, 1, 0]
    for index, (row, history) in enumerate(zip(rows, histories, strict=True)):
        expected = forger.forge(index)
        assert row.image.read_bytes() == expected.data
        assert row.image.name == Path(history.pop("image")).name
        assert history == expected.history
        assert (int(row.columns["height"]), int(row.columns["width"])) == expected.mask.shape
        assert (row.mask is None) == (row.label == 0)
        if row.mask:
            drawn = np.asarray(Image.open(row.mask))
            assert set(np.unique(drawn)) == {0, 255}
            assert ((drawn == 255) == expected.mask).all()


def test_bytes_are_the_same_twice(forger: Forger, tmp_path: Path) -> None:
    write_forgeries(forger, 4, tmp_path / "a")
    (tmp_path / "b").mkdir()
    write_forgeries(forger, 4, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_what_is_there_is_never_overwritten(forger: Forger, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(OutputNotWritable, match="not empty"):
        write_forgeries(forger, 2, tmp_path)
    with pytest.raises(OutputNotWritable):
        write_forgeries(forger, 2, tmp_path / "note.txt")
    with pytest.raises(OutputNotWritable):
        write_forgeries(forger, 2, tmp_path / "note.txt" / "deeper")
    assert contents(tmp_path) == {"note.txt": b"mine"}
    with pytest.raises(WrongUsage):
        write_forgeries(forger, 0, tmp_path / "new")


def test_whole_pairs_survive_an_interruption(forger: Forger, tmp_path: Path) -> None:
    def stop_at_three(done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_forgeries(forger, 10, tmp_path / "out", stop_at_three)
    write_forgeries(forger, 2, tmp_path / "whole")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_nothing_is_left_of_a_failure(forger: Forger, tmp_path: Path) -> None:
    def fail(done: int) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_forgeries(forger, 2, tmp_path / "out", fail)
    assert list(tmp_path.iterdir()) == []
