"""The table of all signals: what is finished is not scored again, and blind maps stand below."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.signal_table import finished, markdown
from forensics.data.manifest import ManifestRow, read_manifest, write_manifest
from forensics.evaluation.maps import MapResult
from forensics.evaluation.result import EvaluatedSet
from signals import Evidence


class Marks:
    """Marks the same rows of every picture, and counts how often it was asked."""

    def __init__(self, name: str, rows: int, version: str = "1") -> None:
        self.description = {"kind": "signal", "name": name, "version": version}
        self._rows, self.asked = rows, 0

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        self.asked += 1
        values = np.zeros((evidence.height, evidence.width), np.uint8)
        values[: self._rows] = 255
        return MapResult(values, 0.5)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    rows = []
    for number, meaning in enumerate(("altered", "both_ends", "altered")):
        image, mask = tmp_path / f"{number}.png", tmp_path / f"{number}-mask.png"
        Image.fromarray(np.full((32, 48, 3), number, np.uint8)).save(image)
        Image.fromarray(np.repeat(np.arange(32) < 16, 48).reshape(32, 48)).save(mask)
        rows.append(ManifestRow(image, mask, 1, {"mask_meaning": meaning}))
    write_manifest(tmp_path / "manifest.csv", rows)
    return tmp_path / "manifest.csv"


def test_what_is_finished_is_read_and_what_changed_is_scored_anew(manifest: Path, tmp_path: Path) -> None:
    def again(source: Marks) -> float:
        of, rows = EvaluatedSet.of(manifest), read_manifest(manifest)
        result = finished(source, of, rows, manifest.parent, tmp_path / "results")
        return float(result["measures"]["tracefuse/pixel_f1@0.5"]["value"])

    first, second, other = Marks("top", 16), Marks("top", 16), Marks("top", 8, version="2")
    assert (again(first), first.asked) == (1.0, 3)
    assert (again(second), second.asked) == (1.0, 0)
    assert (again(other), other.asked) == (pytest.approx(2 / 3), 3)
    manifest.write_text(manifest.read_text() + "\n")
    again(other)
    assert other.asked == 6
    (file,) = (tmp_path / "results").rglob("*.json")
    assert json.loads(file.read_text())["source"]["version"] == "2"


def test_each_meaning_of_masks_has_a_table_with_the_best_first_and_the_blind_last(
    manifest: Path, tmp_path: Path
) -> None:
    of, rows = EvaluatedSet.of(manifest), read_manifest(manifest)
    sources = [Marks("quarter", 8), Marks("half", 16)]
    text = markdown([[finished(source, of, rows, manifest.parent, tmp_path / "results") for source in sources]])
    altered, both_ends = text.split("### ")[1:]
    assert "2 forged and 0 authentic" in altered
    assert "1 forged" in both_ends
    lines = [line.split(" | ") for line in altered.splitlines() if line.startswith("| ")]
    assert [cells[0] for cells in lines[1:]] == [
        "| `half`",
        "| `quarter`",
        "| content-free prior",
        "| everything marked",
    ]
    assert lines[1][1] == "1.000 [1.000, 1.000]"
    assert lines[-1][1] == "0.667"
