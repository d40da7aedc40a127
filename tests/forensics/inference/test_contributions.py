"""What each stream adds to the score, against networks that were fed without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d

from forensics.inference import Predictor
from forensics.models import create_model
from forensics.models.checkpoint import OperatingPoint, SpecialPoint, save_checkpoint
from forensics.models.expansion import expand_network
from forensics.models.inputs import ModelInput, Streams
from forensics.models.network import FusionNetwork
from signals import Evidence, get_signal
from signals.registry import signal_group


def textured(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """A network of three signals, two of which belong together, whose streams all matter."""
    torch.manual_seed(0)
    specs = tuple(get_signal(name).spec for name in ("noise_median", "srm", "ela"))
    model = create_model("omgfuser_feature_tiny", specs)
    for parameter in model.fusion.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    for parameter in model.detection.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    folder = tmp_path_factory.mktemp("explained")
    save_checkpoint(folder, model, "omgfuser_feature_tiny", {}, specs, OperatingPoint(score_logit=0.3), {})
    return Predictor.load(folder, "cpu")


def score_with(predictor: Predictor, evidence: Evidence, kept: set[str], monkeypatch: pytest.MonkeyPatch) -> float:
    """The score of the whole picture when only some streams reach the fusion."""
    model: FusionNetwork = predictor._network.model
    fuse = model.fuse
    flags = torch.tensor([name in kept for name in model.stream_names])

    def fuse_some(streams: Streams) -> tuple[torch.Tensor, ...]:
        return fuse(Streams(streams.levels, streams.present & flags))

    with monkeypatch.context() as patch:
        patch.setattr(model, "fuse", fuse_some)
        return predictor.predict(evidence).score


@pytest.mark.parametrize("size", [(112, 128), (120, 310)], ids=["one tile", "several tiles"])
def test_added_and_alone_are_scores_with_fewer_streams(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr("forensics.inference.tiled_network.EXPLAINED_TILES", 4)
    evidence = Evidence.from_pixels(textured(*size))
    found = {item.name: item for item in predictor.predict(evidence, explain=True).contributions}
    everything = {"noise_median", "srm", "ela", "rgb"}
    assert {name: set(item.streams) for name, item in found.items()} == {
        **{name: {name} for name in everything},
        "noise": {"noise_median", "srm"},
        "all": everything,
    }
    full = score_with(predictor, evidence, everything, monkeypatch)
    whole = found.pop("all")
    assert whole.added is None
    assert whole.alone == pytest.approx(full, abs=1e-5)
    for item in found.values():
        without = score_with(predictor, evidence, everything - set(item.streams), monkeypatch)
        assert item.added == pytest.approx(full - without, abs=1e-5)
        assert item.alone == pytest.approx(score_with(predictor, evidence, set(item.streams), monkeypatch), abs=1e-5)
    assert max(abs(item.added or 0) for item in found.values()) > 1e-3


def test_large_pictures_are_explained_by_their_most_suspicious_tiles(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forensics.inference.tiled_network.EXPLAINED_TILES", 2)
    looked: list[ModelInput] = []
    model = predictor._network.model
    encode = model.encode
    monkeypatch.setattr(model, "encode", lambda inputs, present: looked.append(inputs) or encode(inputs, present))
    evidence = Evidence.from_pixels(textured(300, 420))
    predictor.predict(evidence)
    tiles = list(looked)
    predictor.predict(evidence, explain=True)
    explained = looked[2 * len(tiles) :]
    assert (len(tiles), len(explained)) == (24, 2)

    def suspicion(inputs: ModelInput) -> float:
        with torch.inference_mode():
            patches = avg_pool2d(model.localize(inputs).map_logits, 16).flatten()
        return float(patches.sort(descending=True).values[: len(patches) // 20].mean())

    bound = sorted(map(suspicion, tiles))[-2]
    assert all(suspicion(inputs) >= bound - 1e-5 for inputs in explained)


def test_not_asked_for_means_not_measured(predictor: Predictor) -> None:
    prediction = predictor.predict(Evidence.from_pixels(textured(64, 64)))
    assert prediction.contributions == ()
    assert set(prediction.similarities) == {"noise_median", "srm", "ela", "rgb"}
    assert all(found.shape == (4, 4) and abs(found).max() <= 1 + 1e-6 for found in prediction.similarities.values())


def test_groups_are_rooms_of_the_signals_and_strangers_stand_alone() -> None:
    assert signal_group("dct") == signal_group("ela") == "compression"
    assert signal_group("splicebuster_counts") == "noise"
    assert signal_group("from_a_plugin") == "from_a_plugin"


def test_a_signal_that_was_added_later_is_explained_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    specs = [get_signal(name).spec for name in ("noise_median", "ela")]
    base = create_model("omgfuser_feature_tiny", specs[:1])
    network = expand_network(base, "omgfuser_feature_tiny", {}, specs[1], {})
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    special = SpecialPoint(("ela",), OperatingPoint(score_logit=-0.4))
    save_checkpoint(
        tmp_path / "expanded",
        network,
        "omgfuser_feature_tiny",
        {},
        tuple(specs),
        OperatingPoint(score_logit=0.3),
        {},
        special_points=[special],
    )
    predictor = Predictor.load(tmp_path / "expanded", "cpu")
    evidence = Evidence.from_pixels(textured(64, 96))
    prediction = predictor.predict(evidence, explain=True)
    found = {item.name: item for item in prediction.contributions}
    without = predictor.predict(evidence, without=["ela"]).score
    assert found["ela"].added == pytest.approx(prediction.score - without, abs=1e-5)
    assert abs(prediction.score - without) > 1e-3
