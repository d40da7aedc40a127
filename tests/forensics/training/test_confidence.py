"""The second phase: a head that learns where the map is right, beside a network that stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from forensics.inference import Predictor
from forensics.models import create_model
from forensics.models.checkpoint import OperatingPoint, find_checkpoint, save_checkpoint
from forensics.models.confidence import add_confidence_head
from forensics.models.inputs import ModelInput, ModelOutput, SignalInput
from forensics.training.cli import main
from forensics.training.confidence import ConfidenceLoss, true_class_probability
from forensics.training.losses import Truth
from forensics.training.module import FuserModule
from signals import Evidence, get_signal
from signals.errors import WrongUsage
from signals.signal import SignalSpec


def test_the_true_class_is_what_the_mask_says() -> None:
    logits = torch.tensor([2.0, 2.0, -1.0]).view(1, 1, 1, 3)
    found = true_class_probability(logits, torch.tensor([1.0, 0.0, 0.0]).view(1, 1, 1, 3))
    expected = torch.tensor([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2)), 1 / (1 + np.exp(-1))])
    torch.testing.assert_close(found.flatten(), expected.float())


def test_the_loss_is_the_squared_distance_away_from_borders() -> None:
    masks = torch.zeros(1, 1, 8, 8)
    masks[..., 4:] = 1.0
    map_logits = torch.full((1, 1, 8, 8), -50.0, requires_grad=True)
    confidence = torch.zeros(1, 1, 8, 8, requires_grad=True)
    output = ModelOutput(
        map_logits, torch.zeros(1), torch.zeros(1, 0, 1, 1), torch.zeros(1, 0, dtype=torch.bool), confidence
    )
    terms = ConfidenceLoss(border=(1, 2))(output, Truth(masks, torch.ones(1)))
    assert terms["confidence"].item() == pytest.approx(0.25)
    terms["confidence"].backward()
    assert map_logits.grad is None
    assert confidence.grad is not None
    # Sure of the left half and right, sure of the right half and wrong; columns 2 to 4 are the border.
    assert confidence.grad.sign()[0, 0, 0].tolist() == [-1, -1, 0, 0, 0, 1, 1, 1]


def test_a_network_without_the_head_is_refused() -> None:
    zeros = torch.zeros(1, 1, 2, 2)
    output = ModelOutput(zeros, torch.zeros(1), torch.zeros(1, 0, 1, 1), torch.zeros(1, 0, dtype=torch.bool))
    with pytest.raises(WrongUsage, match="phase confidence"):
        ConfidenceLoss()(output, Truth(zeros, torch.ones(1)))
    with pytest.raises(WrongUsage, match="name its checkpoint"):
        FuserModule("omgfuser_feature_tiny", phase="confidence")


def test_all_but_the_head_is_frozen_and_in_evaluation_mode(tiny_checkpoint: Path) -> None:
    module = FuserModule(base=str(tiny_checkpoint), phase="confidence")
    trained = {name for name, parameter in module.named_parameters() if parameter.requires_grad}
    assert trained
    assert all(name.startswith("model.confidence.") for name in trained)
    for mode in (True, False, True):
        module.train(mode)
        moving = {name for name, part in module.model.named_modules() if part.training}
        assert all(name.startswith("confidence") for name in moving)
        assert bool(moving) is mode


@pytest.fixture(scope="module")
def with_head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with a head that is sure of everything."""
    specs = tuple(get_signal(name).spec for name in ("dct", "splicebuster_counts"))
    torch.manual_seed(0)
    model = create_model("omgfuser_feature_tiny", list(specs))
    add_confidence_head(model)
    assert isinstance(model.confidence, nn.Module)
    nn.init.constant_(list(model.confidence.parameters())[-1], 50.0)
    folder = tmp_path_factory.mktemp("checkpoints") / "sure"
    save_checkpoint(folder, model, "omgfuser_feature_tiny", {}, specs, OperatingPoint(), {})
    return folder


def test_the_head_changes_neither_map_nor_score(with_head: Path, tiny_checkpoint: Path, photo_folder: Path) -> None:
    evidence = Evidence.open(sorted(photo_folder.iterdir())[0])
    plain = Predictor.load(tiny_checkpoint, "cpu").predict(evidence)
    sure = Predictor.load(with_head, "cpu").predict(evidence)
    assert plain.confidence is None
    assert sure.confidence is not None
    assert sure.confidence.shape == sure.map.shape
    assert sure.confidence.dtype == np.float32
    assert (sure.confidence > 0.99).all()
    assert np.array_equal(sure.map, plain.map)
    assert sure.score == plain.score


def test_an_output_has_confidence_where_there_is_a_head(with_head: Path) -> None:
    model = find_checkpoint(with_head).build()
    inputs = ModelInput(torch.rand(1, 3, 32, 48), {}, torch.ones(1, 1, 2, 3, dtype=torch.bool))
    confidence = model(inputs).confidence_logits
    assert confidence is not None
    assert confidence.shape == (1, 1, 32, 48)


@pytest.mark.parametrize(
    "name", ["omgfuser_score_tiny", "multistream_pyramid_tiny", "owaf_tiny", "early_mix_tiny", "rgb_unet_tiny"]
)
def test_networks_of_every_family_take_the_head(name: str) -> None:
    spec = SignalSpec("noise", "1", stride=8, kind="score")
    signals = () if name.startswith("rgb") else (spec,)
    model = create_model(name, signals).eval()
    add_confidence_head(model)
    values, valid = torch.rand(1, 1, 8, 8), torch.ones(1, 8, 8, dtype=torch.bool)
    signal = SignalInput(values, valid, torch.ones(1, dtype=torch.bool))
    membership = torch.ones(1, 1, 64 // model.patch_size, 64 // model.patch_size, dtype=torch.bool)
    output = model(ModelInput(torch.rand(1, 3, 64, 64), {"noise": signal}, membership))
    assert output.confidence_logits is not None
    assert output.confidence_logits.shape == output.map_logits.shape == (1, 1, 64, 64)


@pytest.mark.slow
def test_the_second_phase_of_a_checkpoint(tiny_checkpoint: Path, photo_folder: Path, tmp_path: Path) -> None:
    main(
        [
            "fit",
            "--config=confidence",
            f"--model.base={tiny_checkpoint}",
            f"--data.photos={photo_folder}",
            "--data.sizes=[[64,96],[96,64]]",
            "--data.batch_size=2",
            "--data.batches=8",
            "--data.validation_batches=2",
            "--data.workers=0",
            "--trainer.accelerator=cpu",
            "--trainer.logger=false",
            f"--trainer.default_root_dir={tmp_path}",
            f"--export.folder={tmp_path / 'new'}",
        ]
    )
    before, after = find_checkpoint(tiny_checkpoint), find_checkpoint(tmp_path / "new")
    old, new = before.build().state_dict(), after.build().state_dict()
    assert all(torch.equal(new[name], value) for name, value in old.items())
    assert {name for name in new if name not in old} == {name for name in new if name.startswith("confidence.")}
    assert after.fields["confidence"]
    assert after.fields["parent"]["sha256"] == before.sha256
    assert after.operating_point == before.operating_point
    untrained = FuserModule(base=str(tiny_checkpoint), phase="confidence").model.state_dict()
    moved = [name for name in new if name.startswith("confidence.") and not torch.equal(new[name], untrained[name])]
    assert len(moved) > 10
    assert json.dumps(after.fields)
