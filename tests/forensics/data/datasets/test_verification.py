"""Every planted problem is found, once and under its name, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.data.datasets import Verification, verify
from forensics.data.manifest import ManifestRow, write_manifest

SCENE = (120, 160)


def manifest(path: Path, *rows: ManifestRow) -> Path:
    write_manifest(path, rows)
    return path


def kinds(found: Verification) -> list[tuple[str, str]]:
    return [(problem.kind, problem.image) for problem in found.problems]


@pytest.fixture
def forged(tmp_path: Path, picture, mask):
    """Makes a row of a forged picture of a scene of its own."""

    def make(name: str, seed: int, label: int = 1, **columns: str) -> ManifestRow:
        picture(tmp_path / f"{name}.png", seed, SCENE)
        truth = mask(tmp_path / f"{name}-mask.png", SCENE) if label else None
        return ManifestRow(tmp_path / f"{name}.png", truth, label, columns)

    return make


def test_a_good_manifest_is_clean(tmp_path: Path, forged) -> None:
    rows = [forged(f"p{seed}", seed, seed % 2, source=str(seed)) for seed in range(8)]
    found = verify(manifest(tmp_path / "m.csv", *rows))
    assert found.clean
    assert found.problems == ()
    assert found.labels == {0: 4, 1: 4}
    assert found.plain == 0


def test_files_and_masks_that_are_wrong(tmp_path: Path, forged, mask) -> None:
    rows = {name: forged(name, seed) for seed, name in enumerate(("gone", "broken", "maskless", "lost", "torn"))}
    rows |= {name: forged(name, seed + 10) for seed, name in enumerate(("shifted", "empty", "full", "authentic"))}
    rows["gone"].image.unlink()
    rows["broken"].image.write_bytes(rows["broken"].image.read_bytes()[:500])
    rows["maskless"] = ManifestRow(rows["maskless"].image, None, 1)
    rows["lost"].mask.unlink()
    rows["torn"].mask.write_bytes(b"\x89PNG torn")
    mask(rows["shifted"].mask, (SCENE[0], SCENE[1] + 1))
    mask(rows["empty"].mask, SCENE, inside=127)
    mask(rows["full"].mask, SCENE, outside=255)
    rows["authentic"] = ManifestRow(rows["authentic"].image, rows["authentic"].mask, 0)
    found = verify(manifest(tmp_path / "m.csv", *rows.values()))
    assert kinds(found) == [
        ("missing", "gone.png"),
        ("unreadable", "broken.png"),
        ("contradiction", "maskless.png"),
        ("missing", "lost.png"),
        ("unreadable", "torn.png"),
        ("misaligned", "shifted.png"),
        ("empty", "empty.png"),
        ("full", "full.png"),
        ("contradiction", "authentic.png"),
    ]
    assert found.counts == {
        "missing": 2,
        "unreadable": 2,
        "contradiction": 2,
        "misaligned": 1,
        "empty": 1,
        "full": 1,
    }
    assert not found.clean


def test_names_longer_than_the_file_system_allows_are_missing(tmp_path: Path, forged) -> None:
    long = tmp_path / f"{'n' * 300}.png"
    rows = (ManifestRow(long, None, 0), ManifestRow(forged("a", 1).image, long, 1))
    assert [kind for kind, _ in kinds(verify(manifest(tmp_path / "m.csv", *rows)))] == ["missing", "missing"]


def test_a_picture_cut_short_is_damaged(tmp_path: Path, picture) -> None:
    path = picture(tmp_path / "cut.jpg", 1, (400, 400))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (problem,) = verify(manifest(tmp_path / "m.csv", ManifestRow(path, None, 0))).problems
    assert problem.kind == "damaged"
    assert "of 400 rows are there" in problem.detail


def test_an_authentic_picture_may_have_an_empty_mask(tmp_path: Path, forged, mask) -> None:
    row = forged("a", 1)
    mask(row.mask, SCENE, inside=0)
    assert verify(manifest(tmp_path / "m.csv", ManifestRow(row.image, row.mask, 0))).clean


def test_masks_are_of_the_upright_picture(tmp_path: Path, picture, mask) -> None:
    image = picture(tmp_path / "turned.jpg", 1, SCENE, orientation=6)
    upright = mask(tmp_path / "upright.png", SCENE[::-1])
    stored = mask(tmp_path / "stored.png", SCENE)
    assert verify(manifest(tmp_path / "m.csv", ManifestRow(image, upright, 1))).clean
    assert verify(manifest(tmp_path / "m.csv", ManifestRow(image, stored, 1))).counts == {"misaligned": 1}


def test_the_same_bytes_twice(tmp_path: Path, forged) -> None:
    first = forged("a", 1, source="x")
    second = forged("b", 1, 0, source="x")
    assert first.image.read_bytes() == second.image.read_bytes()
    (problem,) = verify(manifest(tmp_path / "m.csv", first, second)).problems
    assert (problem.kind, problem.image, problem.other) == ("duplicate", "b.png", "a.png")
    assert "labeled 0 here and 1 there" in problem.detail


def resaved(row: ManifestRow, name: str, **columns: str) -> ManifestRow:
    path = row.image.with_name(f"{name}.jpg")
    Image.open(row.image).resize((SCENE[1] // 2, SCENE[0] // 2)).save(path, quality=70)
    return ManifestRow(path, None, 0, columns)


def test_pictures_alike_may_share_a_source_but_not_claim_two(tmp_path: Path, forged) -> None:
    first, other = forged("a", 1, source="x"), forged("c", 3, source="z")
    assert verify(manifest(tmp_path / "m.csv", first, resaved(first, "b", source="x"), other)).clean
    found = verify(manifest(tmp_path / "m.csv", first, resaved(first, "b", source="y"), other))
    (problem,) = found.problems
    assert (problem.kind, problem.image, problem.other) == ("near_duplicate", "a.png", "b.jpg")
    assert "sources x and y" in problem.detail


def test_without_a_source_column_pictures_alike_are_told(tmp_path: Path, forged) -> None:
    first = forged("a", 1)
    assert verify(manifest(tmp_path / "m.csv", first, resaved(first, "b"))).counts == {"near_duplicate": 1}


def test_leaks_between_splits(tmp_path: Path, forged) -> None:
    train = forged("a", 1, source="x", split="train")
    same = forged("b", 1, source="y", split="test")
    alike = resaved(train, "c", source="z", split="test")
    source = forged("d", 5, source="x", split="test")
    found = verify(manifest(tmp_path / "m.csv", train, same, alike, source))
    details = [problem.detail for problem in found.problems if problem.kind == "leak"]
    assert sum("the same bytes as a.png" in detail for detail in details) == 1
    assert sum("looks like c.jpg" in detail and "of split test" in detail for detail in details) == 1
    assert sum("source x stands in splits test, train" in detail for detail in details) == 1
    # b and c are of one split and claim two sources.
    assert found.counts == {"leak": 3, "near_duplicate": 1}


def test_leaks_between_manifests(tmp_path: Path, forged) -> None:
    one, two, three, four = (forged(name, seed, source=name, set="s") for seed, name in enumerate("abcd"))
    train = manifest(tmp_path / "train.csv", one, two, three, four)
    clean = manifest(tmp_path / "clean.csv", forged("e", 9, source="e", set="s"))
    test = manifest(
        tmp_path / "test.csv",
        forged("copy", 0, source="p", set="s"),
        resaved(two, "saved", source="q", set="s"),
        forged("f", 7, source="c", set="s"),
        forged("g", 8, source="d", set="another set"),
    )
    assert verify(train, (clean,)).clean
    found = verify(train, (clean, test))
    assert [(problem.kind, problem.image, problem.other) for problem in found.problems] == [
        ("leak", "a.png", "copy.png"),
        ("leak", "b.png", "saved.jpg"),
        ("leak", "c.png", "f.png"),
    ]
    assert f"of {test}" in found.problems[0].detail
    assert found.labels == {1: 4}


def test_plain_pictures_are_counted_and_not_compared(tmp_path: Path) -> None:
    rows = []
    for gray in (10, 200):
        path = tmp_path / f"{gray}.png"
        Image.fromarray(np.full((*SCENE, 3), gray, np.uint8)).save(path)
        rows.append(ManifestRow(path, None, 0))
    found = verify(manifest(tmp_path / "m.csv", *rows))
    assert found.clean
    assert found.plain == 2


def test_more_problems_than_are_listed_are_still_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forensics.data.datasets.verification._LISTED", 3)
    rows = [ManifestRow(tmp_path / f"{number}.png", None, 0) for number in range(5)]
    found = verify(manifest(tmp_path / "m.csv", *rows))
    assert found.counts == {"missing": 5}
    assert len(found.problems) == 3


def test_progress_spans_all_manifests(tmp_path: Path, forged) -> None:
    first, second = manifest(tmp_path / "m.csv", forged("a", 1)), manifest(tmp_path / "n.csv", forged("b", 2))
    seen: list[tuple[int, int]] = []
    verify(first, (second,), lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
