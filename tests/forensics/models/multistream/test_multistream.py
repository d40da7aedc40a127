"""Both kinds of the family: subsets of streams, levels on native grids, independence of samples, gradients."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from forensics.models import create_model
from forensics.models.factory import create_stream
from forensics.models.fusion import list_fusions
from forensics.models.inputs import ModelInput, SignalInput, Streams
from forensics.models.multistream.network import MultiStream
from signals.errors import WrongUsage
from signals.signal import SignalSpec

CONVNEXT = "tu-convnext_atto"
FAMILY = ("multistream_tiny", "multistream_pyramid_tiny")
CATEGORICAL = SignalSpec("blocks", "1", {"levels": 21}, 64, 8, 0, "uint8")
COUNTS = SignalSpec("counts", "1", {"samples": 64}, 5, 8, 4, "uint8")
SCORE = SignalSpec("score", "1", kind="score")
COARSE = SignalSpec("coarse", "1", {}, 2, 16)
SPECS = (CATEGORICAL, COUNTS, SCORE, COARSE)
NAMES = tuple(spec.name for spec in SPECS)
PRESENCE = {
    "blocks": [True, False, True],
    "counts": [True, False, False],
    "score": [False, True, True],
    "coarse": [True, False, True],
}


def make_input(
    batch: int = 2, size: tuple[int, int] = (64, 96), seed: int = 0, specs: Sequence[SignalSpec] = SPECS
) -> ModelInput:
    generator = torch.Generator().manual_seed(seed)
    signals = {}
    for spec in specs:
        shape = (batch, spec.channels, *spec.grid(*size))
        values = torch.rand(shape, generator=generator)
        if spec.dtype == "uint8":
            values = (values * 21).to(torch.uint8)
        valid = torch.rand(batch, *shape[2:], generator=generator) > 0.1
        signals[spec.name] = SignalInput(values, valid, torch.ones(batch, dtype=torch.bool))
    if "blocks" in signals:
        side = {"quantization_table": torch.full((batch, 8, 8), 9.0), "was_jpeg": torch.ones(batch)}
        signals["blocks"] = replace(signals["blocks"], side=side)
    membership = torch.ones(batch, 1, size[0] // 32, size[1] // 32, dtype=torch.bool)
    return ModelInput(torch.rand(batch, 3, *size, generator=generator), signals, membership)


def with_presence(inputs: ModelInput, presence: Mapping[str, list[bool]]) -> ModelInput:
    signals = dict(inputs.signals)
    for name, present in presence.items():
        signals[name] = replace(signals[name], present=torch.tensor(present))
    return replace(inputs, signals=signals)


def make_model(name: str, specs: Sequence[SignalSpec] = SPECS, **overrides: Any) -> MultiStream:
    torch.manual_seed(0)
    model = create_model(name, signals=specs, **overrides)
    assert isinstance(model, MultiStream)
    # Fresh BatchNorms would hide what depends on their statistics.
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.1, 0.1)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    return model.eval()


@pytest.fixture(scope="module", params=FAMILY)
def model(request: pytest.FixtureRequest) -> MultiStream:
    return make_model(request.param)


def assert_near(actual: Tensor, expected: Tensor) -> None:
    # Some twenty layers of convolutions whose order of sums depends on the batch.
    torch.testing.assert_close(actual, expected, atol=2e-4, rtol=1e-3)


@torch.no_grad()
@pytest.mark.parametrize("size", [(64, 96), (32, 32), (160, 64)])
def test_shapes(model: MultiStream, size: tuple[int, int]) -> None:
    inputs, (height, width) = make_input(size=size), size
    output, streams = model(inputs), model.encode(inputs, model.presence(inputs))
    assert output.map_logits.shape == (2, 1, height, width)
    assert output.score_logits.shape == (2,)
    assert output.stream_logits.shape == (2, 5, height // 32, width // 32)
    assert model.localize(inputs).tokens.shape == (2, 32, height // 32, width // 32)
    assert (model.stream_names, model.patch_size, model.tile_size) == ((*NAMES, "rgb"), 32, 128)
    fused = model.fuse(streams)
    assert tuple(level.shape[1] for level in fused) == model.level_widths
    for level, merged in zip(streams.levels, fused, strict=True):
        assert level.shape == (2, 5, *merged.shape[1:])


@torch.no_grad()
def test_streams_enter_the_pyramid_at_the_level_of_their_grid() -> None:
    specs = [SignalSpec(f"stride_{stride}", "1", {}, 1, stride) for stride in (1, 2, 4, 8, 16, 32)]
    model = make_model("multistream_pyramid_tiny", specs)
    streams = model.encode(inputs := make_input(specs=specs), model.presence(inputs))
    filled = torch.stack([level.flatten(2).abs().sum(2)[0] > 0 for level in streams.levels], dim=1)
    assert filled.tolist() == [
        [True, True, True, True],
        [True, True, True, True],
        [True, True, True, True],
        [False, True, True, True],
        [False, False, True, True],
        [False, False, False, True],
        [True, True, True, True],
    ]
    assert [stream.has_level for stream in model.signal_streams.values()] == [
        tuple(row) for row in filled[:-1].tolist()
    ]
    assert torch.isfinite(model(inputs).map_logits).all()


@torch.no_grad()
def test_a_cell_of_a_signal_stays_where_it_is() -> None:
    """A map that differs in one cell of stride 8 changes that cell of the level of stride 8 and no other."""
    model = make_model("multistream_pyramid_tiny", [noise := SignalSpec("noise", "1", {}, 1, 8)])
    inputs = make_input(1, specs=[noise])
    values = inputs.signals["noise"].values.clone()
    values[0, 0, 5, 7] += 1
    changed = replace(inputs, signals={"noise": replace(inputs.signals["noise"], values=values)})
    valid = inputs.signals["noise"].valid
    valid[0, 5, 7] = True
    levels = [model.encode(item, model.presence(item)).levels[1][0, 0] for item in (inputs, changed)]
    assert (levels[0] != levels[1]).any(0).nonzero().tolist() == [[5, 7]]


@torch.no_grad()
def test_the_bottleneck_is_the_only_place_where_signals_enter() -> None:
    model = make_model("multistream_tiny")
    inputs = make_input()
    skip, _ = model.encode(inputs, model.presence(inputs)).levels
    assert (skip[:, :-1] == 0).all()
    assert (skip[:, -1] != 0).any()
    assert skip.shape[2:] == (2, 32, 48)


@torch.no_grad()
@pytest.mark.parametrize("absent", list(chain.from_iterable(combinations(NAMES, count) for count in range(5))))
def test_absent_streams_equal_a_network_fed_without_them(model: MultiStream, absent: tuple[str, ...]) -> None:
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
@pytest.mark.parametrize("fusion", list_fusions())
def test_what_absent_streams_hold_is_never_read(fusion: str) -> None:
    model = make_model("multistream_pyramid_tiny", [CATEGORICAL, SCORE], fusion=fusion)
    inputs = with_presence(make_input(batch=3), {"blocks": [True, False, True], "score": [False, True, True]})
    streams = model.encode(inputs, model.presence(inputs))
    absent = ~streams.present[:, :, None, None, None]
    spoiled = Streams(tuple(level.masked_fill(absent, torch.nan) for level in streams.levels), streams.present)
    for got, expected in zip(model.fuse(spoiled), model.fuse(streams), strict=True):
        assert torch.equal(got, expected)


@torch.no_grad()
def test_a_level_that_no_present_stream_has_is_zero() -> None:
    model = make_model("multistream_pyramid_tiny", rgb_encoder=None)
    inputs = with_presence(make_input(batch=3), PRESENCE)
    fused = model.fuse(model.encode(inputs, model.presence(inputs)))
    # Only ``score`` reaches the level of stride 4, and the first picture lacks it.
    assert (fused[0][0] == 0).all()
    assert (fused[0][1:].abs().amax((1, 2, 3)) > 0).all()
    assert all((level.abs().amax((1, 2, 3)) > 0).all() for level in fused[2:])
    only_coarse = with_presence(inputs, {name: [name == "coarse"] * 3 for name in NAMES})
    levels = model.fuse(model.encode(only_coarse, model.presence(only_coarse)))
    assert [bool((level != 0).any()) for level in levels] == [False, False, True, True]
    assert torch.isfinite(model(only_coarse).map_logits).all()


@torch.no_grad()
def test_samples_do_not_see_each_other_in_any_order(model: MultiStream) -> None:
    inputs = with_presence(make_input(batch=3), PRESENCE)
    together = model(inputs)
    for sample in range(3):
        alone = model(inputs.select(torch.tensor([sample])))
        assert_near(together.map_logits[sample], alone.map_logits[0])
        assert_near(together.score_logits[sample], alone.score_logits[0])
    order = torch.tensor([2, 0, 1])
    assert_near(model.localize(inputs.select(order)).tokens, model.localize(inputs).tokens[order])


def test_every_trainable_parameter_gets_a_gradient(model: MultiStream) -> None:
    model.zero_grad()
    output = model(make_input())
    parts = (output.map_logits, output.score_logits, output.stream_logits)
    sum(part.square().mean() for part in parts).backward()
    for label, parameter in model.named_parameters():
        assert parameter.grad is not None, label
        assert torch.isfinite(parameter.grad).all(), label
        assert parameter.grad.abs().max() > 0, label


def test_mixed_precision_step_with_streams_left_out(model: MultiStream) -> None:
    model = deepcopy(model).train()
    model.stream_drop = 0.5
    model.zero_grad()
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        output = model(with_presence(make_input(batch=3, size=(128, 128)), PRESENCE))
    assert output.map_logits.dtype == output.score_logits.dtype == torch.float32
    (output.map_logits.mean() + output.score_logits.mean()).backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())


@torch.no_grad()
def test_a_new_signal_gets_a_stream_of_the_same_levels(model: MultiStream) -> None:
    name = FAMILY[len(model.levels) == 4]
    new = SignalSpec("new", "1", {}, 3, 16)
    inputs = make_input(specs=[new])
    stream = create_stream(name, new).eval()
    levels = model.run_stream(stream, inputs.signals["new"], inputs)
    fused = model.fuse(model.encode(inputs, model.presence(inputs)))
    assert [level.shape for level in levels] == [level.shape for level in fused]
    assert [bool((level != 0).any()) for level in levels] == list(stream.has_level)


@torch.no_grad()
def test_one_score_for_a_picture_of_many_tiles(model: MultiStream) -> None:
    assert model.detect(torch.randn(1, 32, 37, 5), torch.randn(1, 1, 37 * 32, 5 * 32)).shape == (1,)


def test_what_cannot_be_built_is_wrong_usage() -> None:
    for stride in (6, 64):
        with pytest.raises(WrongUsage, match=rf"stride {stride}.*strides 4, 8, 16, 32"):
            create_model("multistream_pyramid_tiny", [SignalSpec("odd", "1", {}, 1, stride)])
    with pytest.raises(WrongUsage, match="at least one signal"):
        create_model("multistream_tiny", [], rgb_encoder=None)
    with pytest.raises(WrongUsage, match="did you mean resnet18"):
        create_model("multistream_tiny", [SCORE], signal_encoder="resnet_18")
    with pytest.raises(WrongUsage, match="do not make levels"):
        create_model("multistream_tiny", [SCORE], strides=(2, 24))
    with pytest.raises(WrongUsage, match="unknown fusion"):
        create_model("multistream_tiny", [SCORE], fusion="mean")
    # At 1/2 of its input this encoder has nothing, and a stream that starts at 16 goes no further.
    with pytest.raises(WrongUsage, match="mit_b0 cannot read 8 channels in 1 halvings"):
        create_model("multistream_tiny", [COARSE], signal_encoder="mit_b0")


def test_no_stream_at_all_is_wrong_usage() -> None:
    model = make_model("multistream_pyramid_tiny", rgb_encoder=None)
    inputs = make_input()
    with pytest.raises(WrongUsage, match="give at least one"):
        model(replace(inputs, signals={}))
    with pytest.raises(WrongUsage, match="at least one"):
        model(with_presence(inputs, {name: [True, False] for name in NAMES}))
    with pytest.raises(WrongUsage, match="multiple"):
        model(replace(inputs, rgb=torch.zeros(2, 3, 48, 96)))


@torch.no_grad()
@pytest.mark.parametrize("strides", [(2, 4, 8, 16, 32), (4, 8, 16)])
def test_other_levels_can_be_asked_for(strides: tuple[int, ...]) -> None:
    halvings = strides[-1].bit_length() - 1
    model = make_model(
        "multistream_pyramid_tiny", strides=strides, widths=[8] * len(strides), decoder=[8] * halvings, heads=2
    )
    output = model(make_input())
    assert model.patch_size == strides[-1]
    assert output.map_logits.shape == (2, 1, 64, 96)
    assert torch.isfinite(output.map_logits).all()


@torch.no_grad()
def test_encoders_without_a_map_at_half_the_size_serve_as_well() -> None:
    model = make_model("multistream_pyramid_tiny", [CATEGORICAL], rgb_encoder="mit_b0", signal_encoder=CONVNEXT)
    # From stride 8 on, that map would be the level of stride 16.
    assert model.signal_streams["blocks"].has_level == (False, True, False, True)
    assert torch.isfinite(model(make_input()).map_logits).all()


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize("name", ["multistream", "multistream_pyramid"])
def test_paper_sizes_forward(name: str) -> None:
    model = create_model(name, [SCORE, CATEGORICAL]).eval()
    assert model(make_input(1, (256, 256))).map_logits.shape == (1, 1, 256, 256)
