"""The network as a whole: subsets of streams, independence of samples, gradients, presets."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from forensics.models import create_model, list_models
from forensics.models.inputs import ModelInput, SignalInput
from forensics.models.omgfuser.network import OmgFuser
from signals.errors import WrongUsage
from signals.signal import SignalSpec

CATEGORICAL = SignalSpec("blocks", "1", {"levels": 21}, 64, 8, 0, "uint8")
COUNTS = SignalSpec("counts", "1", {"samples": 64}, 5, 8, 4, "uint8")
SCORE = SignalSpec("score", "1", kind="score")
SPECS = (CATEGORICAL, COUNTS, SCORE)
NAMES = tuple(spec.name for spec in SPECS)
OFFLINE = [name for name in list_models() if name.startswith("omgfuser") and name.endswith(("_small", "_tiny"))]


def make_input(batch: int = 2, size: tuple[int, int] = (64, 96), seed: int = 0) -> ModelInput:
    generator = torch.Generator().manual_seed(seed)
    signals = {}
    for spec in SPECS:
        shape = (batch, spec.channels, *spec.grid(*size))
        values = torch.rand(shape, generator=generator)
        if spec.dtype == "uint8":
            values = (values * 21).to(torch.uint8)
        valid = torch.rand(batch, *shape[2:], generator=generator) > 0.1
        signals[spec.name] = SignalInput(values, valid, torch.ones(batch, dtype=torch.bool))
    side = {"quantization_table": torch.full((batch, 8, 8), 9.0), "was_jpeg": torch.ones(batch)}
    signals["blocks"] = replace(signals["blocks"], side=side)
    membership = torch.rand(batch, 3, size[0] // 16, size[1] // 16, generator=generator) > 0.5
    return ModelInput(torch.rand(batch, 3, *size, generator=generator), signals, membership)


def rows(inputs: ModelInput, index: Any) -> ModelInput:
    signals = {
        name: SignalInput(
            signal.values[index],
            signal.valid[index],
            signal.present[index],
            {key: value[index] for key, value in signal.side.items()},
        )
        for name, signal in inputs.signals.items()
    }
    return ModelInput(inputs.rgb[index], signals, inputs.membership[index])


def with_presence(inputs: ModelInput, presence: Mapping[str, list[bool]]) -> ModelInput:
    signals = dict(inputs.signals)
    for name, present in presence.items():
        signals[name] = replace(signals[name], present=torch.tensor(present))
    return replace(inputs, signals=signals)


def make_model(**overrides: Any) -> OmgFuser:
    torch.manual_seed(0)
    model = create_model("omgfuser_feature_tiny", signals=SPECS, **overrides)
    # Fresh BatchNorms would hide what depends on their statistics.
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.1, 0.1)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    return model.eval()


@pytest.fixture(scope="module")
def model() -> OmgFuser:
    return make_model()


def assert_near(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_shapes_and_attributes(model: OmgFuser) -> None:
    output = model(make_input())
    assert output.map_logits.shape == (2, 1, 64, 96)
    assert output.score_logits.shape == (2,)
    assert model.localize(make_input()).tokens.shape == (2, 32, 4, 6)
    assert model.signal_names == NAMES
    assert (model.patch_size, model.tile_size, model.object_rule) == (16, 128, "any")


@torch.no_grad()
@pytest.mark.parametrize("absent", list(chain.from_iterable(combinations(NAMES, count) for count in range(4))))
def test_absent_streams_equal_a_network_fed_without_them(model: OmgFuser, absent: tuple[str, ...]) -> None:
    inputs = make_input()
    flagged = with_presence(inputs, {name: [False, False] for name in absent})
    for name in absent:
        flagged.signals[name].values.fill_(0)
    fed_without = replace(inputs, signals={name: s for name, s in inputs.signals.items() if name not in absent})
    got, expected = model(flagged), model(fed_without)
    assert torch.isfinite(got.map_logits).all()
    assert torch.isfinite(got.score_logits).all()
    assert torch.equal(got.map_logits, expected.map_logits)
    assert torch.equal(got.score_logits, expected.score_logits)


@torch.no_grad()
def test_samples_do_not_see_each_other(model: OmgFuser) -> None:
    presence = {"blocks": [True, False, True], "counts": [True, False, False], "score": [False, True, True]}
    inputs = with_presence(make_input(batch=3), presence)
    together = model(inputs)
    for sample in range(3):
        alone = model(rows(inputs, slice(sample, sample + 1)))
        assert_near(together.map_logits[sample], alone.map_logits[0])
        assert_near(together.score_logits[sample], alone.score_logits[0])


@torch.no_grad()
def test_permuting_the_batch_permutes_the_output(model: OmgFuser) -> None:
    presence = {"blocks": [True, False, True], "counts": [True, False, False], "score": [False, True, True]}
    inputs = with_presence(make_input(batch=3), presence)
    order = torch.tensor([2, 0, 1])
    assert_near(model.localize(rows(inputs, order)).tokens, model.localize(inputs).tokens[order])


@torch.no_grad()
def test_padding_the_objects_changes_nothing(model: OmgFuser) -> None:
    inputs = make_input()
    padded = torch.cat([inputs.membership, torch.zeros(2, 5, 4, 6, dtype=torch.bool)], dim=1)
    assert_near(model.localize(replace(inputs, membership=padded)).tokens, model.localize(inputs).tokens)


@torch.no_grad()
def test_objects_matter(model: OmgFuser) -> None:
    inputs = make_input()
    one_object = replace(inputs, membership=torch.ones_like(inputs.membership))
    assert not torch.allclose(model.localize(one_object).tokens, model.localize(inputs).tokens, atol=1e-4)


@pytest.mark.parametrize("detection", ["pooled", "transformer"])
def test_every_trainable_parameter_gets_a_gradient(detection: str) -> None:
    model = make_model(detection=detection)
    output = model(make_input())
    parts = (output.map_logits, output.score_logits, output.stream_logits)
    sum(part.square().mean() for part in parts).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


def test_training_step_with_streams_left_out() -> None:
    model = make_model(stream_drop=0.5, dropout=0.1, drop_path=0.1).train()
    torch.manual_seed(1)
    for _ in range(3):
        output = model(make_input(batch=4))
        assert torch.isfinite(output.map_logits).all()
        output.score_logits.sum().backward()


def test_stream_drop_never_takes_all_and_keeps_its_rate() -> None:
    model = make_model(stream_drop=0.3).train()
    torch.manual_seed(0)
    kept = model.drop_streams(torch.ones(20_000, 4, dtype=torch.bool))
    assert kept.any(1).all()
    assert kept.float().mean().item() == pytest.approx(0.7 + 0.3**4, abs=0.01)
    only = torch.tensor([[False, True, False, False]])
    assert all(torch.equal(model.drop_streams(only), only) for _ in range(20))
    assert model.eval().drop_streams(torch.ones(5, 4, dtype=torch.bool)).all()


@torch.no_grad()
def test_similarities_are_cosines_and_zero_where_absent(model: OmgFuser) -> None:
    inputs = with_presence(make_input(), {"score": [True, False]})
    streams = model.encode(inputs, model.presence(inputs))
    found = model.similarities(streams, model.fuse(streams))
    assert found is not None
    assert found.shape == (2, 4, 4, 6)
    assert found.abs().max() <= 1 + 1e-6
    score = NAMES.index("score")
    assert (found[1, score] == 0).all()
    assert (found[0, score] != 0).all()


def test_no_stream_at_all_is_wrong_usage() -> None:
    model = make_model(rgb="none")
    inputs = make_input()
    with pytest.raises(WrongUsage, match="give at least one"):
        model(replace(inputs, signals={}))
    with pytest.raises(WrongUsage, match="at least one"):
        model(with_presence(inputs, {name: [False, False] for name in NAMES}))
    with pytest.raises(WrongUsage, match="at least one"):
        model(with_presence(inputs, {name: [True, False] for name in NAMES}))
    assert model(inputs).score_logits.shape == (2,)


def test_a_picture_that_does_not_divide_into_patches_is_wrong_usage(model: OmgFuser) -> None:
    with pytest.raises(WrongUsage, match="multiple"):
        model(replace(make_input(), rgb=torch.zeros(2, 3, 60, 96)))


@torch.no_grad()
def test_one_score_for_a_picture_of_many_tiles(model: OmgFuser) -> None:
    tokens = torch.randn(1, 32, 37, 5)
    seen = model.decode((tokens,))
    assert model.detect(seen.tokens, seen.map_logits).shape == (1,)


@pytest.mark.parametrize("name", OFFLINE)
def test_offline_presets_forward(name: str) -> None:
    model = create_model(name, signals=[SCORE]).eval()
    inputs = make_input(1, (32, 32))
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


def test_mixed_precision_step() -> None:
    model = make_model(stream_drop=0.5).train()
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        output = model(make_input(batch=4))
    assert output.map_logits.dtype == output.score_logits.dtype == torch.float32
    (output.map_logits.mean() + output.score_logits.mean()).backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())
