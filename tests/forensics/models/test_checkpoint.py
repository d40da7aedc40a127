"""What a checkpoint keeps of a network and of what it has become, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import logit
from torch import nn

from forensics.calibration.calibration import Calibration
from forensics.calibration.threshold import ScoreThreshold
from forensics.inference import Predictor
from forensics.models.checkpoint import (
    Checkpoint,
    OperatingPoint,
    SpecialPoint,
    add_facts,
    find_checkpoint,
    save_checkpoint,
)
from forensics.models.confidence import add_confidence_head, has_confidence_head
from forensics.models.expansion import ExpandedNetwork, expand_network, unfold
from forensics.models.half_precision import round_to_half
from forensics.models.network import FusionNetwork
from signals import Evidence, get_signal
from signals.errors import CheckpointMismatch

MODEL = "omgfuser_feature_tiny"
NEW, THIRD = "zero_votes", "noise_median"
POINTS = (SpecialPoint((NEW,), OperatingPoint(0.5, -0.25)),)


def expanded(parent: Checkpoint, signal: str = NEW) -> ExpandedNetwork:
    """With gates that are open, so that the new signal counts."""
    torch.manual_seed(3)
    network = expand_network(parent.build(), MODEL, {}, get_signal(signal).spec, {"stream_depth": 2})
    for addition in network.additions:
        nn.init.normal_(addition.gate)
    return network.eval()


def save(network: FusionNetwork, folder: Path, parent: Checkpoint | None = None) -> Checkpoint:
    save_checkpoint(
        folder, network, MODEL, {}, network.specs, OperatingPoint(), {}, special_points=POINTS, parent=parent
    )
    return find_checkpoint(folder)


@pytest.fixture(scope="module")
def parent(tiny_checkpoint: Path) -> Checkpoint:
    return find_checkpoint(tiny_checkpoint)


@pytest.fixture(scope="module")
def child(parent: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return save(expanded(parent), tmp_path_factory.mktemp("child") / "child", parent)


def test_an_expanded_network_comes_back_to_the_bit(parent: Checkpoint, child: Checkpoint) -> None:
    network, again = expanded(parent), child.build()
    assert again.stream_names == network.stream_names == ("dct", "splicebuster_counts", "rgb", NEW)
    assert [spec.name for spec in child.specs] == ["dct", "splicebuster_counts", NEW]
    state = again.state_dict()
    assert state.keys() == network.state_dict().keys()
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    assert not again.training
    assert len(again.stream.transformer.blocks) == 2


def test_so_does_a_chain(child: Checkpoint, tmp_path: Path) -> None:
    grandchild = save(expanded(child, THIRD), tmp_path / "grandchild", child)
    base, stages = unfold(grandchild.build())
    assert base.signal_names == ("dct", "splicebuster_counts")
    assert [stage.spec.name for stage in stages] == [NEW, THIRD]
    assert [spec.name for spec in grandchild.specs] == ["dct", "splicebuster_counts", NEW, THIRD]
    old = child.build().state_dict()
    assert all(torch.equal(value, old[name]) for name, value in stages[0].state_dict().items())


def test_confidence_heads_stay_where_they_grew(parent: Checkpoint, tmp_path: Path) -> None:
    base = parent.build()
    add_confidence_head(base)
    save_checkpoint(tmp_path / "base", base, MODEL, {}, base.specs, OperatingPoint(), {})
    with_head = find_checkpoint(tmp_path / "base")
    child = save(expanded(with_head), tmp_path / "child", with_head)
    again = child.build()
    assert again.confidence is unfold(again)[0].confidence is not None
    assert not has_confidence_head(again)
    again.confidence = None
    add_confidence_head(again)
    own = save(again, tmp_path / "own", child).build()
    assert has_confidence_head(own)
    assert torch.equal(own.confidence.layers[0].weight, again.confidence.layers[0].weight)


def test_rounded_weights_take_half_the_room_and_come_back_to_the_bit(parent: Checkpoint, tmp_path: Path) -> None:
    network = parent.build()
    with torch.no_grad():
        for values in network.parameters():
            nn.init.normal_(values)
    whole = save(network, tmp_path / "whole")
    round_to_half(network)
    half = save(network, tmp_path / "half")
    size, smaller = ((folder.folder / "model.safetensors").stat().st_size for folder in (whole, half))
    assert smaller < 0.6 * size
    state = half.build().state_dict()
    assert all(torch.equal(values, state[name]) for name, values in network.state_dict().items())
    assert {values.dtype for values in state.values()} <= {torch.float32, torch.int64}


def test_what_half_precision_cannot_hold_stays_as_it_is(parent: Checkpoint) -> None:
    network = parent.build()
    first = next(network.parameters())
    with torch.no_grad():
        first.fill_(1e6)
    round_to_half(network)
    assert (first == 1e6).all()


def test_it_names_its_parent(parent: Checkpoint, child: Checkpoint) -> None:
    assert child.fields["parent"] == {"name": "tiny", "sha256": parent.sha256}
    assert parent.fields["parent"] is None


def test_whole_pictures_without_the_new_signal_are_predicted_as_before(
    parent: Checkpoint, child: Checkpoint, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = sorted(photo_folder.iterdir())[1]
    evidence = Evidence.open(photo)
    before = Predictor.load(parent.folder, "cpu").predict(evidence)
    with_new = Predictor.load(child.folder, "cpu").predict(evidence)
    assert abs(with_new.map - before.map).max() > 1e-4
    blind = get_signal(NEW)
    reason = "It was switched off."
    found = replace(with_new.signals[-1], values=with_new.signals[-1].values[:, :0, :0], usable=False, reason=reason)
    monkeypatch.setattr(type(blind), "extract", lambda *_: found)
    without = Predictor.load(child.folder, "cpu").predict(Evidence.open(photo))
    assert [signal.usable for signal in without.signals] == [True, True, False]
    assert (without.map == before.map).all()
    assert without.score == before.score


def test_the_operating_point_is_that_of_the_signals_that_could_be_read() -> None:
    points = [
        {"signals": ["a"], "map_logit": 1.0, "score_logit": 0.0},
        {"signals": ["b"], "map_logit": 2.0, "score_logit": 0.0},
        {"signals": ["a", "c"], "map_logit": 3.0, "score_logit": 0.0},
    ]
    base = {"map_logit": 0.0, "score_logit": 0.0}
    checkpoint = Checkpoint("x", Path(), {"operating_point": base, "special_points": points})
    chosen = {
        readable: checkpoint.operating_point_for(readable.split()).map_logit
        for readable in ("", "c d", "a", "b", "a b", "a c", "a b c")
    }
    # Most signals first, then the newest.
    assert chosen == {"": 0.0, "c d": 0.0, "a": 1.0, "b": 2.0, "a b": 2.0, "a c": 3.0, "a b c": 3.0}


def test_the_predictor_shows_the_picture_at_its_point(child: Checkpoint, tmp_path: Path, photo_folder: Path) -> None:
    evidence = Evidence.open(sorted(photo_folder.iterdir())[1])
    shown = Predictor.load(child.folder, "cpu").predict(evidence)
    for file in child.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    add_facts(find_checkpoint(tmp_path), {"special_points": []})
    plain = Predictor.load(tmp_path, "cpu").predict(evidence)

    def logit(probability: Any) -> float:
        return float(torch.logit(torch.as_tensor(probability)))

    assert logit(plain.map[9, 9]) - logit(shown.map[9, 9]) == pytest.approx(0.5, abs=1e-4)
    assert logit(plain.score) - logit(shown.score) == pytest.approx(-0.25, abs=1e-4)


@pytest.mark.parametrize(("field", "value"), [("version", "0"), ("channels", 7), ("stride", 16), ("dtype", "float64")])
@pytest.mark.parametrize("place", [lambda f: f["signals"][0], lambda f: f["expansions"][0]["signal"]])
def test_a_signal_that_differs_is_refused_with_both_values(
    child: Checkpoint, tmp_path: Path, field: str, value: Any, place: Callable[[Any], dict[str, Any]]
) -> None:
    for file in child.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    fields = json.loads((tmp_path / "checkpoint.json").read_text())
    installed = getattr(get_signal(place(fields)["name"]).spec, field)
    place(fields)[field] = value
    (tmp_path / "checkpoint.json").write_text(json.dumps(fields))
    with pytest.raises(CheckpointMismatch, match=f"{field} {value} .*installed is {field} {installed}"):
        find_checkpoint(tmp_path).build()


def test_a_signal_that_is_not_installed_is_named(child: Checkpoint, tmp_path: Path) -> None:
    for file in child.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (tmp_path / "checkpoint.json").read_text()
    (tmp_path / "checkpoint.json").write_text(text.replace(f'"name": "{NEW}"', '"name": "of_tomorrow"'))
    with pytest.raises(CheckpointMismatch, match="of_tomorrow, which is not installed"):
        find_checkpoint(tmp_path).build()


def calibration(sha256: str) -> dict[str, Any]:
    threshold = ScoreThreshold(1.5, 0.5, 0.001, 4.0, 0.05)
    return Calibration(sha256, threshold, None, None, {"false_alarms": 0.05}).to_json()


def test_a_calibration_moves_the_score_by_size_and_is_left_out_on_request(parent: Checkpoint, tmp_path: Path) -> None:
    shutil.copytree(parent.folder, tmp_path / "mine")
    plain = find_checkpoint(tmp_path / "mine")
    assert plain.calibration is None
    hash_before = plain.sha256
    known = add_facts(plain, {"calibration": calibration(plain.weights_sha256)})
    assert find_checkpoint(tmp_path / "mine").sha256 == known.sha256 != hash_before
    evidence = Evidence.load(np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8))
    shown, before = (Predictor.of(one, "cpu").predict(evidence) for one in (known, known.uncalibrated()))
    moved = logit(before.score) - (1.5 + 0.5 * np.log2(64 * 96 / 1e6))
    assert logit(shown.score) == pytest.approx(moved, abs=1e-4)
    assert np.array_equal(shown.map, before.map)
    assert before.reading is None
    assert shown.reading is not None
    assert shown.reading.log10_likelihood_ratio is None


def test_a_calibration_of_other_weights_is_refused(parent: Checkpoint, tmp_path: Path) -> None:
    shutil.copytree(parent.folder, tmp_path / "mine")
    add_facts(find_checkpoint(tmp_path / "mine"), {"calibration": calibration("cd" * 32)})
    with pytest.raises(CheckpointMismatch, match="other weights"):
        Predictor.load(tmp_path / "mine", "cpu")
    damaged = {**calibration(parent.weights_sha256), "threshold": {"intercept": 0.0}}
    (tmp_path / "mine" / "checkpoint.json").write_text(json.dumps({**parent.fields, "calibration": damaged}))
    with pytest.raises(CheckpointMismatch, match="cannot be read"):
        Predictor.load(tmp_path / "mine", "cpu")
    # so that it can be calibrated anew
    assert Predictor.of(find_checkpoint(tmp_path / "mine").uncalibrated(), "cpu")


def test_a_calibration_that_is_handed_on_belongs_to_the_new_weights(parent: Checkpoint, tmp_path: Path) -> None:
    handed = {"calibration": calibration(parent.weights_sha256)}
    network = parent.build()
    add_confidence_head(network)
    save_checkpoint(tmp_path / "child", network, MODEL, {}, parent.specs, OperatingPoint(), handed, parent=parent)
    child = find_checkpoint(tmp_path / "child")
    assert child.calibration is not None
    assert child.weights_sha256 != parent.weights_sha256
