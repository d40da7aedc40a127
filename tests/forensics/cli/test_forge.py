from __future__ import annotations

import csv
import tarfile

import pytest
from PIL import Image


@pytest.fixture
def photos(photo, tmp_path):
    """Three photos of two cameras and splits, with a manifest."""
    (tmp_path / "photos").mkdir()
    rows = ["file,camera,split"]
    for index, (camera, split) in enumerate([("one", "train"), ("one", "train"), ("two", "test")]):
        (tmp_path / f"photos/{index}.jpg").write_bytes(photo(320, 256, seed=index))
        rows.append(f"{index}.jpg,{camera},{split}")
    (tmp_path / "photos/manifest.csv").write_text("\n".join(rows) + "\n")
    return tmp_path / "photos"


def forged(folder):
    with (folder / "manifest.csv").open() as file:
        return list(csv.DictReader(file))


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_writes_a_data_set(tracefuse, photos, tmp_path) -> None:
    ran = tracefuse("forge", "--photos", "photos", "--out", "forged", "--count", 2, "--seed", 5)
    assert ran.exit_code == 0, ran.err
    assert ran.out.strip() == "forged/manifest.csv"
    rows = forged(tmp_path / "forged")
    assert [row["label"] for row in rows] == ["1", "0"]
    assert all((tmp_path / "forged" / row["image"]).is_file() for row in rows)
    assert (tmp_path / "forged" / rows[0]["mask"]).is_file()


def test_splits_choose_the_photos(tracefuse, photos, tmp_path) -> None:
    ran = tracefuse(
        "forge", "--photos", "photos", "--out", "f", "--count", 8, "--recipe", "copy_move", "--split", "train"
    )
    assert ran.exit_code == 0, ran.err
    assert {(row["source"], row["split"]) for row in forged(tmp_path / "f")} <= {("0.jpg", "train"), ("1.jpg", "train")}
    assert tracefuse("forge", "--photos", "photos", "--out", "g", "--count", 2, "--split", "exam").exit_code == 3


def test_a_folder_is_rebuilt(tracefuse, photos, tmp_path) -> None:
    arguments = ("forge", "--photos", "photos", "--out")
    assert tracefuse(*arguments, "first", "--count", 4, "--recipe", "splice", "--seed", 9).exit_code == 0
    ran = tracefuse(*arguments, "again", "--rebuild", "first/history.jsonl")
    assert ran.exit_code == 0, ran.err
    assert contents(tmp_path / "again") == contents(tmp_path / "first")


def test_shards_take_the_place_of_folders(tracefuse, photos, tmp_path) -> None:
    ran = tracefuse("forge", "--photos", "photos", "--out", "s", "--count", 4, "--recipe", "copy_move", "--shards", 2)
    assert ran.exit_code == 0, ran.err
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["shard-000000.tar", "shard-000001.tar"]
    with tarfile.open(tmp_path / "s/shard-000001.tar") as shard:
        suffixes = [name.partition(".")[2] for name in shard.getnames()]
    assert suffixes[1:3] == ["mask.png", "json"]
    assert suffixes[4] == "json"


def test_a_sheet_shows_the_first_pairs(tracefuse, photos, tmp_path) -> None:
    arguments = ("forge", "--photos", "photos", "--recipe", "copy_move", "--count", 6, "--out")
    ran = tracefuse(*arguments, "o", "--sheet", "sheets/first.png")
    assert ran.exit_code == 0, ran.err
    with Image.open(tmp_path / "sheets/first.png") as sheet:
        assert sheet.width > sheet.height > 2 * 300
    refused = tracefuse(*arguments, "p", "--sheet", "first.gif")
    assert refused.exit_code == 2
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((), "--count or --rebuild"),
        (("--count", 2, "--rebuild", "history.jsonl"), "--count or --rebuild"),
        (("--rebuild", "history.jsonl"), "cannot be read"),
        (("--count", 2, "--recipe", "splize"), "did you mean splice"),
        (("--count", 2, "--shards", 3), "even number"),
        (("--count", 2, "--seed", -1), "negative"),
    ],
)
def test_wrong_usage_is_2_and_one_line(tracefuse, photos, tmp_path, arguments, what) -> None:
    ran = tracefuse("forge", "--photos", "photos", "--out", "o", *arguments)
    assert ran.exit_code == 2
    assert what in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "o").exists()


def test_no_photos_is_3_and_a_file_in_the_way_5(tracefuse, photo, tmp_path) -> None:
    (tmp_path / "photos").mkdir()
    arguments = ("forge", "--photos", "photos", "--count", 1, "--out", "o")
    assert tracefuse(*arguments).exit_code == 3
    (tmp_path / "photos/a.jpg").write_bytes(photo(320, 256))
    (tmp_path / "o").write_text("mine")
    assert tracefuse(*arguments).exit_code == 5


def test_photos_that_cannot_be_read_are_named(tracefuse, photos, tmp_path) -> None:
    data = (photos / "0.jpg").read_bytes()
    (photos / "0.jpg").write_bytes(data[: len(data) // 2])
    (photos / "1.jpg").write_bytes(b"no picture")
    ran = tracefuse("forge", "--photos", "photos", "--out", "o", "--count", 12, "--recipe", "copy_move")
    assert ran.exit_code == 0, ran.err
    assert "photos/0.jpg" in ran.err
    assert "photos/1.jpg" in ran.err
    assert {row["source"] for row in forged(tmp_path / "o")} == {"2.jpg"}
