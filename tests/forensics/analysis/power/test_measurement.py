from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_opening, gaussian_filter

from forensics.analysis.power.measurement import PowerTest, new_overlap
from forensics.analysis.power.result import Power
from signals import Evidence


def _picture(height: int = 144, width: int = 160) -> np.ndarray:
    random = np.random.default_rng(4)
    shades = sum(
        gaussian_filter(random.normal(0, 1, (height, width, 3)), (sigma, sigma, 0)) * sigma for sigma in (1, 6, 20)
    )
    return (128 + 90 * shades).clip(0, 255).astype(np.uint8)


class Predictor:
    """Keeps what it is shown and marks what ``mark`` says of it."""

    def __init__(self, mark: Any) -> None:
        self.shown: list[Any] = []
        self._mark = mark

    def predict(self, evidence: Any) -> Any:
        self.shown.append(evidence)
        marked = self._mark(evidence.pixels)
        return SimpleNamespace(map=marked.astype(np.float32), score=float(marked.any()))


def _knows(original: np.ndarray) -> Any:
    """Marks what differs from the picture it knows."""
    return lambda pixels: binary_opening((pixels != original).any(axis=-1))


def _nothing(pixels: np.ndarray) -> np.ndarray:
    return np.zeros(pixels.shape[:2], bool)


def _everything(pixels: np.ndarray) -> np.ndarray:
    return np.ones(pixels.shape[:2], bool)


def _png(pixels: np.ndarray) -> Any:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return Evidence.open(file.getvalue())


def test_who_sees_every_change_finds_all_edits() -> None:
    pixels = _picture()
    power = PowerTest(edits=12).measure(Predictor(_knows(pixels)), _png(pixels))
    assert (power.total.found.count, power.total.found.of) == (12, 12)
    assert power.total.called.count == 12
    assert [row.found.of for row in power.by_size] == [4, 4, 4]
    assert [row.found.of for row in power.by_kind] == [3, 3, 3, 3]
    assert (power.unedited_called.count, power.unedited_marked) == (0, 0.0)


@pytest.mark.parametrize(("mark", "marked"), [(_nothing, 0.0), (_everything, 1.0)])
def test_who_marks_the_same_whatever_is_there_finds_nothing(mark, marked) -> None:
    power = PowerTest(edits=6).measure(Predictor(mark), _png(_picture()))
    assert (power.total.found.count, power.total.found.of) == (0, 6)
    assert power.unedited_marked == marked
    assert power.unedited_called.count == power.unedited_called.of * marked
    assert (power.total.called.count, power.total.called.of) == (0, 0 if marked else 6)


def test_an_area_that_was_marked_before_is_missed() -> None:
    before, planted = np.zeros((10, 10), bool), np.zeros((10, 10), bool)
    before[:, :5] = True
    planted[2:8, 2:5] = True
    assert new_overlap(before | planted, before, planted) == 0
    assert new_overlap(planted, np.zeros_like(before), planted) == 1
    # 18 of 36 pixels of the edit are newly marked, and 6 beside it
    planted[2:8, 2:8] = True
    marked = before.copy()
    marked[2:8, 5:9] = True
    assert new_overlap(marked, before, planted) == pytest.approx(18 / 42)


def test_marking_a_whole_window_for_any_edit_finds_none() -> None:
    """The least overlap is above the share of the largest edit."""
    pixels = _picture()
    knows = _knows(pixels)
    power = PowerTest(edits=6).measure(
        Predictor(lambda shown: np.full(shown.shape[:2], knows(shown).any())), _png(pixels)
    )
    assert power.total.called.count == 6
    assert power.total.found.count == 0
    assert max(edit.overlap for edit in power.edits) <= 0.12


def _jpeg(pixels: np.ndarray, orientation: int = 1, quality: int = 83) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, exif=exif, subsampling="4:2:2")
    return file.getvalue()


def test_edited_and_unedited_windows_are_saved_alike_with_the_tables_of_the_picture() -> None:
    evidence, predictor = Evidence.open(_jpeg(_picture())), Predictor(_nothing)
    PowerTest(edits=6).measure(predictor, evidence)
    assert len(predictor.shown) == 7
    for shown in predictor.shown:
        assert shown.structure.samplings == evidence.structure.samplings
        for slot, table in evidence.structure.tables.items():
            np.testing.assert_array_equal(shown.structure.tables[slot], table)
    # the first is the unedited one: nothing but one compression more, which luma on its grid hardly feels
    shades = [np.asarray(Image.fromarray(each.pixels).convert("L"), int) for each in (predictor.shown[0], evidence)]
    assert np.abs(shades[0] - shades[1]).mean() < 0.7


def test_the_same_picture_gives_the_same_edits() -> None:
    shown = []
    for quality in (83, 83, 84):
        predictor = Predictor(_nothing)
        PowerTest(edits=3).measure(predictor, Evidence.open(_jpeg(_picture(), quality=quality)))
        shown.append([evidence.data for evidence in predictor.shown])
    assert shown[0] == shown[1]
    assert shown[0] != shown[2]


def test_boxes_are_upright() -> None:
    picture = Evidence.open(_jpeg(_picture(300, 160), orientation=6))
    power = PowerTest(edits=6, window=144).measure(Predictor(_nothing), picture)
    assert {edit.window[2:] for edit in power.edits} == {(144, 144)}
    # stored 160 wide and 300 high: upright it is 300 wide, its first row is the first stored column
    boxes = [window.window for window in power.unedited]
    assert max(box[0] for box in boxes) > 100
    assert all(box[0] + 144 <= 300 and box[1] + 144 <= 160 for box in boxes)


def test_only_decoded_rows_are_used() -> None:
    whole = _jpeg(_picture(400, 144))
    evidence = Evidence.open(whole[: len(whole) * 6 // 10])
    power = PowerTest(edits=6, window=128).measure(Predictor(_nothing), evidence)
    assert 128 < evidence.decoded_rows < 400
    assert max(window.window[1] + 128 for window in power.unedited) <= evidence.decoded_rows


def test_a_picture_that_is_too_small_says_so() -> None:
    power = PowerTest().measure(Predictor(_nothing), _png(_picture(100, 160)))
    assert power.reason is not None
    assert "160 x 100" in power.reason
    assert power.to_json()["total"]["found"] == {"count": 0, "of": 0, "interval": None}


def test_a_picture_without_a_place_for_any_edit_says_so(monkeypatch) -> None:
    monkeypatch.setattr("forensics.analysis.power.planting.plant", lambda *_: None)
    power = PowerTest(edits=6).measure(Predictor(_nothing), _png(_picture()))
    assert power.reason is not None
    assert "flat" in power.reason
    assert (power.total.found.of, len(power.unedited)) == (0, 1)


def test_intervals_are_wilsons() -> None:
    """Agresti and Coull 1998 and any table: 0 of 10 gives 0 to .278, 5 of 10 .237 to .763."""
    power = PowerTest(edits=3).measure(Predictor(_nothing), _png(_picture()))
    edit = power.edits[0]
    ten: Power = replace(power, edits=tuple(replace(edit, found=number < 5) for number in range(10)))
    assert ten.total.found.interval == pytest.approx((0.2366, 0.7634), abs=1e-4)
    none = replace(power, edits=(edit,) * 10)
    assert none.total.found.interval == pytest.approx((0, 0.2775), abs=1e-4)
