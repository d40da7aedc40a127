from __future__ import annotations

import json
import re
from importlib.resources import files

import jsonschema
import pytest

from forensics.analysis.power.measurement import PowerTest
from forensics.analysis.power.wording import power_sentence


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(files("forensics.analysis").joinpath("schema/report.schema.json").read_text())
    return jsonschema.Draft202012Validator(schema)


def _large(pixels):
    return pixels.repeat(2, axis=0).repeat(2, axis=1)


def test_json_follows_the_schema(analyzer, pixels, validator) -> None:
    report = analyzer().analyze(_large(pixels), PowerTest(edits=3)).to_json()
    validator.validate(report)
    assert report["power"]["total"]["found"]["of"] == len(report["power"]["edits"]) == 3
    assert report["timing"]["stages"]["power"] > 0
    without = analyzer().analyze(_large(pixels)).to_json()
    assert without["power"] is None
    assert "power" not in without["timing"]["stages"]
    assert without["score"] == report["score"]
    assert without["verdict"] == report["verdict"]


def test_the_page_tells_it_as_an_experiment_and_claims_nothing_of_the_picture(analyzer, pixels, tmp_path) -> None:
    analyzer().analyze(_large(pixels), PowerTest(edits=3)).save(tmp_path)
    page = (tmp_path / "report.html").read_text()
    (section,) = re.findall(r'<section class="power">.*?</section>', page, re.DOTALL)
    assert "(experiment)" in section
    assert "This says nothing about whether the picture was edited" in section
    # the fake marks a quarter whatever is there and scores 0.9: nothing found, nothing left to call
    assert re.search(r"all planted edits</td><td>0 of 3</td><td>0-56 %</td><td>0 of 0</td><td></td>", section)
    assert re.search(
        r"parts without an edit</td><td>25.0 % marked</td><td></td><td>1 of 1</td><td>21-100 %</td>", section
    )
    assert not re.search(r"authentic|genuine|untouched|probability of", section, re.IGNORECASE)


def test_without_the_test_the_page_has_no_such_section(analyzer, pixels, tmp_path) -> None:
    analyzer().analyze(pixels).save(tmp_path)
    assert "planted" not in (tmp_path / "report.html").read_text()


def test_too_small_is_told(analyzer, pixels, validator, tmp_path) -> None:
    report = analyzer().analyze(pixels, PowerTest(edits=3))
    validator.validate(report.to_json())
    report.save(tmp_path)
    assert "Nothing could be planted: 128 x 96 pixels" in (tmp_path / "report.html").read_text()
    assert "nothing could be planted. 128 x 96 pixels" in power_sentence(report.to_json()["power"])
