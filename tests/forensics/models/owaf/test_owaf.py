"""OwAF: subsets of maps, independence of samples, gradients, grids and scaling."""

from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import pytest
import torch
from torch import Tensor

from forensics.models import create_model, list_models
from forensics.models.factory import create_stream
from forensics.models.inputs import ModelInput, SignalInput
from forensics.models.owaf.network import Owaf
from forensics.models.owaf.score_stem import MinMaxReader, regrid
from forensics.models.readers import NumericReader
from signals.errors import WrongUsage
from signals.signal import SignalSpec

SPECS = tuple(SignalSpec(f"score{stride}", "1", stride=stride, kind="score") for stride in (1, 8, 12, 16))
NAMES = tuple(spec.name for spec in SPECS)
SIZE = (64, 96)


def make_input(batch: int = 2, size: tuple[int, int] = SIZE, seed: int = 0) -> ModelInput:
    generator = torch.Generator().manual_seed(seed)
    signals = {}
    for spec in SPECS:
        values = torch.rand(batch, 1, *spec.grid(*size), generator=generator)
        valid = torch.rand(batch, *spec.grid(*size), generator=generator) > 0.1
        signals[spec.name] = SignalInput(values, valid, torch.ones(batch, dtype=torch.bool))
    membership = torch.ones(batch, 1, size[0] // 16, size[1] // 16, dtype=torch.bool)
    return ModelInput(torch.rand(batch, 3, *size, generator=generator), signals, membership)


def with_presence(inputs: ModelInput, presence: dict[str, list[bool]]) -> ModelInput:
    """Says which samples have a signal, and fills it with NaN where they have not."""
    signals = dict(inputs.signals)
    for name, flags in presence.items():
        present = torch.tensor(flags)
        values = torch.where(present[:, None, None, None], signals[name].values, torch.nan)
        signals[name] = replace(signals[name], values=values, present=present)
    return replace(inputs, signals=signals)


def make_model(**overrides: Any) -> Owaf:
    torch.manual_seed(0)
    model = create_model("owaf_tiny", SPECS, **overrides)
    assert isinstance(model, Owaf)
    return model.eval()


@pytest.fixture(scope="module")
def model() -> Owaf:
    return make_model()


def assert_near(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("name", [name for name in list_models() if name.startswith("owaf")])
def test_every_preset_forward(name: str) -> None:
    torch.manual_seed(0)
    model = create_model(name, SPECS).eval()
    output = model(make_input())
    assert output.map_logits.shape == (2, 1, *SIZE)
    assert output.score_logits.shape == (2,)
    assert model.localize(make_input()).tokens.shape == (2, *model.level_widths, 4, 6)
    assert model.stream_names == NAMES
    assert torch.isfinite(output.map_logits).all()
    assert output.map_logits.abs().max() < 100


@torch.no_grad()
@pytest.mark.parametrize("absent", list(chain.from_iterable(combinations(NAMES, count) for count in range(4))))
def test_absent_maps_equal_a_network_fed_without_them(model: Owaf, absent: tuple[str, ...]) -> None:
    inputs = make_input()
    flagged = with_presence(inputs, {name: [False, False] for name in absent})
    fed_without = replace(inputs, signals={name: s for name, s in inputs.signals.items() if name not in absent})
    got, expected = model(flagged), model(fed_without)
    assert torch.isfinite(got.map_logits).all()
    assert torch.equal(got.map_logits, expected.map_logits)
    assert torch.equal(got.score_logits, expected.score_logits)


MIXED = {"score1": [True, False, True], "score8": [True, False, False], "score16": [False, True, True]}


@torch.no_grad()
@pytest.mark.parametrize("gate", [True, False])
def test_samples_do_not_see_each_other(gate: bool) -> None:
    model, inputs = make_model(gate=gate), with_presence(make_input(batch=3), MIXED)
    together = model(inputs)
    for sample in range(3):
        alone = model(inputs.select(torch.tensor([sample])))
        assert_near(together.map_logits[sample], alone.map_logits[0])
        assert_near(together.score_logits[sample], alone.score_logits[0])
    order = torch.tensor([2, 0, 1])
    assert_near(model(inputs.select(order)).map_logits, together.map_logits[order])


@torch.no_grad()
def test_pixels_are_not_read_and_maps_are(model: Owaf) -> None:
    inputs = make_input()
    expected = model(inputs).map_logits
    assert torch.equal(model(replace(inputs, rgb=torch.zeros_like(inputs.rgb))).map_logits, expected)
    for name in NAMES:
        changed = replace(inputs.signals[name], values=1 - inputs.signals[name].values)
        assert not torch.equal(model(replace(inputs, signals={**inputs.signals, name: changed})).map_logits, expected)


@pytest.mark.parametrize("overrides", [{}, {"gate": False}, {"scaling": "minmax"}])
def test_every_parameter_gets_a_gradient(overrides: dict[str, Any]) -> None:
    model = make_model(**overrides)
    output = model(with_presence(make_input(batch=3), MIXED))
    (output.map_logits.square().mean() + output.score_logits.square().mean()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


def test_training_step_with_maps_left_out_in_mixed_precision() -> None:
    model = make_model(stream_drop=0.5).train()
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        output = model(make_input(batch=4))
    assert not output.present.all()
    assert output.map_logits.dtype == output.score_logits.dtype == torch.float32
    (output.map_logits.mean() + output.score_logits.mean()).backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())


@torch.no_grad()
def test_a_further_map_can_join(model: Owaf) -> None:
    spec, inputs = SPECS[0], make_input()
    stem = create_stream("owaf_tiny", replace(spec, name="new"))
    (level,) = model.run_stream(stem, inputs.signals[spec.name], inputs)
    (fused,) = model.fuse(model.encode(inputs, model.presence(inputs)))
    assert level.shape == fused.shape
    assert fused.shape[1] == model.level_widths[0]


def test_wrong_usage(model: Owaf) -> None:
    feature = SignalSpec("noise", "1")
    with pytest.raises(WrongUsage, match="noise is a feature"):
        create_model("owaf_tiny", [*SPECS, feature])
    with pytest.raises(WrongUsage, match="noise is a feature"):
        create_stream("owaf_tiny", feature)
    with pytest.raises(WrongUsage, match="at least one signal"):
        create_model("owaf_tiny", [])
    with pytest.raises(WrongUsage, match="do not divide"):
        create_model("owaf_tiny", SPECS, stride=5)
    with pytest.raises(WrongUsage, match="at least one"):
        model(replace(make_input(), signals={}))
    with pytest.raises(WrongUsage, match="at least one"):
        model(with_presence(make_input(), {name: [True, False] for name in NAMES}))
    with pytest.raises(WrongUsage, match="multiple"):
        model(replace(make_input(), rgb=torch.zeros(2, 3, 60, 96)))


@pytest.mark.parametrize(("before", "after"), [(1, 8), (8, 8), (16, 8), (12, 8), (8, 12), (3, 4)])
def test_regrid_is_the_mean_of_the_valid_pixels(before: int, after: int) -> None:
    side = 48
    generator = torch.Generator().manual_seed(0)
    cells = -(-side // before)
    values = torch.rand(1, 2, cells, cells, generator=generator)
    valid = torch.rand(1, cells, cells, generator=generator) > 0.5
    got = regrid(torch.where(valid[:, None], values, 0.0), valid, before, after)
    pixels = values[0].repeat_interleave(before, 1).repeat_interleave(before, 2)
    seen = valid[0].repeat_interleave(before, 0).repeat_interleave(before, 1)
    for row in range(side // after):
        for column in range(side // after):
            cell = (slice(row * after, (row + 1) * after), slice(column * after, (column + 1) * after))
            kept = pixels[:, *cell][:, seen[cell]]
            expected = kept.mean(1) if kept.shape[1] else torch.zeros(2)
            torch.testing.assert_close(got[0, :, row, column], expected)


def test_scaling() -> None:
    values = torch.tensor([[[[0.2, 0.4], [0.6, 9.0]]], [[[0.5, 0.5], [0.5, 0.5]]]])
    valid = torch.tensor([[[True, True], [True, False]], [[True, True], [True, True]]])
    signal = SignalInput(values, valid, torch.ones(2, dtype=torch.bool))
    expected = torch.tensor([[[[0.0, 0.5], [1.0, 0.0]]], [[[0.0, 0.0], [0.0, 0.0]]]])
    torch.testing.assert_close(MinMaxReader(1)(signal), expected)
    assert all(isinstance(reader, NumericReader) for reader in make_model().readers.values())
    assert all(isinstance(reader, MinMaxReader) for reader in make_model(scaling="minmax").readers.values())
