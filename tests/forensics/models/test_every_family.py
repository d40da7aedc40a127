"""What every family of networks must keep, whatever its name."""

from copy import deepcopy
from dataclasses import replace
from itertools import chain, combinations

import pytest
import torch

from forensics.models import list_models
from forensics.models.fusion import list_fusions
from forensics.models.inputs import Streams
from forensics.models.network import RGB, FusionNetwork
from signals.errors import WrongUsage
from tests.forensics.models.families import (
    BLOCKS,
    FEATURES,
    SCORE,
    SCORES,
    SIZE,
    VIEWS,
    assert_near,
    make_input,
    make_mixed_input,
    make_model,
    with_presence,
)

WITHOUT_PIXELS = {
    "omgfuser without pixels": ("omgfuser_feature_tiny", FEATURES, {"rgb": "none"}),
    "pyramid without pixels": ("multistream_pyramid_tiny", FEATURES, {"rgb_encoder": None}),
    "owaf": ("owaf_tiny", SCORES, {}),
    "owaf without gate": ("owaf_tiny", SCORES, {"gate": False}),
    "owaf minmax": ("owaf_tiny", SCORES, {"scaling": "minmax"}),
}
NETWORKS = {
    "omgfuser feature": ("omgfuser_feature_tiny", FEATURES, {"dropout": 0.1, "drop_path": 0.1}),
    "omgfuser transformer": ("omgfuser_feature_tiny", FEATURES, {"detection": "transformer"}),
    "omgfuser score": ("omgfuser_score_tiny", SCORES[:2], {}),
    "multistream": ("multistream_tiny", FEATURES, {}),
    "pyramid": ("multistream_pyramid_tiny", FEATURES, {}),
    **{
        f"pyramid {fusion}": ("multistream_pyramid_tiny", (BLOCKS, SCORE), {"fusion": fusion})
        for fusion in list_fusions()
    },
    "pyramid compared": ("multistream_pyramid_tiny", FEATURES, {"deviation": True, "long_range_depth": 1}),
    "early_mix": ("early_mix_tiny", VIEWS, {"mix_dropout": 0.33}),
    "rgb_unet": ("rgb_unet_tiny", (), {}),
    **WITHOUT_PIXELS,
}


@pytest.fixture(scope="module", params=NETWORKS)
def model(request: pytest.FixtureRequest) -> FusionNetwork:
    name, specs, overrides = NETWORKS[request.param]
    return make_model(name, specs, **overrides)


def test_every_tiny_preset_is_here() -> None:
    assert {name for name, _, _ in NETWORKS.values()} == {name for name in list_models() if name.endswith("_tiny")}


@torch.no_grad()
def test_objects_matter_to_the_networks_that_look_at_them_and_to_no_others(model: FusionNetwork) -> None:
    """Pixels alone do not ask for objects, so a signal must be there."""
    inputs = make_input(model)
    nothing = replace(inputs, membership=torch.ones_like(inputs.membership[:, :1]))
    same = torch.equal(model(inputs).map_logits, model(nothing).map_logits)
    assert same is not model.looks_at_objects


@torch.no_grad()
@pytest.mark.parametrize("size", [SIZE, (32, 32), (160, 64)])
def test_shapes(model: FusionNetwork, size: tuple[int, int]) -> None:
    inputs = make_input(model, size=size)
    output, seen, present = model(inputs), model.localize(inputs), model.presence(inputs)
    rows, columns = (side // model.patch_size for side in size)
    assert output.map_logits.shape == seen.map_logits.shape == (2, 1, *size)
    assert output.score_logits.shape == (2,)
    assert output.stream_logits.shape[1] == 0 or output.stream_logits.shape == (2, *present.shape[1:], rows, columns)
    assert seen.tokens.shape == (2, model.token_width, rows, columns)
    assert tuple(level.shape[1] for level in model.fuse(model.encode(inputs, present))) == model.level_widths
    assert torch.equal(output.present, torch.ones(2, len(model.stream_names), dtype=torch.bool))
    assert torch.isfinite(output.map_logits).all()
    assert torch.isfinite(output.score_logits).all()


@torch.no_grad()
def test_every_stream_is_read(model: FusionNetwork) -> None:
    inputs = make_input(model)
    expected = model(inputs)
    for name in model.stream_names:
        changed = replace(inputs, rgb=inputs.rgb.flip(2))
        if name != RGB:
            signal = replace(inputs.signals[name], values=inputs.signals[name].values.flip(2))
            changed = replace(inputs, signals={**inputs.signals, name: signal})
        got = model(changed)
        assert not torch.equal(got.map_logits, expected.map_logits), name
        assert not torch.equal(got.score_logits, expected.score_logits), name


@torch.no_grad()
def test_absent_signals_equal_a_network_fed_without_them(model: FusionNetwork) -> None:
    inputs, names = make_input(model), model.signal_names
    fewest = 0 if RGB in model.stream_names else 1
    for kept in chain.from_iterable(combinations(names, count) for count in range(fewest, len(names) + 1)):
        fed_without = replace(inputs, signals={name: inputs.signals[name] for name in kept})
        got = model(with_presence(inputs, {name: [False, False] for name in set(names) - set(kept)}))
        expected = model(fed_without)
        assert torch.isfinite(got.map_logits).all(), kept
        assert torch.isfinite(got.score_logits).all(), kept
        assert torch.equal(got.map_logits, expected.map_logits), kept
        assert torch.equal(got.score_logits, expected.score_logits), kept


@torch.no_grad()
def test_what_absent_streams_hold_after_encoding_is_not_read(model: FusionNetwork) -> None:
    inputs = make_mixed_input(model)
    streams = model.encode(inputs, model.presence(inputs))
    absent = ~streams.present[:, :, None, None, None]
    spoiled = Streams(tuple(level.masked_fill(absent, torch.nan) for level in streams.levels), streams.present)
    for got, expected in zip(model.fuse(spoiled), model.fuse(streams), strict=True):
        assert torch.equal(got, expected)


@torch.no_grad()
def test_samples_do_not_see_each_other(model: FusionNetwork) -> None:
    inputs = make_mixed_input(model)
    together = model(inputs)
    alone = [model(inputs.select(torch.tensor([sample]))) for sample in range(4)]
    assert_near(torch.cat([output.map_logits for output in alone]), together.map_logits)
    assert_near(torch.cat([output.score_logits for output in alone]), together.score_logits)


@torch.no_grad()
def test_permuting_the_batch_permutes_the_output(model: FusionNetwork) -> None:
    inputs, order = make_mixed_input(model), torch.tensor([2, 0, 3, 1])
    together, permuted = model(inputs), model(inputs.select(order))
    assert_near(permuted.map_logits, together.map_logits[order])
    assert_near(permuted.score_logits, together.score_logits[order])
    assert_near(model.localize(inputs.select(order)).tokens, model.localize(inputs).tokens[order])


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
def test_every_trainable_parameter_gets_a_gradient(model: FusionNetwork, autocast: bool) -> None:
    model = deepcopy(model)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        output = model(make_mixed_input(model))
    parts = (output.map_logits, output.score_logits, output.stream_logits)
    sum(part.square().sum() for part in parts).backward()
    for label, parameter in model.named_parameters():
        assert parameter.grad is not None, label
        assert torch.isfinite(parameter.grad).all(), label
        assert parameter.grad.abs().max() > 0, label


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
def test_training_step_with_streams_left_out(model: FusionNetwork, autocast: bool) -> None:
    model = deepcopy(model).train()
    model.stream_drop = 0.5
    inputs = make_mixed_input(model)
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        output = model(inputs)
    left_out = model.presence(inputs) & ~output.present
    assert left_out.any() == bool(model.signal_names)
    assert output.map_logits.dtype == output.score_logits.dtype == torch.float32
    (output.map_logits.mean() + output.score_logits.mean()).backward()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert any(gradient.any() for gradient in gradients)
    for found in (output.map_logits, output.score_logits, *gradients, *model.buffers()):
        assert torch.isfinite(found).all()


@torch.no_grad()
def test_leaving_out_every_stream_is_wrong_usage(model: FusionNetwork) -> None:
    inputs = make_input(model)
    with pytest.raises(WrongUsage, match="give at least one"):
        model.encode(inputs, torch.zeros_like(model.presence(inputs)))
    streams = model.encode(inputs, model.presence(inputs))
    with pytest.raises(WrongUsage, match=r"at least one|reads the pixels|leave the stream rgb"):
        model.fuse(streams.only(torch.tensor([[True], [False]])))


@torch.no_grad()
@pytest.mark.parametrize("model", WITHOUT_PIXELS, indirect=True)
def test_no_stream_at_all_is_wrong_usage(model: FusionNetwork) -> None:
    inputs = make_input(model)
    with pytest.raises(WrongUsage, match="give at least one"):
        model(replace(inputs, signals={}))
    with pytest.raises(WrongUsage, match="give at least one"):
        model(with_presence(inputs, {name: [False, False] for name in model.signal_names}))
    with pytest.raises(WrongUsage, match="at least one"):
        model(with_presence(inputs, {name: [True, False] for name in model.signal_names}))


@pytest.mark.parametrize("place", [0, 1])
def test_a_picture_that_does_not_divide_into_patches_is_wrong_usage(model: FusionNetwork, place: int) -> None:
    size = list(SIZE)
    size[place] += model.patch_size // 2
    with pytest.raises(WrongUsage, match="multiple"):
        model(replace(make_input(model), rgb=torch.zeros(2, 3, *size)))


@torch.no_grad()
def test_one_score_for_a_grid_of_any_size(model: FusionNetwork) -> None:
    for rows, columns in ((37, 5), (1, 1)):
        tokens = torch.randn(1, model.token_width, rows, columns)
        map_logits = torch.randn(1, 1, rows * model.patch_size, columns * model.patch_size)
        score_logits = model.detect(tokens, map_logits)
        assert score_logits.shape == (1,)
        assert torch.isfinite(score_logits).all()
