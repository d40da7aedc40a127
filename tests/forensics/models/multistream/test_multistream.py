"""What both kinds of the family do beyond what every family must: levels on native grids, encoders, sizes."""

from dataclasses import replace

import pytest
import torch

from forensics.models import create_model
from forensics.models.factory import create_stream
from forensics.models.multistream.network import MultiStream
from signals.errors import WrongUsage
from signals.signal import SignalSpec
from tests.forensics.models.families import BLOCKS, COARSE, FEATURES, SCORE, make_input, make_model, with_presence

CONVNEXT = "tu-convnext_atto"
FAMILY = ("multistream_tiny", "multistream_pyramid_tiny")
NAMES = tuple(spec.name for spec in FEATURES)


@pytest.fixture(scope="module", params=FAMILY)
def model(request: pytest.FixtureRequest) -> MultiStream:
    model = make_model(request.param, FEATURES)
    assert isinstance(model, MultiStream)
    return model


@torch.no_grad()
def test_attributes_and_levels(model: MultiStream) -> None:
    inputs = make_input(model)
    streams = model.encode(inputs, model.presence(inputs))
    assert (model.stream_names, model.patch_size, model.tile_size) == ((*NAMES, "rgb"), 32, 128)
    assert model.token_width == 32
    assert model(inputs).stream_logits.shape == (2, 5, 2, 3)
    for level, merged in zip(streams.levels, model.fuse(streams), strict=True):
        assert level.shape == (2, 5, *merged.shape[1:])


@torch.no_grad()
def test_streams_enter_the_pyramid_at_the_level_of_their_grid() -> None:
    specs = [SignalSpec(f"stride_{stride}", "1", {}, 1, stride) for stride in (1, 2, 4, 8, 16, 32)]
    model = make_model("multistream_pyramid_tiny", specs)
    streams = model.encode(inputs := make_input(model), model.presence(inputs))
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
    model = make_model("multistream_pyramid_tiny", [SignalSpec("noise", "1", {}, 1, 8)])
    inputs = make_input(model, 1)
    values = inputs.signals["noise"].values.clone()
    values[0, 0, 5, 7] += 1
    changed = replace(inputs, signals={"noise": replace(inputs.signals["noise"], values=values)})
    valid = inputs.signals["noise"].valid
    valid[0, 5, 7] = True
    levels = [model.encode(item, model.presence(item)).levels[1][0, 0] for item in (inputs, changed)]
    assert (levels[0] != levels[1]).any(0).nonzero().tolist() == [[5, 7]]


@torch.no_grad()
def test_the_bottleneck_is_the_only_place_where_signals_enter() -> None:
    model = make_model("multistream_tiny", FEATURES)
    inputs = make_input(model)
    skip, _ = model.encode(inputs, model.presence(inputs)).levels
    assert (skip[:, :-1] == 0).all()
    assert (skip[:, -1] != 0).any()
    assert skip.shape[2:] == (2, 32, 48)


@torch.no_grad()
def test_a_level_that_no_present_stream_has_is_zero() -> None:
    model = make_model("multistream_pyramid_tiny", FEATURES, rgb_encoder=None)
    presence = {
        "blocks": [True, False, True],
        "counts": [True, False, False],
        "score": [False, True, True],
        "coarse": [True, False, True],
    }
    inputs = with_presence(make_input(model, batch=3), presence)
    fused = model.fuse(model.encode(inputs, model.presence(inputs)))
    # Only ``score`` reaches the level of stride 4, and the first picture lacks it.
    assert (fused[0][0] == 0).all()
    assert (fused[0][1:].abs().amax((1, 2, 3)) > 0).all()
    assert all((level.abs().amax((1, 2, 3)) > 0).all() for level in fused[2:])
    only_coarse = with_presence(make_input(model, batch=3), {name: [name == "coarse"] * 3 for name in NAMES})
    levels = model.fuse(model.encode(only_coarse, model.presence(only_coarse)))
    assert [bool((level != 0).any()) for level in levels] == [False, False, True, True]
    assert torch.isfinite(model(only_coarse).map_logits).all()


@torch.no_grad()
def test_a_new_signal_gets_a_stream_of_the_same_levels(model: MultiStream) -> None:
    name = FAMILY[len(model.levels) == 4]
    new = SignalSpec("new", "1", {}, 3, 16)
    inputs = make_input(model, specs=[new])
    stream = create_stream(name, new).eval()
    levels = model.run_stream(stream, inputs.signals["new"], inputs)
    fused = model.fuse(model.encode(inputs, model.presence(inputs)))
    assert [level.shape for level in levels] == [level.shape for level in fused]
    assert [bool((level != 0).any()) for level in levels] == list(stream.has_level)


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


@torch.no_grad()
@pytest.mark.parametrize("strides", [(2, 4, 8, 16, 32), (4, 8, 16)])
def test_other_levels_can_be_asked_for(strides: tuple[int, ...]) -> None:
    halvings = strides[-1].bit_length() - 1
    model = make_model(
        "multistream_pyramid_tiny",
        FEATURES,
        strides=strides,
        widths=[8] * len(strides),
        decoder=[8] * halvings,
        heads=2,
    )
    output = model(make_input(model))
    assert model.patch_size == strides[-1]
    assert output.map_logits.shape == (2, 1, 64, 96)
    assert torch.isfinite(output.map_logits).all()


@torch.no_grad()
def test_encoders_without_a_map_at_half_the_size_serve_as_well() -> None:
    model = make_model("multistream_pyramid_tiny", [BLOCKS], rgb_encoder="mit_b0", signal_encoder=CONVNEXT)
    # From stride 8 on, that map would be the level of stride 16.
    assert model.signal_streams["blocks"].has_level == (False, True, False, True)
    assert torch.isfinite(model(make_input(model)).map_logits).all()


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize("name", ["multistream", "multistream_pyramid"])
def test_paper_sizes_forward(name: str) -> None:
    model = create_model(name, [SCORE, BLOCKS]).eval()
    assert model(make_input(model, 1, (256, 256))).map_logits.shape == (1, 1, 256, 256)
