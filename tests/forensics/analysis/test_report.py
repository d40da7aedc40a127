from __future__ import annotations

import io
import json
import re
from importlib.resources import files

import cv2
import jsonschema
import numpy as np
import pytest
from PIL import Image, ImageOps


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(files("forensics.analysis").joinpath("schema/report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _jpeg(pixels: np.ndarray, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("settings", [{"score": 0.9}, {"score": 0.1}, {"usable": (False, False)}, {"decoded": 0.5}])
def test_json_follows_the_schema(analyzer, pixels, validator, tmp_path, settings) -> None:
    report = analyzer(**settings).analyze(_jpeg(pixels))
    report.save(tmp_path / "r")
    saved = json.loads((tmp_path / "r" / "report.json").read_text())
    validator.validate(saved)
    assert saved == report.to_json()
    for signal in saved["signals"]:
        assert signal["png"] is None or (tmp_path / "r" / signal["png"]).is_file()


@pytest.mark.parametrize("size", [(1, 1), (7, 7), (15, 400), (16, 16), (10, 60000)])
def test_any_size_makes_a_report(analyzer, validator, tmp_path, size) -> None:
    report = analyzer().analyze(np.zeros((*size, 3), np.uint8))
    assert report.verdict == "cannot be analyzed"
    assert report.map.shape == size
    assert (report.score is None) == (min(size) < 16)
    validator.validate(report.to_json())
    report.save(tmp_path)
    assert (tmp_path / "map.png").exists() == (min(size) >= 16)
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_map_is_upright(analyzer, pixels, tmp_path, orientation) -> None:
    data = _jpeg(pixels, orientation)
    report = analyzer().analyze(data)
    report.save(tmp_path)
    stored = np.zeros(pixels.shape[:2], np.uint8)
    stored[: pixels.shape[0] // 2, : pixels.shape[1] // 2] = 255
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(file, "PNG", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(file))) > 0
    drawn = cv2.imread(str(tmp_path / "map.png"), cv2.IMREAD_UNCHANGED)
    assert drawn.dtype == np.uint8
    np.testing.assert_array_equal(drawn >= 128, expected)
    np.testing.assert_array_equal(report.map >= 0.5, expected)
    assert cv2.imread(str(tmp_path / "overlay.png")).shape == (*expected.shape, 3)
    x, y, width, height = report.regions[0].box
    assert expected[y : y + height, x : x + width].all()


def test_name_changes_nothing_but_the_name(analyzer, pixels, tmp_path) -> None:
    (tmp_path / "a.jpg").write_bytes(_jpeg(pixels))
    (tmp_path / "b.png").write_bytes(_jpeg(pixels))
    one, other = (analyzer().analyze(tmp_path / name).to_json() for name in ("a.jpg", "b.png"))
    assert (one["picture"].pop("file"), other["picture"].pop("file")) == ("a.jpg", "b.png")
    for report in (one, other):
        del report["created"], report["timing"]
    assert one == other


def test_undecoded_rows_are_not_marked(analyzer, pixels) -> None:
    report = analyzer(decoded=0.3).analyze(pixels)
    assert not report.map[30:].any()
    assert report.map[:28, :60].min() == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("settings", "headline", "sentence"),
    [
        ({"score": 0.9}, "Evidence of manipulation", "not proof of an edit there, and false alarms exist"),
        ({"score": 0.9, "peak": 0.2}, "Evidence of manipulation", "the map does not say where"),
        ({"score": 0.2}, "No evidence found", "marked under this verdict are not evidence"),
        ({"score": 0.2, "peak": 0.2}, "No evidence found", "No area of at least 0.05 %"),
        ({"usable": (False, False)}, "Cannot be analyzed", "neither the map nor the score is a finding"),
    ],
)
def test_page_says_what_may_be_said(analyzer, pixels, tmp_path, settings, headline, sentence) -> None:
    analyzer(**settings).analyze(pixels).save(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert f"<h2>{headline}</h2>" in page
    assert sentence in page
    assert "not a probability" in page
    assert not re.search(r"authentic|genuine|untouched", page, re.IGNORECASE)


def test_page_needs_nothing_but_itself(analyzer, pixels, tmp_path) -> None:
    source = tmp_path / "<script>alert(1)&.jpg"
    source.write_bytes(_jpeg(pixels))
    analyzer().analyze(source).save(tmp_path / "r")
    page = (tmp_path / "r" / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&amp;.jpg" in page
    assert not re.search(r"https?://|url\(", page)
    assert all(source.startswith("data:image/") for source in re.findall(r'src="([^"]*)"', page))


def test_what_the_file_says_is_told_as_facts_and_escaped(analyzer, pixels, validator, tmp_path) -> None:
    exif = Image.Exif()
    exif[271], exif[272], exif[305] = "Maker", "<b>Model</b>", "Editor <script>alert(1)</script>\n" + "x" * 5000
    xmp = b'<rdf:Description xmp:CreatorTool="Tool &lt;img src=x&gt;"/>'
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92, subsampling=1, progressive=True, exif=exif, xmp=xmp)
    report = analyzer().analyze(file.getvalue())
    told = report.to_json()
    validator.validate(told)
    jpeg, metadata = told["picture"]["jpeg"], told["picture"]["metadata"]
    assert (jpeg["subsampling"], jpeg["progressive"], jpeg["nearest_quality"]) == ("4:2:2", True, 92)
    assert [table["kind"] for table in jpeg["tables"]] == ["luminance", "chrominance"]
    assert metadata["exif"]["make"] == "Maker"
    assert metadata["xmp"]["creator_tool"] == "Tool <img src=x>"
    assert len(metadata["exif"]["software"]) == 200
    report.save(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "What the file says about itself" in page
    assert "not findings" in page
    assert "standard luminance table of libjpeg quality 92" in page
    assert "Maker &lt;b&gt;Model&lt;/b&gt;" in page
    assert "<script" not in page
    assert "<img src=x" not in page


def test_facts_change_no_verdict(analyzer, pixels) -> None:
    exif = Image.Exif()
    exif[305] = "Editor"
    plain, told = io.BytesIO(), io.BytesIO()
    Image.fromarray(pixels).save(plain, "JPEG")
    Image.fromarray(pixels).save(told, "JPEG", exif=exif)
    one, other = analyzer().analyze(plain.getvalue()), analyzer().analyze(told.getvalue())
    assert (one.verdict, one.score, one.judgement) == (other.verdict, other.score, other.judgement)
    assert one.to_json()["warnings"] == other.to_json()["warnings"]
