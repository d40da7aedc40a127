"""Low-rank adaptation: nothing at the start, all of it in the merged weights."""

import copy

import pytest
import timm
import torch
from torch import nn

from forensics.models.rgb.lora import LowRankLinear, add_low_rank, merge_low_rank


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 20), nn.GELU(), nn.Sequential(nn.Linear(20, 8, bias=False)), nn.Linear(8, 3))


def randomize(adapted: nn.Module) -> None:
    for part in adapted.modules():
        if isinstance(part, LowRankLinear):
            nn.init.normal_(part.up)


def test_the_start_is_the_layer_itself_bit_for_bit() -> None:
    plain = network()
    adapted = copy.deepcopy(plain)
    assert add_low_rank(adapted, 4) == 2  # the last layer is no larger than the rank
    inputs = torch.randn(5, 12)
    assert torch.equal(adapted(inputs), plain(inputs))
    assert set(plain.state_dict()) < set(adapted.state_dict())


def test_the_addition_is_the_product_of_the_two_matrices() -> None:
    layer = nn.Linear(6, 5)
    adapted = LowRankLinear(layer, 2)
    randomize(adapted)
    expected = nn.functional.linear(torch.eye(6), layer.weight + adapted.up @ adapted.down, layer.bias)
    torch.testing.assert_close(adapted(torch.eye(6)), expected)
    assert torch.linalg.matrix_rank(adapted.merge().weight - layer.weight) == 2


def test_only_the_addition_trains() -> None:
    adapted = network().requires_grad_(False)
    add_low_rank(adapted, 4)
    before = {name: value.clone() for name, value in adapted.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in adapted.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):  # the first step moves only ``up``: ``down`` has no gradient while ``up`` is zero
        optimizer.zero_grad()
        adapted(torch.randn(7, 12)).square().sum().backward()
        optimizer.step()
    changed = {name for name, value in adapted.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {name for name in before if name.endswith((".up", ".down"))}
    assert len(changed) == 4


def test_merged_weights_give_the_same_from_plain_layers() -> None:
    adapted = network()
    add_low_rank(adapted, 4)
    randomize(adapted)
    inputs = torch.randn(5, 12)
    expected = adapted(inputs)
    merge_low_rank(adapted)
    torch.testing.assert_close(adapted(inputs), expected)
    network().load_state_dict(adapted.state_dict())


def test_a_copy_learns_on_its_own() -> None:
    adapted = LowRankLinear(nn.Linear(6, 5), 2)
    twin = copy.deepcopy(adapted)
    randomize(adapted)
    assert not twin.up.any()


@pytest.mark.parametrize("name", ["test_vit", "swinv2_tiny_window8_256", "beit_base_patch16_224"])
def test_every_addition_takes_part_in_attention_of_any_make(name: str) -> None:
    sizes = {"depth": 1} if name.startswith("beit") else {}
    backbone = timm.create_model(name, num_classes=0, **sizes)
    backbone.requires_grad_(False)
    assert add_low_rank(backbone, 2)
    randomize(backbone)
    size = backbone.pretrained_cfg["input_size"]
    backbone.forward_features(torch.randn(1, *size)).square().mean().backward()
    assert [name for name, p in backbone.named_parameters() if p.requires_grad and p.grad is None] == []
