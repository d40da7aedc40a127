from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from forensics.data.forge.chains.jpeg import JpegSave
from forensics.data.forge.chains.saves import FinalSave, PngSave, WebpSave
from signals.evidence import Evidence
from tests.conftest import paint_scene

SAVES: list[FinalSave] = [JpegSave(83, (), "4:2:2", True), WebpSave(70), PngSave()]


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return paint_scene(3, 90, 131)


@pytest.mark.parametrize(("save", "kind"), list(zip(SAVES, ["jpeg", "webp", "png"], strict=True)))
def test_the_file_is_what_its_name_says_and_reads_as_the_step_promised(
    scene: np.ndarray, save: FinalSave, kind: str
) -> None:
    evidence = Evidence.open(save.encode(scene))
    assert evidence.type == kind
    assert (evidence.pixels == save.apply(scene)).all()
    assert save.encode(scene) == save.encode(scene)


def test_png_loses_nothing_and_webp_the_more_the_lower_its_quality(scene: np.ndarray) -> None:
    assert (Evidence.open(PngSave().encode(scene)).pixels == scene).all()
    errors = [np.abs(WebpSave(quality).apply(scene).astype(int) - scene).mean() for quality in (95, 75, 20)]
    assert 0 < errors[0] < errors[1] < errors[2] < 20


def test_a_reader_of_files_finds_the_tables_sampling_and_scans_that_were_asked_for(scene: np.ndarray) -> None:
    luma, chroma = tuple(range(1, 65)), tuple(range(70, 6, -1))
    jpeg = Evidence.open(JpegSave(80, (luma, chroma), "4:2:0", progressive=True).encode(scene)).jpeg
    assert jpeg is not None
    assert jpeg.progressive
    assert [component.sampling for component in jpeg.components] == [(2, 2), (1, 1), (1, 1)]
    for component, table in zip(jpeg.components, (luma, chroma, chroma), strict=True):
        assert component.quantization_table.ravel().tolist() == list(table)


def test_saves_survive_json_and_bad_ones_are_refused() -> None:
    adapter: TypeAdapter[FinalSave] = TypeAdapter(FinalSave)
    for save in SAVES:
        assert adapter.validate_json(adapter.dump_json(save)) == save
    with pytest.raises(ValidationError):
        adapter.validate_python({"name": "jpeg", "quality": 80, "subsampling": "4:1:0"})
