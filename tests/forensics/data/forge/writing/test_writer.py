from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.data.forge import Forger, get_recipe, write_forgeries
from forensics.data.forge.writing.writer import read_histories, rebuild_forgeries
from forensics.data.manifest import read_manifest
from forensics.data.photos import PhotoPool
from signals.errors import OutputNotWritable, UnreadableImage, WrongUsage


@pytest.fixture(scope="module")
def forger(pool: PhotoPool) -> Forger:
    return Forger(pool, replace(get_recipe(), sides=(96, 112), edits={"splice": 0.6, "copy_move": 0.4}), seed=4)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_folder_tells_what_its_pictures_are(forger: Forger, tmp_path: Path) -> None:
    done: list[int] = []
    manifest = write_forgeries(forger, 6, tmp_path / "out", done.append)
    assert done == [1, 2, 3, 4, 5, 6]
    rows = read_manifest(manifest)
    histories = [json.loads(line) for line in (tmp_path / "out" / "history.jsonl").read_text().splitlines()]
    splits = {photo.id: photo.split for photo in forger.photos}
    assert [row.label for row in rows] == [1, 0, 1, 0, 1, 0]
    for index, (row, history) in enumerate(zip(rows, histories, strict=True)):
        expected = forger.forge(index)
        assert row.image.read_bytes() == expected.data
        assert row.image.name == Path(history.pop("image")).name
        assert history == expected.history
        assert (int(row.columns["height"]), int(row.columns["width"])) == expected.mask.shape
        assert (row.mask is None) == (row.label == 0)
        assert row.columns["source"] == history["host"]["photo"]
        assert row.columns["camera"] == history["host"]["camera"]
        assert row.columns["split"] == splits[history["host"]["photo"]]
        assert row.columns["pair"] == str(index // 2)
        assert row.columns["edit"] == ("+".join(expected.edits) or "none")
        assert row.columns["jpeg_case"] == history["chain"]["case"]
        assert row.columns["mask_meaning"] == "altered"
        assert float(row.columns["mask_area"]) == pytest.approx(expected.mask.mean(), abs=1e-6)
        assert float(row.columns["visible"]) == pytest.approx(expected.visible, abs=0.01)
        donors = row.columns["donor"]
        assert bool(donors) == ("splice" in expected.edits)
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


@pytest.mark.slow
def test_bytes_are_the_same_for_any_number_of_processes(pool: PhotoPool, tmp_path: Path) -> None:
    forger = Forger(pool, replace(get_recipe(), sides=(96, 112)), seed=4)
    for jobs in (1, 2):
        write_forgeries(forger, 25, tmp_path / str(jobs), jobs=jobs)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


@pytest.mark.slow
def test_processes_tell_what_went_wrong_with_them(photo_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for photo in photo_folder.iterdir():
        (tmp_path / "photos" / photo.name).write_bytes(photo.read_bytes()[:8000])
    forger = Forger(PhotoPool.open(tmp_path / "photos"), get_recipe("copy_move"), 0)
    with pytest.raises(UnreadableImage, match="no photo could be decoded"):
        write_forgeries(forger, 4, tmp_path / "out", jobs=2)
    assert not (tmp_path / "out").exists()


def test_a_folder_is_rebuilt_from_its_histories(forger: Forger, tmp_path: Path) -> None:
    write_forgeries(forger, 6, tmp_path / "out")
    histories = read_histories(tmp_path / "out" / "history.jsonl")
    rebuild_forgeries(histories, forger.photos, tmp_path / "again")
    assert contents(tmp_path / "out") == contents(tmp_path / "again")
    rebuild_forgeries(histories[2:3], forger.photos, tmp_path / "one")
    assert [p.read_bytes() for p in (tmp_path / "one/images").iterdir()] == [forger.forge(2).data]


@pytest.mark.parametrize("text", ["", "not json\n", "[1]\n"])
def test_files_without_histories_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "history.jsonl").write_text(text)
    with pytest.raises(WrongUsage, match=r"history\.jsonl"):
        read_histories(tmp_path / "history.jsonl")
    with pytest.raises(WrongUsage, match="cannot be read"):
        read_histories(tmp_path / "missing.jsonl")


def test_shards_hold_the_same_pictures(forger: Forger, tmp_path: Path) -> None:
    write_forgeries(forger, 6, tmp_path / "folder")
    assert write_forgeries(forger, 6, tmp_path / "shards", shards=4) == tmp_path / "shards"
    assert [p.name for p in sorted((tmp_path / "shards").iterdir())] == ["shard-000000.tar", "shard-000001.tar"]
    rows = {row.image.stem: row for row in read_manifest(tmp_path / "folder" / "manifest.csv")}
    histories = {h["index"]: h for h in read_histories(tmp_path / "folder" / "history.jsonl")}
    members = {}
    for path in sorted((tmp_path / "shards").iterdir()):
        with tarfile.open(path) as shard:
            members |= {member.name: shard.extractfile(member).read() for member in shard}  # type: ignore[union-attr]
    keys = list(dict.fromkeys(name.partition(".")[0] for name in members))
    assert keys == list(rows)
    for key, row in rows.items():
        assert members[f"{key}{row.image.suffix}"] == row.image.read_bytes()
        if row.mask:
            assert members[f"{key}.mask.png"] == row.mask.read_bytes()
        facts = json.loads(members[f"{key}.json"])
        history = facts.pop("history")
        assert facts == {**row.columns, "label": row.label}
        assert {**history, "image": f"images/{row.image.name}"} == histories[history["index"]]
    write_forgeries(forger, 6, tmp_path / "again", shards=4)
    assert contents(tmp_path / "again") == contents(tmp_path / "shards")


@pytest.mark.parametrize("size", [0, 1, 3, -2])
def test_shards_never_part_twins(forger: Forger, size: int, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="even"):
        write_forgeries(forger, 2, tmp_path / "out", shards=size)
    assert list(tmp_path.iterdir()) == []


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
    with pytest.raises(WrongUsage):
        write_forgeries(forger, 2, tmp_path / "new", jobs=0)


@pytest.mark.parametrize("shards", [None, 4])
def test_whole_pairs_survive_an_interruption(
    forger: Forger, shards: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_forgeries(forger, 2, tmp_path / "whole", shards=shards)
    forge = Forger.forge

    def stop_at_three(forger: Forger, index: int) -> object:
        if index == 3:
            raise KeyboardInterrupt
        return forge(forger, index)

    monkeypatch.setattr(Forger, "forge", stop_at_three)
    with pytest.raises(KeyboardInterrupt):
        write_forgeries(forger, 10, tmp_path / "out", shards=shards)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize("shards", [None, 4])
def test_half_a_pair_on_the_disk_is_forgotten(
    forger: Forger, shards: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted between the two pictures of a pair, while they are written."""
    write_forgeries(forger, 2, tmp_path / "whole", shards=shards)
    dumps, calls = json.dumps, []

    def stop(value: object, **options: object) -> str:
        calls.append(value)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return dumps(value, **options)

    monkeypatch.setattr(json, "dumps", stop)
    with pytest.raises(KeyboardInterrupt):
        write_forgeries(forger, 10, tmp_path / "out", shards=shards)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_nothing_is_left_of_a_failure(forger: Forger, tmp_path: Path) -> None:
    def fail(done: int) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_forgeries(forger, 2, tmp_path / "out", fail)
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_before_the_first_pair_leaves_nothing(forger: Forger, tmp_path: Path) -> None:
    def stop(*_: object) -> io.BytesIO:
        raise KeyboardInterrupt

    interrupted = Forger(forger.photos, forger.recipe, forger.seed)
    interrupted.forge = stop  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        write_forgeries(interrupted, 2, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
