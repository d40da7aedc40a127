"""Tokenizers: sizes, validity, conditioning, and the one-hot formula behind the table."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from forensics.models.inputs import SignalInput
from forensics.models.readers import CategoricalReader, HistogramReader, NumericReader, make_reader
from forensics.models.tokenizers import make_tokenizer
from signals.errors import WrongUsage
from signals.signal import SignalSpec

CATEGORICAL = SignalSpec("blocks", "1", {"levels": 21}, 64, 8, 0, "uint8")
HISTOGRAM = SignalSpec("counts", "1", {"samples": 64}, 5, 8, 4, "uint8")


def make_signal(spec: SignalSpec, size: int = 64, batch: int = 2) -> SignalInput:
    generator = torch.Generator().manual_seed(0)
    cells = size // spec.stride
    values = torch.randint(0, 21, (batch, spec.channels, cells, cells), generator=generator, dtype=torch.uint8)
    valid = torch.ones(batch, cells, cells, dtype=torch.bool)
    return SignalInput(values, valid, torch.ones(batch, dtype=torch.bool))


def test_published_parameter_count() -> None:
    tokenizer = make_tokenizer(SignalSpec("score", "1"), 384, 16)
    assert sum(parameter.numel() for parameter in tokenizer.parameters()) == 1_021_344


@pytest.mark.parametrize("stride", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("parameters", [{}, {"levels": 21}, {"samples": 64}])
def test_every_stride_reaches_the_patch_grid(stride: int, parameters: dict[str, int]) -> None:
    spec = SignalSpec("any", "1", parameters, 3, stride)
    tokens = make_tokenizer(spec, 32, 16).eval()(make_signal(spec))
    assert tokens.shape == (2, 32, 4, 4)
    assert torch.isfinite(tokens).all()


@pytest.mark.parametrize("stride", [3, 5, 32])
def test_a_stride_that_does_not_fit_is_wrong_usage(stride: int) -> None:
    with pytest.raises(WrongUsage, match=f"stride {stride}"):
        make_tokenizer(SignalSpec("any", "1", {}, 1, stride), 32, 16)


def test_kind_follows_the_parameters_not_the_name() -> None:
    assert isinstance(make_reader(replace(CATEGORICAL, name="x"), 32), CategoricalReader)
    assert isinstance(make_reader(SignalSpec("dct", "1", {}, 64, 8), 32), NumericReader)


@pytest.mark.parametrize("spec", [CATEGORICAL, SignalSpec("numbers", "1", {}, 5, 8), HISTOGRAM])
def test_cells_that_are_not_valid_are_not_read(spec: SignalSpec) -> None:
    tokenizer = make_tokenizer(spec, 32, 16).eval()
    if isinstance(tokenizer.reader, NumericReader):
        tokenizer.reader.set_normalization([3.0] * 5, [2.0] * 5)
    signal = make_signal(spec)
    signal.valid[:, 2:4, 1:6] = False
    changed = signal.values.clone()
    changed[:, :, 2:4, 1:6] = 20
    assert torch.equal(tokenizer(signal), tokenizer(replace(signal, values=changed)))


def test_normalization() -> None:
    spec = SignalSpec("counts", "1", {}, 2, 8)
    tokenizer = make_tokenizer(spec, 32, 16).eval()
    signal = make_signal(spec)
    mean, std = torch.tensor([1.0, -2.0]), torch.tensor([3.0, 0.5])
    normalized = (signal.values.float() - mean.view(2, 1, 1)) / std.view(2, 1, 1)
    expected = tokenizer(replace(signal, values=normalized))
    tokenizer.reader.set_normalization(mean, std)
    torch.testing.assert_close(tokenizer(signal), expected)


def test_table_is_a_linear_map_of_the_one_hot_block() -> None:
    reader = CategoricalReader(CATEGORICAL, 32).eval()
    signal = make_signal(CATEGORICAL, size=16, batch=1)
    one_hot = functional.one_hot(signal.values.long(), 21).permute(0, 2, 3, 1, 4).flatten(3).float()
    expected = (one_hot @ reader.table.weight).permute(0, 3, 1, 2)
    seen: list[torch.Tensor] = []
    reader.norm.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    reader(signal)
    torch.testing.assert_close(seen[0], expected, atol=1e-4, rtol=1e-4)


def test_missing_side_counts_as_ones_and_no_jpeg() -> None:
    reader = CategoricalReader(CATEGORICAL, 32).eval()
    signal = make_signal(CATEGORICAL)
    ones = {"quantization_table": torch.ones(2, 8, 8), "was_jpeg": torch.zeros(2)}
    coarse = {**ones, "quantization_table": torch.full((2, 8, 8), 64.0)}
    assert torch.equal(reader(signal), reader(replace(signal, side=ones)))
    assert not torch.allclose(reader(signal), reader(replace(signal, side=coarse)))


def test_a_histogram_is_read_as_roots_of_mean_frequencies_of_the_valid_cells_around() -> None:
    signal = make_signal(HISTOGRAM, size=128, batch=1)
    signal.valid[0, 3, 4:9] = False
    reader = HistogramReader(HISTOGRAM, 32).eval()
    seen: list[torch.Tensor] = []
    reader.mix.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    reader(signal)
    for number, reach in enumerate((0, 2, 7)):
        for row, column in ((0, 0), (5, 5), (4, 9), (15, 15)):
            window = (slice(max(0, row - reach), row + reach + 1), slice(max(0, column - reach), column + reach + 1))
            counts, valid = signal.values[0][:, *window].float(), signal.valid[0][window]
            expected = (5 * counts[:, valid].mean(dim=1) / 64).sqrt()
            found = seen[0][0, 5 * number : 5 * number + 5, row, column]
            torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("spec", [SignalSpec("numbers", "1", {}, 5, 8), replace(HISTOGRAM, dtype="float32")])
def test_what_an_invalid_cell_holds_is_never_read(spec: SignalSpec) -> None:
    signal = make_signal(spec)
    signal.valid[0, 2, 3] = False
    values = signal.values.float()
    holed = values.clone()
    holed[0, :, 2, 3] = torch.nan
    tokenizer = make_tokenizer(spec, 32, 16).eval()
    tokens = tokenizer(replace(signal, values=holed))
    assert torch.equal(tokens, tokenizer(replace(signal, values=values)))
