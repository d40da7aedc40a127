"""The baseline that reads pixels only."""

from dataclasses import replace
from pathlib import Path

import pytest
import segmentation_models_pytorch as smp
import torch
from torch import nn

from forensics.models import create_model
from forensics.models.factory import create_stream
from forensics.models.inputs import ModelInput, SignalInput, Streams
from forensics.models.rgb_baseline.network import RgbUnet
from signals.errors import WrongUsage
from signals.signal import SignalSpec

SCORE = SignalSpec("score", "1", kind="score")


def make_input(batch: int = 2, size: tuple[int, int] = (64, 96)) -> ModelInput:
    generator = torch.Generator().manual_seed(0)
    membership = torch.ones(batch, 1, size[0] // 32, size[1] // 32, dtype=torch.bool)
    return ModelInput(torch.rand(batch, 3, *size, generator=generator), {}, membership)


@pytest.fixture(scope="module")
def model() -> RgbUnet:
    torch.manual_seed(0)
    model = create_model("rgb_unet_tiny", [])
    assert isinstance(model, RgbUnet)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.1, 0.1)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    return model.eval()


@torch.no_grad()
@pytest.mark.parametrize("size", [(64, 96), (32, 32), (160, 64)])
def test_shapes(model: RgbUnet, size: tuple[int, int]) -> None:
    output = model(make_input(size=size))
    assert output.map_logits.shape == (2, 1, *size)
    assert output.score_logits.shape == (2,)
    assert output.stream_logits.shape == (2, 0, size[0] // 32, size[1] // 32)
    assert (model.stream_names, model.signal_names, model.patch_size, model.tile_size) == (("rgb",), (), 32, 128)


@torch.no_grad()
def test_the_map_is_that_of_the_library(model: RgbUnet) -> None:
    """The steps of the contract give what segmentation-models-pytorch gives with the same weights."""
    unet = smp.Unet(
        "tu-mobilenetv2_035",
        encoder_weights=None,
        decoder_channels=(32, 24, 16, 16, 8),
        decoder_interpolation="bilinear",
    ).eval()
    unet.load_state_dict(model.unet.state_dict())
    inputs = make_input()
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalized = (inputs.rgb - mean[:, None, None]) / std[:, None, None]
    torch.testing.assert_close(model(inputs).map_logits, unet(normalized))


@torch.no_grad()
def test_samples_do_not_see_each_other(model: RgbUnet) -> None:
    inputs = make_input(3)
    order = torch.tensor([2, 0, 1])
    whole, turned = model(inputs), model(inputs.select(order))
    torch.testing.assert_close(turned.map_logits, whole.map_logits[order], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(turned.score_logits, whole.score_logits[order], atol=1e-5, rtol=1e-4)
    alone = model(inputs.select(order[:1]))
    torch.testing.assert_close(alone.map_logits[0], whole.map_logits[2], atol=1e-5, rtol=1e-4)


def test_every_trainable_parameter_gets_a_gradient(model: RgbUnet) -> None:
    model.zero_grad()
    output = model(make_input())
    (output.map_logits.square().mean() + output.score_logits.square().mean()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_mixed_precision_step() -> None:
    model = create_model("rgb_unet_tiny", []).train()
    with torch.autocast("cpu", torch.bfloat16):
        output = model(make_input(size=(128, 128)))
    assert output.map_logits.dtype == output.score_logits.dtype == torch.float32
    (output.map_logits.mean() + output.score_logits.mean()).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


def test_signals_are_refused(model: RgbUnet) -> None:
    with pytest.raises(WrongUsage, match=r"reads pixels only.*score"):
        create_model("rgb_unet_tiny", [SCORE])
    with pytest.raises(WrongUsage, match="reads pixels only"):
        create_stream("rgb_unet_tiny", SCORE)
    present = torch.ones(2, dtype=torch.bool)
    signal = SignalInput(torch.rand(2, 1, 64, 96), torch.ones(2, 64, 96, dtype=torch.bool), present)
    inputs = make_input()
    with torch.no_grad():
        assert torch.equal(model(replace(inputs, signals={"score": signal})).map_logits, model(inputs).map_logits)
    with pytest.raises(WrongUsage, match="reads pixels only"):
        model.run_stream(nn.Identity(), signal, inputs)


def test_what_cannot_be_done_is_wrong_usage(model: RgbUnet) -> None:
    with pytest.raises(WrongUsage, match="multiple"):
        model(replace(make_input(), rgb=torch.zeros(2, 3, 60, 96)))
    streams = model.encode(inputs := make_input(), model.presence(inputs))
    with pytest.raises(WrongUsage, match="rgb"):
        model.fuse(Streams(streams.levels, torch.tensor([[True], [False]])))
    with pytest.raises(WrongUsage, match="unknown encoder"):
        create_model("rgb_unet_tiny", [], encoder="resnet_18")
    with pytest.raises(WrongUsage, match="5 widths"):
        create_model("rgb_unet_tiny", [], decoder=(8, 8))


def test_the_encoder_starts_from_a_file(model: RgbUnet, tmp_path: Path) -> None:
    torch.save(model.unet.encoder.state_dict(), path := tmp_path / "encoder.pth")
    filled = create_model("rgb_unet_tiny", [], weights=str(path))
    torch.testing.assert_close(filled.unet.encoder.state_dict(), model.unet.encoder.state_dict())
