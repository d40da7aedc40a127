from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensics.inference import Predictor
from forensics.models import create_model
from forensics.models.checkpoint import OperatingPoint, find_checkpoint, list_checkpoints, save_checkpoint
from forensics.resources import checkpoints_dir
from signals import Evidence, get_signal
from signals.errors import CheckpointMismatch, CheckpointMissing, WrongUsage


def textured(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def predictor(tiny_checkpoint: Path) -> Predictor:
    return Predictor.load(tiny_checkpoint, "cpu")


@pytest.mark.parametrize("size", [(1, 1), (7, 7), (16, 40), (130, 253), (10, 700)])
def test_the_map_has_the_size_of_the_picture(predictor: Predictor, size: tuple[int, int]) -> None:
    prediction = predictor.predict(Evidence.from_pixels(textured(*size)))
    assert prediction.map.shape == prediction.valid.shape == size
    assert prediction.map.dtype == np.float32
    assert np.isfinite(prediction.map).all()
    assert 0 <= prediction.map.min() <= prediction.map.max() <= 1


def test_small_pictures_leave_signals_out_and_say_why(predictor: Predictor) -> None:
    prediction = predictor.predict(Evidence.from_pixels(textured(7, 7)))
    assert [signal.usable for signal in prediction.signals] == [False, False]
    assert all(signal.reason for signal in prediction.signals)


@pytest.mark.parametrize(
    ("model", "arguments"), [("multistream_tiny", {}), ("omgfuser_feature_tiny", {"object_guidance": False})]
)
def test_objects_are_searched_only_for_a_network_that_looks_at_them(
    predictor: Predictor, model: str, arguments: dict[str, Any], tmp_path: Path
) -> None:
    flat = np.zeros((128, 128, 3), dtype=np.uint8)
    flat[:, 64:] = 255
    signal = get_signal("ela_score").spec
    network = create_model(model, [signal], **arguments)
    save_checkpoint(tmp_path, network, model, arguments, (signal,), OperatingPoint(), {})
    assert len(predictor.predict(Evidence.from_pixels(flat)).objects.masks) > 0
    assert len(Predictor.load(tmp_path, "cpu").predict(Evidence.from_pixels(flat)).objects.masks) == 0


def test_the_same_picture_gives_the_same_prediction(predictor: Predictor) -> None:
    first, second = (predictor.predict(Evidence.from_pixels(textured(150, 200))) for _ in range(2))
    assert np.array_equal(first.map, second.map)
    assert first.score == second.score


def test_the_operating_point_moves_what_is_shown_to_one_half(tiny_checkpoint: Path, tmp_path: Path) -> None:
    before = Predictor.load(tiny_checkpoint, "cpu").predict(Evidence.from_pixels(textured(64, 64)))
    for name in ("model.safetensors", "checkpoint.json"):
        (tmp_path / name).write_bytes((tiny_checkpoint / name).read_bytes())
    logit = float(np.log(before.map[20, 30] / (1 - before.map[20, 30])))
    fields = (tmp_path / "checkpoint.json").read_text().replace('"map_logit": 0.0', f'"map_logit": {logit}')
    (tmp_path / "checkpoint.json").write_text(fields)
    after = Predictor.load(tmp_path, "cpu").predict(Evidence.from_pixels(textured(64, 64)))
    assert after.map[20, 30] == pytest.approx(0.5, abs=1e-5)
    order = np.argsort(before.map, axis=None)
    assert (np.diff(after.map.ravel()[order]) >= -1e-6).all()


def test_a_missing_checkpoint_names_those_that_are_there() -> None:
    with pytest.raises(CheckpointMissing, match=list_checkpoints()[0]):
        find_checkpoint("nowhere")


def test_a_damaged_checkpoint_is_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.json").write_bytes((tiny_checkpoint / "checkpoint.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes((tiny_checkpoint / "model.safetensors").read_bytes()[:500])
    with pytest.raises(CheckpointMismatch, match="do not fit"):
        Predictor.load(tmp_path, "cpu")
    (tmp_path / "checkpoint.json").write_text("{")
    with pytest.raises(CheckpointMismatch, match="damaged"):
        Predictor.load(tmp_path, "cpu")


def test_an_unknown_device_is_wrong_usage(tiny_checkpoint: Path) -> None:
    with pytest.raises(WrongUsage, match="tpu"):
        Predictor.load(tiny_checkpoint, "tpu")


def test_a_missing_field_is_told_before_any_picture(tiny_checkpoint: Path, tmp_path: Path) -> None:
    for name in ("model.safetensors", "checkpoint.json"):
        (tmp_path / name).write_bytes((tiny_checkpoint / name).read_bytes())
    fields = (tmp_path / "checkpoint.json").read_text()
    (tmp_path / "checkpoint.json").write_text(fields.replace('"operating_point"', '"operating_pint"'))
    with pytest.raises(CheckpointMismatch, match="operating_point"):
        find_checkpoint(tmp_path)
    (tmp_path / "checkpoint.json").write_text(fields.replace('"omgfuser_feature_tiny"', '"of_tomorrow"'))
    with pytest.raises(CheckpointMismatch, match="of_tomorrow"):
        Predictor.load(tmp_path, "cpu")


def test_a_shipped_name_means_the_shipped_checkpoint(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_checkpoint, tmp_path / "default")
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint("default").folder == checkpoints_dir() / "default"
    assert find_checkpoint("./default").fields["model"] == "omgfuser_feature_tiny"


def test_rows_that_are_not_there_do_not_enter_the_score(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, photo_folder: Path
) -> None:
    whole = next(photo_folder.iterdir()).read_bytes()
    seen: list[tuple[int, ...]] = []
    model = predictor._network.model
    detect = model.detect
    monkeypatch.setattr(model, "detect", lambda t, m: seen.append(tuple(m.shape)) or detect(t, m))
    for data in (whole, whole[: len(whole) * 6 // 10]):
        evidence = Evidence.open(data)
        predictor.predict(evidence)
    assert evidence.decoded_rows < evidence.height
    assert seen[0][2] == -(-evidence.height // 16) * 16
    assert seen[1][2] == evidence.decoded_rows // 16 * 16
