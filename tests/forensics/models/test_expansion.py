"""The laws of expansion: what a network said it says still, to the bit, wherever the new signal is absent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from forensics.models import create_model
from forensics.models.expansion import ExpandedNetwork, expand_network, unfold
from forensics.models.inputs import ModelInput, ModelOutput, SignalInput
from forensics.models.network import FusionNetwork
from signals.errors import WrongUsage
from signals.signal import SignalSpec

OLD = (SignalSpec("blocks", "1", {"levels": 21}, 64, 8, 0, "uint8"), SignalSpec("noise", "1", stride=8, kind="score"))
NEW = SignalSpec("counts", "1", {"samples": 64}, 5, 8, 4, "uint8")
THIRD = SignalSpec("score", "1", kind="score", stride=8)
FAMILIES = ("omgfuser_feature_tiny", "omgfuser_score_tiny", "multistream_tiny", "multistream_pyramid_tiny")
PRESENT, ABSENT, MIXED = [True] * 3, [False] * 3, [True, False, True]
SIDE = 64


def make_input(new: Sequence[bool] | None, third: Sequence[bool] | None = None, batch: int = 3) -> ModelInput:
    """Both old signals, the second absent in the last picture; the new ones where they are asked for."""
    generator = torch.Generator().manual_seed(5)
    old = [True] * (batch - 1) + [batch == 1]
    signals = {}
    for spec, present in ((OLD[0], [True] * batch), (OLD[1], old), (NEW, new), (THIRD, third)):
        shape = (batch, spec.channels, *spec.grid(SIDE, SIDE))
        values = torch.rand(shape, generator=generator)
        values = (values * 21).to(torch.uint8) if spec.dtype == "uint8" else values
        valid = torch.rand(batch, *shape[2:], generator=generator) > 0.1
        if present is not None:
            signals[spec.name] = SignalInput(values, valid, torch.tensor(present))
    membership = torch.rand(batch, 3, SIDE // 16, SIDE // 16, generator=generator) > 0.5
    rgb = torch.rand(batch, 3, SIDE, SIDE, generator=generator)
    return ModelInput(rgb, signals, membership)


def make_old(family: str = FAMILIES[0]) -> FusionNetwork:
    torch.manual_seed(0)
    network = create_model(family, OLD, stream_drop=0.3, **({"dropout": 0.2} if family.startswith("omg") else {}))
    # Fresh BatchNorms would hide what depends on their statistics.
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.1, 0.1)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    return network.eval()


def expand(old: FusionNetwork, spec: SignalSpec = NEW, family: str = FAMILIES[0]) -> ExpandedNetwork:
    torch.manual_seed(1)
    return expand_network(old, family, {}, spec)


def train(network: nn.Module, inputs: ModelInput, steps: int = 4) -> nn.Module:
    """A few large steps, whatever they lead to."""
    network.train()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.02, weight_decay=0.1)
    for _ in range(steps):
        output = network(inputs)
        loss = output.map_logits.sigmoid().mean() + output.score_logits.sigmoid().mean()
        optimizer.zero_grad()
        (loss + output.stream_logits.sum() * 1e-3).backward()
        optimizer.step()
    return network.eval()


@torch.no_grad()
def look(network: FusionNetwork, inputs: ModelInput) -> ModelOutput:
    output: ModelOutput = network(inputs)
    return output


def assert_same_bits(first: ModelOutput, second: ModelOutput, rows: Sequence[int]) -> None:
    assert torch.equal(first.map_logits[rows], second.map_logits[rows])
    assert torch.equal(first.score_logits[rows], second.score_logits[rows])


def is_far(first: ModelOutput, second: ModelOutput, row: int) -> bool:
    return bool((first.map_logits[row] - second.map_logits[row]).abs().max() > 1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_before_training_the_output_is_the_old_one(family: str) -> None:
    old = make_old(family)
    network = expand(old, family=family).eval()
    for new in (None, ABSENT, PRESENT, MIXED):
        assert_same_bits(look(network, make_input(new)), look(old, make_input(new)), range(3))


@pytest.mark.parametrize("family", FAMILIES)
def test_after_training_it_is_the_old_one_wherever_the_new_signal_is_absent(family: str) -> None:
    old = make_old(family)
    reference = deepcopy(old)
    network = train(expand(old, family=family), make_input(PRESENT))
    for new in (None, ABSENT):
        assert_same_bits(look(network, make_input(new)), look(reference, make_input(new)), range(3))
    mixed = look(network, make_input(MIXED))
    expected = look(reference, make_input(MIXED))
    assert_same_bits(mixed, expected, [1])
    assert is_far(mixed, expected, 0)
    assert is_far(mixed, expected, 2)


def test_in_batches_of_other_sizes_it_is_the_old_one_but_for_rounding() -> None:
    old = make_old()
    reference = deepcopy(old)
    network = train(expand(old), make_input(PRESENT))
    mixed = look(network, make_input(MIXED))
    alone = make_input(MIXED).select(torch.tensor([1]))
    torch.testing.assert_close(mixed.map_logits[1:2], look(reference, alone).map_logits, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_training_moves_all_that_is_new_and_nothing_old(family: str) -> None:
    network = expand(make_old(family), family=family)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    train(network, make_input(PRESENT))
    after = network.state_dict()
    assert {name for name in before if name.startswith("old.") and not torch.equal(before[name], after[name])} == set()
    resting = [name for name, p in network.named_parameters() if p.requires_grad and torch.equal(before[name], p)]
    assert resting == []
    assert not any(p.requires_grad for p in network.old.parameters())


def test_the_old_network_never_trains() -> None:
    network = expand(make_old()).train()
    assert not any(part.training for part in network.old.modules())
    assert all(part.training for part in network.stream.modules())
    assert not expand(make_old()).eval().stream.training


def test_the_gate_feels_the_first_step_and_the_rest_the_second() -> None:
    network = expand(make_old()).train()
    look_at = make_input(PRESENT)
    network(look_at).map_logits.sum().backward()
    gate, delta = network.additions[0].gate, network.additions[0].delta[0].weight
    assert (gate.grad != 0).all()
    assert (delta.grad == 0).all()
    with torch.no_grad():
        gate -= 1e-2 * gate.grad.sign()
    network(look_at).map_logits.sum().backward()
    assert (delta.grad != 0).any()
    assert (network.stream.tokenizer.layers[-1].weight.grad != 0).any()


def test_what_an_absent_signal_holds_is_never_read() -> None:
    network = train(expand(make_old()), make_input(PRESENT))
    inputs = make_input(MIXED)
    spoiled = deepcopy(inputs)
    spoiled.signals["counts"].values[1] = 255
    spoiled.signals["noise"].values[2] = float("nan")
    assert_same_bits(look(network, spoiled), look(network, inputs), range(3))


@pytest.mark.parametrize("alone", [[True] * 3, [True, False, False]], ids=["all pictures", "one of three"])
def test_a_picture_with_the_new_signal_alone_has_a_result(alone: list[bool]) -> None:
    old = create_model(FAMILIES[0], OLD, rgb="none").eval()
    network = train(expand(old), make_input(PRESENT))
    inputs = make_input(PRESENT)
    blocks = replace(inputs.signals["blocks"], present=~torch.tensor(alone))
    noise = replace(inputs.signals["noise"], present=torch.tensor(ABSENT))
    inputs = replace(inputs, signals={"blocks": blocks, "noise": noise, "counts": inputs.signals["counts"]})
    output = look(network, inputs)
    assert output.map_logits.isfinite().all()
    assert output.present[0].tolist() == [False, False, True]
    first = look(network, inputs.select(torch.tensor([0])))
    torch.testing.assert_close(output.map_logits[:1], first.map_logits, atol=1e-5, rtol=1e-5)


def test_a_picture_without_any_stream_is_refused() -> None:
    network = expand(create_model(FAMILIES[0], OLD, rgb="none")).eval()
    inputs = make_input([False, True, True])
    nothing = {n: replace(s, present=s.present & torch.tensor([False, True, True])) for n, s in inputs.signals.items()}
    with pytest.raises(WrongUsage, match="no stream at all"):
        look(network, replace(inputs, signals=nothing))


def test_expansions_chain() -> None:
    first = make_old()
    reference = deepcopy(first)
    second = train(expand(first), make_input(PRESENT))
    second_reference = deepcopy(second)
    third = expand(second, THIRD)
    both = make_input(PRESENT, PRESENT)
    assert_same_bits(look(third.eval(), both), look(second_reference, both), range(3))
    train(third, both)
    assert third.stream_names == ("blocks", "noise", "rgb", "counts", "score")
    assert third.signal_names == ("blocks", "noise", "counts", "score")
    assert list(third.readers) == ["blocks", "noise", "counts", "score"]
    for new in (ABSENT, MIXED, PRESENT):
        without_third = make_input(new, ABSENT)
        assert_same_bits(look(third, without_third), look(second_reference, without_third), range(3))
    mixed = make_input(MIXED, MIXED)
    assert_same_bits(look(third, mixed), look(reference, mixed), [1])
    assert is_far(look(third, both), look(second_reference, both), 0)
    base, expanded = unfold(third)
    assert base is first
    assert [network.spec.name for network in expanded] == ["counts", "score"]


def test_only_the_old_fusion_trains_beside_what_is_new_when_asked() -> None:
    network = expand(make_old())
    network.unfreeze_fusion()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    train(network, make_input(MIXED))
    after = network.state_dict()
    moved = {name for name in before if name.startswith("old.") and not torch.equal(before[name], after[name])}
    assert moved
    assert all(name.startswith("old.fusion.") for name in moved)


def test_new_stream_gets_a_head_where_the_others_have_one() -> None:
    streams = {
        network: look(expand(network).eval(), make_input(PRESENT)).stream_logits.shape[1]
        for network in (make_old(), create_model(FAMILIES[0], OLD, stream_heads=False).eval())
    }
    assert list(streams.values()) == [4, 0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: expand(make_old(), OLD[1]), "reads noise already.*other than blocks, noise, rgb"),
        (lambda: expand(expand(make_old())), "reads counts already"),
        (lambda: expand(make_old(), SignalSpec("odd", "1", stride=5)), "stride 5"),
        (lambda: expand(create_model("rgb_unet_tiny", []), family="rgb_unet_tiny"), "pixels"),
        (lambda: expand(create_model("owaf_tiny", [THIRD]), family="owaf_tiny"), "score"),
    ],
    ids=["already", "already by expansion", "stride", "pixels only", "not a score"],
)
def test_what_does_not_fit_is_refused(make: Callable[[], Tensor], message: str) -> None:
    with pytest.raises(WrongUsage, match=message):
        make()


def test_what_all_streams_share_cannot_be_changed_for_one() -> None:
    old = create_model("omgfuser_feature_tiny", [SignalSpec("first", "1")])
    with pytest.raises(WrongUsage, match="cannot have a width of its own"):
        expand_network(old, "omgfuser_feature_tiny", {}, SignalSpec("second", "1"), {"width": 64})
