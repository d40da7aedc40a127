"""What early mixing does beyond what every family must: scales, statistics, weights, the parts' formulas."""

from pathlib import Path

import pytest
import torch
from torch import nn

from forensics.models import create_model
from forensics.models.early_mix.cross_modal import CrossFusion, LinearCrossAttention, Rectification
from forensics.models.early_mix.network import EarlyMix
from forensics.models.early_mix.views import MixedModality
from forensics.models.factory import create_stream
from signals.errors import CheckpointMissing, WrongUsage
from tests.forensics.models.families import SIZE, VIEWS, make_input, make_model, with_presence

NAMES = tuple(spec.name for spec in VIEWS)


@pytest.fixture(scope="module")
def model() -> EarlyMix:
    model = make_model("early_mix_tiny", VIEWS)
    assert isinstance(model, EarlyMix)
    return model


@torch.no_grad()
def test_shapes_and_attributes(model: EarlyMix) -> None:
    inputs = make_input(model)
    streams = model.encode(inputs, model.presence(inputs))
    fused = model.fuse(streams)
    assert streams.levels[0].shape == (2, 4, 3, *SIZE)
    assert [level.shape for level in fused] == [
        (2, width, SIZE[0] // stride, SIZE[1] // stride)
        for width, stride in zip(model.level_widths, (4, 8, 16, 32), strict=True)
    ]
    assert model.decode(fused).tokens.shape == (2, 32, 2, 3)
    assert model.similarities(streams, fused) is None
    assert model.stream_names == (*NAMES, "rgb")
    assert list(model.readers) == list(NAMES)


def test_training_keeps_the_pixels() -> None:
    model = make_model("early_mix_tiny", VIEWS, stream_drop=0.5).train()
    kept = model.drop_streams(torch.ones(100, 4, dtype=torch.bool))
    assert kept[:, -1].all()
    assert not kept.all()


def test_samples_without_a_view_touch_no_statistics_of_the_views() -> None:
    model = make_model("early_mix_tiny", VIEWS, stream_drop=0.0).train()
    before = {name: buffer.clone() for name, buffer in model.mixing.named_buffers()}
    model(with_presence(make_input(model), {name: [False, False] for name in NAMES}))
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.mixing.named_buffers())


def test_wrong_usage(model: EarlyMix, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="at least one signal"):
        create_model("early_mix_tiny", [])
    with pytest.raises(WrongUsage, match="cannot take a further signal such as noise"):
        create_stream("early_mix_tiny", VIEWS[2])
    with pytest.raises(WrongUsage, match="cannot use encoder 'resnet18'"):
        create_model("early_mix_tiny", VIEWS, encoder="resnet18")
    with pytest.raises(CheckpointMissing, match="nowhere"):
        create_model("early_mix_tiny", VIEWS, encoder="mit_b0", encoder_weights=str(tmp_path / "nowhere.pth"))
    inputs = make_input(model)
    streams = model.encode(inputs, model.presence(inputs))
    with pytest.raises(WrongUsage, match="always reads the pixels"):
        model.fuse(streams.only(torch.tensor([True, True, True, False])))


@torch.no_grad()
def test_both_branches_start_from_the_weights_of_a_file(tmp_path: Path) -> None:
    model = make_model("early_mix_tiny", VIEWS, encoder="mit_b0")
    names = ("patch_embed", "block", "norm")
    state = {}
    for scale, stage in enumerate(model.encoder.pixel_stages, start=1):
        for part, name in zip(stage, names, strict=True):
            state |= {f"{name}{scale}.{key}": value for key, value in part.state_dict().items()}
    file = tmp_path / "mit_b0.pth"
    torch.save(state, file)
    torch.manual_seed(1)
    filled = create_model("early_mix_tiny", VIEWS, encoder="mit_b0", encoder_weights=str(file))
    for stages in (filled.encoder.pixel_stages, filled.encoder.mixed_stages):
        for key, value in model.encoder.pixel_stages.state_dict().items():
            assert torch.equal(stages.state_dict()[key], value), key


@torch.no_grad()
def test_the_published_encoder_has_the_same_scales(model: EarlyMix) -> None:
    other = make_model("early_mix_tiny", VIEWS, encoder="mit_b0")
    assert other.level_widths == model.level_widths
    assert other(make_input(model)).map_logits.shape == (2, 1, *SIZE)


@torch.no_grad()
def test_mixing_keeps_its_scale_when_equal_views_are_left_out() -> None:
    torch.manual_seed(0)
    mixing = MixedModality(3, (4, 4, 4), 0.33).eval()
    kernel = mixing.join.weight[:, :3]
    mixing.join.weight.copy_(torch.cat([kernel] * 3, dim=1))
    views = torch.randn(1, 1, 3, 8, 8).expand(2, 3, 3, 8, 8)
    mixed = mixing(views, torch.tensor([[True, True, True], [False, True, False]]))
    torch.testing.assert_close(mixed[0], mixed[1])


@torch.no_grad()
def test_rectification_adds_the_sigmoid_weighted_other_branch() -> None:
    part = Rectification(4, 0.5)
    for parameter in part.parameters():
        nn.init.zeros_(parameter)
    first, second = torch.randn(2, 4, 5, 6), torch.randn(2, 4, 5, 6)
    # Both sigmoids are one half, each times the strength.
    got = part(first, second)
    torch.testing.assert_close(got[0], first + 0.5 * second)
    torch.testing.assert_close(got[1], second + 0.5 * first)


@torch.no_grad()
def test_attention_reads_the_whole_other_branch_in_any_order() -> None:
    torch.manual_seed(0)
    attention, tokens, other = LinearCrossAttention(8, 2), torch.randn(1, 6, 8), torch.randn(1, 6, 8)
    read = attention(tokens, other)
    torch.testing.assert_close(attention(tokens, other[:, torch.randperm(6)]), read)
    changed = other.clone()
    changed[:, 5] += 1
    assert ((attention(tokens, changed) - read).abs().amax(2) > 0).all()
    fusion = CrossFusion(8, 2)
    assert fusion(torch.randn(1, 8, 4, 5), torch.randn(1, 8, 4, 5)).shape == (1, 8, 4, 5)
