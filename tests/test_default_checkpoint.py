"""The checkpoint that ships, on the pictures that ship."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics import Analyzer
from forensics.evaluation.metrics import roc_auc
from forensics.models.checkpoint import find_checkpoint
from signals.orientation import upright

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer.load("default", "cpu")


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """The same file with an EXIF segment that holds nothing but an orientation."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def test_it_is_small_and_describes_itself() -> None:
    checkpoint = find_checkpoint("default")
    size = sum(path.stat().st_size for path in checkpoint.folder.iterdir())
    assert size < 30e6
    assert "Limits" in (checkpoint.folder / "README.md").read_text(encoding="utf-8")
    assert len(checkpoint.fields["data"]["photos_sha256"]) == 64


@pytest.mark.parametrize("name", ["copy_move", "forged", "splice"])
def test_its_map_shows_what_was_pasted(analyzer: Analyzer, name: str) -> None:
    report = analyzer.analyze(EXAMPLES / f"{name}.jpg")
    truth = np.asarray(Image.open(EXAMPLES / "masks" / f"{name}_jpg.png")) > 127
    assert report.map.shape == truth.shape
    auc = roc_auc(report.map, truth)
    assert auc is not None
    assert auc > 0.9


def test_it_finds_evidence_in_a_forged_picture(analyzer: Analyzer) -> None:
    assert analyzer.analyze(EXAMPLES / "copy_move.jpg").verdict == "evidence of manipulation"


def test_it_finds_nothing_in_the_untouched_photo(analyzer: Analyzer) -> None:
    assert analyzer.analyze(EXAMPLES / "untouched.jpg").verdict == "no evidence found"


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_copy_turned_by_exif_gives_the_turned_map(analyzer: Analyzer, orientation: int) -> None:
    jpeg = (EXAMPLES / "copy_move.jpg").read_bytes()
    stored = analyzer.analyze(jpeg)
    turned = analyzer.analyze(with_orientation(jpeg, orientation))
    assert np.array_equal(turned.map, upright(stored.map, orientation))
    assert turned.score == stored.score


def test_the_same_bytes_under_another_name_give_the_same_report(analyzer: Analyzer, tmp_path: Path) -> None:
    other = tmp_path / "another.jpg"
    other.write_bytes((EXAMPLES / "splice.jpg").read_bytes())
    first, second = (analyzer.analyze(path).to_json() for path in (EXAMPLES / "splice.jpg", other))
    for report in (first, second):
        del report["created"], report["timing"], report["picture"]["file"]
    assert json.dumps(first) == json.dumps(second)
