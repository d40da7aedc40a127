from __future__ import annotations

import csv
import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.data.photos import PhotoPool
from signals.errors import NoPictures, WrongUsage


def save_photo(path: Path, seed: int, side: int = 80) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side + 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def write_rows(path: Path, rows: list[tuple[str, str, str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("file", "camera", "split"), *rows])


def test_folder_without_manifest(tmp_path: Path) -> None:
    for name in ("b.png", "a/z.jpg", "a/y.webp", "c.TIF"):
        save_photo(tmp_path / name, 0)
    save_photo(tmp_path / "small.png", 0, side=40)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "note.txt").write_text("text")
    pool = PhotoPool.open(tmp_path)
    assert [photo.id for photo in pool] == ["a/y.webp", "a/z.jpg", "b.png", "c.TIF"]
    assert {photo.camera for photo in pool} == {"unknown"}
    assert [bool(photo.tables) for photo in pool] == [False, True, False, False]
    assert (pool[0].width, pool[0].height) == (96, 80)
    assert sorted(Path(line.split(":")[0]).name for line in pool.warnings) == ["broken.jpg", "small.png"]
    with pytest.raises(WrongUsage, match="split"):
        PhotoPool.open(tmp_path, split="train")


def test_manifest_in_the_parent_gives_cameras_and_splits(tmp_path: Path) -> None:
    for number in range(4):
        save_photo(tmp_path / "photos" / f"{number}.png", number)
    rows = [(f"photos/{n}.png", f"camera {n % 2}", "train" if n < 3 else "test") for n in range(4)]
    write_rows(tmp_path / "manifest.csv", rows)
    train = PhotoPool.open(tmp_path / "photos", split="train")
    assert [(photo.id, photo.camera) for photo in train] == [
        ("0.png", "camera 0"), ("1.png", "camera 1"), ("2.png", "camera 0"),
    ]  # fmt: skip
    assert len(PhotoPool.open(tmp_path / "photos")) == 4
    with pytest.raises(NoPictures, match="calibration"):
        PhotoPool.open(tmp_path / "photos", split="calibration")


def test_a_stranger_s_manifest_beside_the_folder_is_not_used(tmp_path: Path) -> None:
    save_photo(tmp_path / "photos" / "a.png", 0)
    write_rows(tmp_path / "manifest.csv", [("elsewhere/b.png", "x", "train")])
    assert [photo.camera for photo in PhotoPool.open(tmp_path / "photos")] == ["unknown"]
    with pytest.raises(WrongUsage):
        PhotoPool.open(tmp_path / "photos", manifest=tmp_path / "manifest.csv")
    with pytest.raises(WrongUsage):
        PhotoPool.open(tmp_path / "photos", manifest=tmp_path / "missing.csv")


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(NoPictures):
        PhotoPool.open(tmp_path)
    with pytest.raises(NoPictures):
        PhotoPool.open(tmp_path / "missing")


def test_pixels_are_right_guarded_and_bounded(tmp_path: Path) -> None:
    for number in range(3):
        save_photo(tmp_path / f"{number}.png", number)
    pool = PhotoPool.open(tmp_path)
    pool.cache_bytes = 2 * 80 * 96 * 3
    first = pool.pixels(pool[0])
    assert (first == np.asarray(Image.open(tmp_path / "0.png"))).all()
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 0
    assert pool.pixels(pool[0]) is first
    pool.pixels(pool[1])
    pool.pixels(pool[2])
    assert pool.pixels(pool[0]) is not first
    assert len(pickle.dumps(pool)) < 10_000


def test_data_hash_names_the_bytes(tmp_path: Path) -> None:
    for number in range(2):
        save_photo(tmp_path / f"{number}.png", number)
    hashes = sorted(hashlib.sha256((tmp_path / f"{n}.png").read_bytes()).hexdigest() for n in range(2))
    assert PhotoPool.open(tmp_path).data_hash == hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    (tmp_path / "0.png").rename(tmp_path / "renamed.png")
    assert PhotoPool.open(tmp_path).data_hash == hashlib.sha256("\n".join(hashes).encode()).hexdigest()
