"""What OMG-Fuser does beyond what every family must: objects, similarities, presets."""

from dataclasses import replace

import pytest
import torch

from forensics.models import create_model, list_models
from forensics.models.omgfuser.network import OmgFuser
from signals.errors import WrongUsage
from signals.signal import SignalSpec
from tests.forensics.models.families import FEATURES, SCORE, assert_near, make_input, make_model, with_presence

OFFLINE = [name for name in list_models() if name.startswith("omgfuser") and name.endswith(("_small", "_tiny"))]


@pytest.fixture(scope="module")
def model() -> OmgFuser:
    model = make_model("omgfuser_feature_tiny", FEATURES)
    assert isinstance(model, OmgFuser)
    return model


@torch.no_grad()
def test_attributes(model: OmgFuser) -> None:
    assert model.stream_names == ("blocks", "counts", "score", "coarse", "rgb")
    assert model.signal_names == model.stream_names[:-1]
    assert (model.patch_size, model.tile_size, model.object_rule) == (16, 128, "any")
    assert model.level_widths == (32,)
    assert model(make_input(model)).stream_logits.shape == (2, 5, 4, 6)


@torch.no_grad()
def test_padding_the_objects_changes_nothing(model: OmgFuser) -> None:
    inputs = make_input(model)
    padded = torch.cat([inputs.membership, torch.zeros(2, 5, 4, 6, dtype=torch.bool)], dim=1)
    assert_near(model.localize(replace(inputs, membership=padded)).tokens, model.localize(inputs).tokens)


@torch.no_grad()
def test_objects_matter(model: OmgFuser) -> None:
    inputs = make_input(model)
    one_object = replace(inputs, membership=torch.ones_like(inputs.membership))
    assert not torch.allclose(model.localize(one_object).tokens, model.localize(inputs).tokens, atol=1e-4)


def test_stream_drop_never_takes_all_and_keeps_its_rate() -> None:
    model = make_model("omgfuser_feature_tiny", FEATURES[:3], stream_drop=0.3).train()
    torch.manual_seed(0)
    kept = model.drop_streams(torch.ones(20_000, 4, dtype=torch.bool))
    assert kept.any(1).all()
    assert kept.float().mean().item() == pytest.approx(0.7 + 0.3**4, abs=0.01)
    only = torch.tensor([[False, True, False, False]])
    assert all(torch.equal(model.drop_streams(only), only) for _ in range(20))
    assert model.eval().drop_streams(torch.ones(5, 4, dtype=torch.bool)).all()


@torch.no_grad()
def test_similarities_are_cosines_and_zero_where_absent(model: OmgFuser) -> None:
    inputs = with_presence(make_input(model), {"score": [True, False]})
    streams = model.encode(inputs, model.presence(inputs))
    found = model.similarities(streams, model.fuse(streams))
    assert found is not None
    assert found.shape == (2, 5, 4, 6)
    assert found.abs().max() <= 1 + 1e-6
    score = model.stream_names.index("score")
    assert (found[1, score] == 0).all()
    assert (found[0, score] != 0).all()


@pytest.mark.parametrize("name", OFFLINE)
def test_offline_presets_forward(name: str) -> None:
    model = create_model(name, signals=[SCORE]).eval()
    inputs = make_input(model, 1, (32, 32))
    with torch.no_grad():
        assert model(inputs).map_logits.shape == (1, 1, 32, 32)
    assert model.object_rule == ("majority" if "score" in name else "any")
    assert sum(parameter.numel() for parameter in model.parameters()) < 2_000_000


def test_wrong_names_are_wrong_usage() -> None:
    with pytest.raises(WrongUsage, match="did you mean omgfuser_feature"):
        create_model("omgfuser_featur", signals=[SCORE])
    with pytest.raises(WrongUsage, match="stream_drop"):
        create_model("omgfuser_feature_tiny", signals=[SCORE], streamdrop=0.1)
    with pytest.raises(WrongUsage, match="twice"):
        create_model("omgfuser_feature_tiny", signals=[SCORE, SCORE])
    with pytest.raises(WrongUsage, match="unknown fusion"):
        create_model("omgfuser_feature_tiny", signals=[SCORE], fusion="mean")
    with pytest.raises(WrongUsage, match="at least one signal"):
        create_model("omgfuser_feature_tiny", signals=[], rgb="none")
    with pytest.raises(WrongUsage, match="'rgb'"):
        create_model("omgfuser_feature_tiny", signals=[SignalSpec("rgb", "1")])
