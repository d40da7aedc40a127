"""Small networks of every family and pictures that they can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from forensics.models import create_model
from forensics.models.inputs import ModelInput, SignalInput
from forensics.models.network import RGB, FusionNetwork
from signals.signal import SignalSpec

BLOCKS = SignalSpec("blocks", "1", {"levels": 21}, 64, 8, 0, "uint8")
COUNTS = SignalSpec("counts", "1", {"samples": 64}, 5, 8, 4, "uint8")
SCORE = SignalSpec("score", "1", kind="score")
COARSE = SignalSpec("coarse", "1", {}, 2, 16)

FEATURES = (BLOCKS, COUNTS, SCORE, COARSE)
SCORES = tuple(SignalSpec(f"score{stride}", "1", stride=stride, kind="score") for stride in (1, 8, 12, 16))
VIEWS = (BLOCKS, replace(COUNTS, stride=12), SignalSpec("noise", "1", channels=3))

SIZE = (64, 96)
# Which of three pictures has the first signal, the second, ...; the first two leave no picture without any.
SOME = ([True, False, True], [False, True, True], [True, False, False], [False, False, True])


def make_model(name: str, specs: Sequence[SignalSpec], **overrides: Any) -> FusionNetwork:
    torch.manual_seed(0)
    model = create_model(name, specs, **overrides)
    # Fresh BatchNorms would hide what depends on their statistics.
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.1, 0.1)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    return model.eval()


def make_input(
    model: FusionNetwork, batch: int = 2, size: tuple[int, int] = SIZE, specs: Sequence[SignalSpec] | None = None
) -> ModelInput:
    """Random pictures with all signals of the network, or those of ``specs``."""
    generator = torch.Generator().manual_seed(0)
    signals = {}
    for spec in model.specs if specs is None else specs:
        values = torch.rand(batch, spec.channels, *spec.grid(*size), generator=generator)
        if spec.dtype == "uint8":
            values = (values * 21).to(torch.uint8)
        valid = torch.rand(batch, *spec.grid(*size), generator=generator) > 0.1
        side = {"quantization_table": torch.full((batch, 8, 8), 9.0), "was_jpeg": torch.ones(batch)}
        present = torch.ones(batch, dtype=torch.bool)
        signals[spec.name] = SignalInput(values, valid, present, side if spec == BLOCKS else {})
    membership = torch.rand(batch, 3, *(length // model.patch_size for length in size), generator=generator) > 0.5
    return ModelInput(torch.rand(batch, 3, *size, generator=generator), signals, membership)


def with_presence(inputs: ModelInput, presence: Mapping[str, Sequence[bool]]) -> ModelInput:
    """Says which pictures have a signal, and fills it with what must not be read where they have not."""
    signals = dict(inputs.signals)
    for name, flags in presence.items():
        present = torch.tensor(flags)
        values = signals[name].values.clone()
        values[~present] = torch.nan if values.is_floating_point() else 7
        signals[name] = replace(signals[name], values=values, present=present)
    return replace(inputs, signals=signals)


def make_mixed_input(model: FusionNetwork) -> ModelInput:
    """Four pictures with some of the signals each; the last has all, or none where pixels are read."""
    last = RGB not in model.stream_names
    presence = {name: [*some, last] for name, some in zip(model.signal_names, SOME, strict=False)}
    return with_presence(make_input(model, batch=4), presence)


def assert_near(actual: Tensor, expected: Tensor) -> None:
    """Equal but for the order of sums; outputs of untrained networks differ by so little that the scale is theirs."""
    assert actual.shape == expected.shape
    assert (actual - expected).abs().max() < 1e-3 * expected.std()
