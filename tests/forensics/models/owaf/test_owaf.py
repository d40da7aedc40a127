"""What OwAF does beyond what every family must: presets, grids and scaling."""

from dataclasses import replace

import pytest
import torch

from forensics.models import create_model, list_models
from forensics.models.factory import create_stream
from forensics.models.inputs import SignalInput
from forensics.models.owaf.network import Owaf
from forensics.models.owaf.score_stem import MinMaxReader, regrid
from forensics.models.readers import NumericReader
from signals.errors import WrongUsage
from signals.signal import SignalSpec
from tests.forensics.models.families import SCORES, SIZE, make_input, make_model

NAMES = tuple(spec.name for spec in SCORES)


@pytest.fixture(scope="module")
def model() -> Owaf:
    model = make_model("owaf_tiny", SCORES)
    assert isinstance(model, Owaf)
    return model


@torch.no_grad()
@pytest.mark.parametrize("name", [name for name in list_models() if name.startswith("owaf")])
def test_every_preset_forward(name: str) -> None:
    model = make_model(name, SCORES)
    output = model(inputs := make_input(model))
    assert output.map_logits.shape == (2, 1, *SIZE)
    assert output.score_logits.shape == (2,)
    assert model.localize(inputs).tokens.shape == (2, *model.level_widths, 4, 6)
    assert model.stream_names == NAMES
    assert torch.isfinite(output.map_logits).all()
    assert output.map_logits.abs().max() < 100


MIXED = {"score1": [True, False, True], "score8": [True, False, False], "score16": [False, True, True]}


@torch.no_grad()
def test_pixels_are_not_read(model: Owaf) -> None:
    inputs = make_input(model)
    expected = model(inputs).map_logits
    assert torch.equal(model(replace(inputs, rgb=torch.zeros_like(inputs.rgb))).map_logits, expected)


@torch.no_grad()
def test_a_further_map_can_join(model: Owaf) -> None:
    spec, inputs = SCORES[0], make_input(model)
    stem = create_stream("owaf_tiny", replace(spec, name="new"))
    (level,) = model.run_stream(stem, inputs.signals[spec.name], inputs)
    (fused,) = model.fuse(model.encode(inputs, model.presence(inputs)))
    assert level.shape == fused.shape
    assert fused.shape[1] == model.level_widths[0]


def test_what_cannot_be_built_is_wrong_usage() -> None:
    feature = SignalSpec("noise", "1")
    with pytest.raises(WrongUsage, match="noise is a feature"):
        create_model("owaf_tiny", [*SCORES, feature])
    with pytest.raises(WrongUsage, match="noise is a feature"):
        create_stream("owaf_tiny", feature)
    with pytest.raises(WrongUsage, match="at least one signal"):
        create_model("owaf_tiny", [])
    with pytest.raises(WrongUsage, match="do not divide"):
        create_model("owaf_tiny", SCORES, stride=5)


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
    assert all(isinstance(reader, NumericReader) for reader in make_model("owaf_tiny", SCORES).readers.values())
    published = make_model("owaf_tiny", SCORES, scaling="minmax")
    assert all(isinstance(reader, MinMaxReader) for reader in published.readers.values())
