"""What trains of a backbone, and what stays as it is."""

import pytest
import timm
import torch
from torch import nn

from forensics.models.attention import Transformer
from forensics.models.rgb.backbone import BackboneRgbStream, make_backbone
from forensics.models.rgb.tuning import parameters_by_depth, tune
from signals.errors import WrongUsage


def make_stream(name: str, tuning: str) -> BackboneRgbStream:
    torch.manual_seed(0)
    backbone = make_backbone(name, 16)
    tune(backbone.network, tuning)
    return BackboneRgbStream(backbone, 32, 16, Transformer(1, 32, 1))


def trained_step(stream: nn.Module) -> set[str]:
    """Names of what two steps of training change, parameters and buffers."""
    before = {name: value.clone() for name, value in stream.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in stream.parameters() if p.requires_grad], lr=0.01)
    stream.train()
    for _ in range(2):
        optimizer.zero_grad()
        stream(torch.rand(2, 3, 64, 96)).square().mean().backward()
        optimizer.step()
    return {name for name, value in stream.state_dict().items() if not torch.equal(value, before[name])}


@pytest.mark.parametrize("name", ["test_vit", "test_efficientnet", "test_resnet"])
def test_a_frozen_backbone_keeps_every_parameter_and_statistic(name: str) -> None:
    changed = trained_step(make_stream(name, "frozen"))
    assert changed
    assert not [entry for entry in changed if entry.startswith("backbone.")]


def test_a_frozen_backbone_gives_the_same_in_training() -> None:
    stream = make_stream("test_resnet", "frozen")
    rgb = torch.rand(2, 3, 64, 64)
    assert torch.equal(stream.train().features(rgb), stream.eval().features(rgb))
    assert stream.train().transformer.training


def test_the_last_layers_train_with_their_statistics() -> None:
    stream = make_stream("test_efficientnet", "partly:1")
    # stride 16 is reached after the fourth stage, which has one block
    block = "backbone.blocks.3.0."
    changed = {name for name in trained_step(stream) if name.startswith("backbone.")}
    assert {f"backbone.{name}" for name, p in stream.backbone.named_parameters() if p.requires_grad} < changed
    assert f"{block}bn1.running_mean" in changed
    assert [name for name in changed if not name.startswith(block)] == []


def test_all_but_the_first_convolution_trains() -> None:
    stream = make_stream("test_vit", "but_first")
    frozen = [name for name, p in stream.backbone.named_parameters() if not p.requires_grad]
    assert frozen == ["patch_embed.proj.weight", "patch_embed.proj.bias"]


def test_low_rank_additions_train_and_nothing_else_of_the_backbone() -> None:
    stream = make_stream("test_vit", "lora:4")
    rgb = torch.rand(1, 3, 64, 64)
    frozen = make_stream("test_vit", "frozen").eval()
    assert torch.equal(stream.eval().features(rgb), frozen.features(rgb))
    changed = {name for name in trained_step(stream) if name.startswith("backbone.")}
    assert {name.rsplit(".", 1)[-1] for name in changed} == {"up", "down"}
    layers = [part for part in frozen.backbone.modules() if isinstance(part, nn.Linear)]
    assert len(changed) == 2 * len(layers)


@pytest.mark.parametrize("name", ["test_vit", "test_efficientnet", "test_convnext"])
@pytest.mark.parametrize("tuning", ["trained", "partly:2"])
def test_layers_hold_every_parameter_once_from_input_to_output(name: str, tuning: str) -> None:
    stream = make_stream(name, tuning)
    layers = [list(layer.parameters()) for layer in stream.layers()]
    held = [id(parameter) for layer in layers for parameter in layer]
    assert len(held) == len(set(held))
    assert set(held) == {id(parameter) for parameter in stream.parameters()}
    first = stream.backbone.get_submodule(stream.backbone.pretrained_cfg["first_conv"])
    assert any(parameter is first.weight for parameter in layers[0])
    assert any(parameter is stream.match.weight for parameter in layers[-2])


def test_layers_of_a_backbone_that_does_not_name_its_layers() -> None:
    with torch.device("meta"):
        backbone = timm.create_model("caformer_s18", num_classes=0)
    assert not hasattr(backbone, "group_matcher")
    held = [id(p) for layer in parameters_by_depth(backbone) for p in layer]
    assert sorted(held) == sorted(id(p) for p in backbone.parameters())


@pytest.mark.parametrize(
    ("tuning", "reason"),
    [
        ("melted", "partly:N"),
        ("partly", "from 1"),
        ("partly:0", "from 1"),
        ("lora:many", "from 1"),
        ("frozen:2", "unknown"),
        ("partly:99", "layers"),
        ("lora:4", "linear layers"),
    ],
)
def test_what_cannot_be_tuned_is_refused(tuning: str, reason: str) -> None:
    with pytest.raises(WrongUsage, match=reason):
        tune(timm.create_model("test_efficientnet", num_classes=0), tuning)
