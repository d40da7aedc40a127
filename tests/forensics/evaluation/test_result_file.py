"""What ``evaluate`` writes is read again; anything else is refused in one line."""

import json

import numpy as np
import pytest
from PIL import Image

from forensics.data.manifest import ManifestRow, write_manifest
from forensics.evaluation.evaluate import evaluate
from forensics.evaluation.maps import MapResult
from forensics.evaluation.protocols import get_protocol, list_protocols
from forensics.evaluation.report import write_json
from forensics.evaluation.result import EvaluatedSet, to_json
from forensics.evaluation.result_file import read_result
from signals.errors import WrongUsage


class HalfMarked:
    description = {"kind": "maps", "name": "half", "sha256": "ab" * 32}  # noqa: RUF012

    def map_of(self, row, evidence):
        values = np.zeros((evidence.height, evidence.width), np.float32)
        values[: evidence.height // 2] = 0.9
        return MapResult(values, 0.25 + row.label / 2)


@pytest.fixture
def manifest(tmp_path):
    rows = []
    for number in range(4):
        image, mask = tmp_path / f"{number}.png", tmp_path / f"{number}-mask.png"
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (32, 40, 3), np.uint8)).save(image)
        marked = np.zeros((32, 40), np.uint8)
        marked[4:20, 5:30] = 255
        Image.fromarray(marked).save(mask)
        rows.append(ManifestRow(image, mask if number < 2 else None, int(number < 2)))
    write_manifest(tmp_path / "set.csv", rows)
    return tmp_path / "set.csv", rows


@pytest.mark.parametrize("protocol", list_protocols())
def test_every_protocol_comes_back_as_it_was(manifest, tmp_path, protocol):
    path, rows = manifest
    evaluation = evaluate(rows, HalfMarked(), get_protocol(protocol), folder=tmp_path)
    write_json(tmp_path / "scores.json", to_json(evaluation, EvaluatedSet.of(path)))
    found = read_result(tmp_path / "scores.json")
    assert tuple(found.measures.values()) == evaluation.measures
    assert (found.protocol, found.set) == (protocol, EvaluatedSet.of(path))
    assert [picture.image for picture in found.pictures] == ["0.png", "1.png", "2.png", "3.png"]
    assert [dict(picture.values) for picture in found.pictures] == [dict(p.scores.values) for p in evaluation.pictures]
    assert found.title == "maps half"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "cannot be read"),
        ("[]", "names no schema"),
        (json.dumps({"schema": "robustness/1"}), "'robustness/1', not 'evaluation/1'"),
        (json.dumps({"schema": "evaluation/1", "measures": {"a/b": {"n": 1}}}), "damaged at"),
    ],
)
def test_other_files_are_refused(tmp_path, text, words):
    (tmp_path / "scores.json").write_text(text)
    with pytest.raises(WrongUsage, match=words) as refused:
        read_result(tmp_path / "scores.json")
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(WrongUsage, match="cannot be read"):
        read_result(tmp_path / "none.json")
