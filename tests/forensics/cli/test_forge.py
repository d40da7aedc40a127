from __future__ import annotations

import csv


def test_writes_a_data_set(tracefuse, photo, tmp_path) -> None:
    (tmp_path / "photos").mkdir()
    for index in range(3):
        (tmp_path / f"photos/{index}.jpg").write_bytes(photo(320, 256, seed=index))
    ran = tracefuse("forge", "--photos", "photos", "--out", "forged", "--count", 2, "--seed", 5)
    assert ran.exit_code == 0, ran.err
    with (tmp_path / "forged/manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert all((tmp_path / "forged" / row["image"]).is_file() for row in rows)


def test_no_photos_is_3_and_a_file_in_the_way_5(tracefuse, photo, tmp_path) -> None:
    (tmp_path / "photos").mkdir()
    arguments = ("forge", "--photos", "photos", "--count", 1, "--out", "o")
    assert tracefuse(*arguments).exit_code == 3
    (tmp_path / "photos/a.jpg").write_bytes(photo(320, 256))
    (tmp_path / "o").write_text("mine")
    assert tracefuse(*arguments).exit_code == 5
