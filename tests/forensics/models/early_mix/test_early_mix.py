"""Early mixing: subsets of views, independence of samples, gradients, the parts' formulas."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from forensics.models import create_model
from forensics.models.early_mix.cross_modal import CrossFusion, LinearCrossAttention, Rectification
from forensics.models.early_mix.network import EarlyMix
from forensics.models.early_mix.views import MixedModality
from forensics.models.factory import create_stream
from forensics.models.inputs import ModelInput, SignalInput, Streams
from signals.errors import CheckpointMissing, WrongUsage
from signals.signal import SignalSpec

SPECS = (
    SignalSpec("blocks", "1", {"levels": 21}, 64, 8, 0, "uint8"),
    SignalSpec("counts", "1", {"samples": 64}, 5, 12, 4, "uint8"),
    SignalSpec("noise", "1", channels=3),
)
NAMES = tuple(spec.name for spec in SPECS)
SIZE = (64, 96)
MIXED = {"blocks": [True, False, True], "counts": [True, False, False], "noise": [False, False, True]}


def make_input(batch: int = 2, size: tuple[int, int] = SIZE, seed: int = 0) -> ModelInput:
    generator = torch.Generator().manual_seed(seed)
    signals = {}
    for spec in SPECS:
        values = 21 * torch.rand(batch, spec.channels, *spec.grid(*size), generator=generator)
        valid = torch.rand(batch, *spec.grid(*size), generator=generator) > 0.1
        values = values.to(getattr(torch, spec.dtype))
        signals[spec.name] = SignalInput(values, valid, torch.ones(batch, dtype=torch.bool))
    side = {"quantization_table": torch.full((batch, 8, 8), 9.0), "was_jpeg": torch.ones(batch)}
    signals["blocks"] = replace(signals["blocks"], side=side)
    membership = torch.ones(batch, 1, size[0] // 32, size[1] // 32, dtype=torch.bool)
    return ModelInput(torch.rand(batch, 3, *size, generator=generator), signals, membership)


def with_presence(inputs: ModelInput, presence: dict[str, list[bool]]) -> ModelInput:
    """Says which samples have a signal, and fills it with other values where they have not."""
    signals = dict(inputs.signals)
    for name, flags in presence.items():
        present = torch.tensor(flags)
        values = signals[name].values
        unread = 7 if values.dtype == torch.uint8 else torch.nan
        values = torch.where(present[:, None, None, None], values, unread).to(values.dtype)
        signals[name] = replace(signals[name], values=values, present=present)
    return replace(inputs, signals=signals)


def make_model(**overrides: Any) -> EarlyMix:
    torch.manual_seed(0)
    model = create_model("early_mix_tiny", SPECS, **overrides)
    assert isinstance(model, EarlyMix)
    # Fresh BatchNorms would hide what depends on their statistics.
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.1, 0.1)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    return model.eval()


@pytest.fixture(scope="module")
def shared() -> EarlyMix:
    return make_model()


@pytest.fixture
def model(shared: EarlyMix) -> Iterator[EarlyMix]:
    yield shared.eval()
    shared.zero_grad()


def assert_near(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_shapes_and_attributes(model: EarlyMix) -> None:
    inputs = make_input()
    streams = model.encode(inputs, model.presence(inputs))
    fused = model.fuse(streams)
    assert streams.levels[0].shape == (2, 4, 3, *SIZE)
    assert [level.shape for level in fused] == [
        (2, width, SIZE[0] // stride, SIZE[1] // stride)
        for width, stride in zip(model.level_widths, (4, 8, 16, 32), strict=True)
    ]
    assert model.decode(fused).tokens.shape == (2, 32, 2, 3)
    assert model(inputs).map_logits.shape == (2, 1, *SIZE)
    assert model(inputs).score_logits.shape == (2,)
    assert model.similarities(streams, fused) is None
    assert model.stream_names == (*NAMES, "rgb")
    assert list(model.readers) == list(NAMES)


@torch.no_grad()
@pytest.mark.parametrize("absent", list(chain.from_iterable(combinations(NAMES, count) for count in range(4))))
def test_absent_views_equal_a_network_fed_without_them(model: EarlyMix, absent: tuple[str, ...]) -> None:
    inputs = make_input()
    flagged = with_presence(inputs, {name: [False, False] for name in absent})
    fed_without = replace(inputs, signals={name: s for name, s in inputs.signals.items() if name not in absent})
    got, expected = model(flagged), model(fed_without)
    assert torch.isfinite(got.map_logits).all()
    assert torch.equal(got.map_logits, expected.map_logits)
    assert torch.equal(got.score_logits, expected.score_logits)


@torch.no_grad()
def test_samples_do_not_see_each_other(model: EarlyMix) -> None:
    inputs = with_presence(make_input(batch=3), MIXED)
    together = model(inputs)
    for sample in range(3):
        alone = model(inputs.select(torch.tensor([sample])))
        assert_near(together.map_logits[sample], alone.map_logits[0])
        assert_near(together.score_logits[sample], alone.score_logits[0])
    order = torch.tensor([2, 0, 1])
    assert_near(model(inputs.select(order)).map_logits, together.map_logits[order])


@torch.no_grad()
def test_what_absent_views_hold_after_encoding_is_not_read(model: EarlyMix) -> None:
    inputs = with_presence(make_input(batch=3), MIXED)
    streams = model.encode(inputs, model.presence(inputs))
    holed = torch.where(streams.present[:, :, None, None, None], streams.levels[0], torch.nan)
    for got, expected in zip(model.fuse(Streams((holed,), streams.present)), model.fuse(streams), strict=True):
        assert torch.equal(got, expected)


@torch.no_grad()
def test_every_stream_is_read(model: EarlyMix) -> None:
    inputs = make_input()
    expected = model(inputs).map_logits
    assert not torch.equal(model(replace(inputs, rgb=1 - inputs.rgb)).map_logits, expected)
    for name, signal in inputs.signals.items():
        changed = replace(signal, values=signal.values.flip(2))
        assert not torch.equal(model(replace(inputs, signals={**inputs.signals, name: changed})).map_logits, expected)


def test_every_parameter_gets_a_gradient(model: EarlyMix) -> None:
    output = model(with_presence(make_input(batch=3), MIXED))
    (output.map_logits.square().mean() + output.score_logits.square().mean()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


def test_training_keeps_the_pixels_and_takes_mixed_precision() -> None:
    model = make_model(stream_drop=0.5, mix_dropout=0.33).train()
    with torch.autocast("cpu", torch.bfloat16):
        output = model(make_input(batch=4))
    assert output.present[:, -1].all()
    assert not output.present.all()
    assert output.map_logits.dtype == output.score_logits.dtype == torch.float32
    (output.map_logits.mean() + output.score_logits.mean()).backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())


def test_samples_without_a_view_touch_no_statistics_of_the_views() -> None:
    model = make_model(stream_drop=0.0).train()
    before = {name: buffer.clone() for name, buffer in model.mixing.named_buffers()}
    model(with_presence(make_input(), {name: [False, False] for name in NAMES}))
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.mixing.named_buffers())


def test_wrong_usage(model: EarlyMix, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="at least one signal"):
        create_model("early_mix_tiny", [])
    with pytest.raises(WrongUsage, match="cannot take a further signal such as noise"):
        create_stream("early_mix_tiny", SPECS[2])
    with pytest.raises(WrongUsage, match="cannot use encoder 'resnet18'"):
        create_model("early_mix_tiny", SPECS, encoder="resnet18")
    with pytest.raises(CheckpointMissing, match="nowhere"):
        create_model("early_mix_tiny", SPECS, encoder="mit_b0", encoder_weights=str(tmp_path / "nowhere.pth"))
    with pytest.raises(WrongUsage, match="multiple"):
        model(make_input(size=(48, 96)))
    inputs = make_input()
    streams = model.encode(inputs, model.presence(inputs))
    with pytest.raises(WrongUsage, match="always reads the pixels"):
        model.fuse(streams.only(torch.tensor([True, True, True, False])))


@torch.no_grad()
def test_both_branches_start_from_the_weights_of_a_file(tmp_path: Path) -> None:
    model = make_model(encoder="mit_b0")
    names = ("patch_embed", "block", "norm")
    state = {}
    for scale, stage in enumerate(model.encoder.pixel_stages, start=1):
        for part, name in zip(stage, names, strict=True):
            state |= {f"{name}{scale}.{key}": value for key, value in part.state_dict().items()}
    file = tmp_path / "mit_b0.pth"
    torch.save(state, file)
    torch.manual_seed(1)
    filled = create_model("early_mix_tiny", SPECS, encoder="mit_b0", encoder_weights=str(file))
    for stages in (filled.encoder.pixel_stages, filled.encoder.mixed_stages):
        for key, value in model.encoder.pixel_stages.state_dict().items():
            assert torch.equal(stages.state_dict()[key], value), key


@torch.no_grad()
def test_the_published_encoder_has_the_same_scales(model: EarlyMix) -> None:
    other = make_model(encoder="mit_b0")
    assert other.level_widths == model.level_widths
    assert other(make_input()).map_logits.shape == (2, 1, *SIZE)


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
