"""Streams of the pixels inside a network, from its settings."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from forensics.models import create_model
from forensics.models.checkpoint import OperatingPoint, find_checkpoint, save_checkpoint
from forensics.models.inputs import ModelInput
from forensics.models.network import FusionNetwork
from signals.errors import WrongUsage

timm = pytest.importorskip("timm")
BACKBONE = {"rgb": "backbone", "rgb_backbone": "test_vit"}


def make_model(**settings: Any) -> FusionNetwork:
    torch.manual_seed(0)
    return create_model("omgfuser_feature_tiny", signals=[], **settings)


def make_input() -> ModelInput:
    torch.manual_seed(1)
    return ModelInput(torch.rand(2, 3, 64, 96), {}, torch.ones(2, 1, 4, 6, dtype=torch.bool))


@pytest.mark.parametrize(
    "settings",
    [
        {"rgb": "conv"},
        {"rgb": "backbone", "rgb_backbone": "resnet18"},
        BACKBONE | {"rgb_training": "lora:4"},
        BACKBONE | {"rgb_training": "partly:1", "rgb_depth": 0},
        {"rgb": "backbone"},
    ],
    ids=["conv", "resnet", "lora", "partly", "default_backbone"],
)
def test_every_kind_trains_all_that_is_to_train(settings: dict[str, Any]) -> None:
    model = make_model(**settings).train()
    output = model(make_input())
    (output.map_logits.square().mean() + output.score_logits.square().mean()).backward()
    stream = model.get_submodule("rgb_stream")
    assert [name for name, p in stream.named_parameters() if p.requires_grad and p.grad is None] == []
    assert [name for name, p in stream.named_parameters() if not p.requires_grad and p.grad is not None] == []


@torch.no_grad()
def test_a_checkpoint_needs_no_file_that_the_training_started_from(tmp_path: Path) -> None:
    file = tmp_path / "start.safetensors"
    save_file(timm.create_model("test_vit").state_dict(), file)
    settings = BACKBONE | {"rgb_training": "lora:4", "rgb_weights": str(file)}
    model = make_model(**settings).eval()
    expected = model(make_input()).map_logits
    save_checkpoint(tmp_path / "own", model, "omgfuser_feature_tiny", settings, (), OperatingPoint(0.0, 0.0), {})
    file.unlink()
    assert torch.equal(find_checkpoint(tmp_path / "own").build()(make_input()).map_logits, expected)


def test_unknown_kinds_name_their_neighbours() -> None:
    with pytest.raises(WrongUsage, match="did you mean conv"):
        make_model(rgb="convv")
