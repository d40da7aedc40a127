"""Which parameter learns how fast, and when."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD

from forensics.models import create_model
from forensics.models.network import FusionNetwork
from forensics.training.activations import recompute_activations
from forensics.training.optimizer import LearningRates, ParameterPlan, Schedule
from signals.errors import WrongUsage
from signals.signal import SignalSpec


@pytest.fixture
def network() -> FusionNetwork:
    return create_model("omgfuser_feature_tiny", [SignalSpec("noise", "1")])


def by_name(
    network: FusionNetwork, groups: list[dict[str, Any]], names: Mapping[int, str] | None = None
) -> dict[str, tuple[float, float]]:
    """Learning rate and weight decay of each parameter."""
    names = names or names_of(network)
    return {names[id(p)]: (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}


def names_of(network: FusionNetwork) -> dict[int, str]:
    return {id(parameter): name for name, parameter in network.named_parameters()}


def test_norms_and_biases_are_not_decayed(network: FusionNetwork) -> None:
    found = by_name(network, ParameterPlan.of(network, LearningRates()).groups(network, 1e-3, 0.05))
    assert set(found) == {name for name, _ in network.named_parameters()}
    assert {rate for rate, _ in found.values()} == {1e-3}
    assert found["long_range.transformer.blocks.0.mlp.0.weight"][1] == 0.05
    assert found["long_range.transformer.blocks.0.mlp.0.bias"][1] == 0.0
    assert found["long_range.transformer.blocks.0.mlp_norm.weight"][1] == 0.0


def test_the_longest_beginning_of_a_name_counts_and_frozen_parts_are_no_part(network: FusionNetwork) -> None:
    network.detection.requires_grad_(False)
    rates = LearningRates(factors={"signal_streams": 0.5, "signal_streams.noise.tokenizer": 0.1, "rgb_stream": 0.0})
    found = by_name(network, ParameterPlan.of(network, rates).groups(network, 1.0, 0.0))
    for name, (rate, _) in found.items():
        expected = 0.1 if ".noise.tokenizer" in name else 0.5 if name.startswith("signal_streams") else 1.0
        assert rate == expected, name
    assert not any(name.startswith(("rgb_stream", "detection")) for name in found)


def test_layers_of_a_backbone_learn_the_slower_the_nearer_to_the_pixels(network: FusionNetwork) -> None:
    class Backbone(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.other = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)

        def layers(self) -> list[nn.Module]:
            return [self.first, self.second]

    network.rgb_stream = Backbone()
    rates = LearningRates(layer_decay=0.5, factors={"rgb_stream": 0.1})
    found = by_name(network, ParameterPlan.of(network, rates).groups(network, 1.0, 0.0))
    rate = {name: found[f"rgb_stream.{name}.weight"][0] for name in ("first", "second", "other")}
    assert rate == pytest.approx({"first": 0.025, "second": 0.05, "other": 0.1})
    assert found["long_range.transformer.blocks.0.mlp.0.weight"][0] == 1.0


def test_a_part_that_is_not_there_is_refused(network: FusionNetwork) -> None:
    with pytest.raises(WrongUsage, match="did you mean rgb_stream"):
        ParameterPlan.of(network, LearningRates(factors={"rgb_strem": 0.1}))
    with pytest.raises(WrongUsage, match="layer_decay"):
        ParameterPlan.of(network, LearningRates(layer_decay=1.5))


def test_the_plan_holds_when_modules_are_wrapped(network: FusionNetwork) -> None:
    rates = LearningRates(factors={"long_range": 0.3})
    plan = ParameterPlan.of(network, rates)
    before = by_name(network, plan.groups(network, 1.0, 0.1))
    names = names_of(network)
    recompute_activations(network)
    assert names_of(network) != names
    assert by_name(network, plan.groups(network, 1.0, 0.1), names) == before


@pytest.mark.parametrize("shape", ["cosine", "polynomial"])
def test_the_rate_rises_in_a_line_and_falls_to_nothing(shape: Any) -> None:
    factors = [Schedule(shape, warmup=0.1).factor(step, 100) for step in range(101)]
    assert factors[:10] == pytest.approx([0.1 * step for step in range(1, 11)])
    assert factors[10] == 1.0
    assert all(after < before for before, after in pairwise(factors[10:]))
    assert factors[100] == pytest.approx(0.0, abs=1e-12)


def test_the_falls_have_their_published_shapes() -> None:
    assert Schedule("cosine", warmup=0.1).factor(55, 100) == pytest.approx(0.5)
    assert Schedule("polynomial", warmup=0.1, power=0.9).factor(55, 100) == pytest.approx(0.5**0.9)


def test_the_schedule_moves_all_groups_and_needs_to_know_its_end() -> None:
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": rate} for rate in (1.0, 0.1)]
    optimizer = SGD(groups)
    scheduler = Schedule(warmup=0.5).apply(optimizer, 8)
    seen = []
    for _ in range(4):
        seen.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    assert seen == [pytest.approx([step / 4, step / 40]) for step in (1, 2, 3, 4)]
    with pytest.raises(WrongUsage, match="max_epochs"):
        Schedule().apply(optimizer, float("inf"))
