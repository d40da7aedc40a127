"""What the baseline that reads pixels only does beyond what every family must."""

from dataclasses import replace
from pathlib import Path

import pytest
import segmentation_models_pytorch as smp
import torch
from torch import nn

from forensics.models import create_model
from forensics.models.factory import create_stream
from forensics.models.inputs import SignalInput, Streams
from forensics.models.rgb_baseline.network import RgbUnet
from signals.errors import WrongUsage
from tests.forensics.models.families import SCORE, make_input, make_model


@pytest.fixture(scope="module")
def model() -> RgbUnet:
    model = make_model("rgb_unet_tiny", [])
    assert isinstance(model, RgbUnet)
    return model


@torch.no_grad()
def test_attributes(model: RgbUnet) -> None:
    assert (model.stream_names, model.signal_names, model.patch_size, model.tile_size) == (("rgb",), (), 32, 128)
    assert model(make_input(model)).stream_logits.shape == (2, 0, 2, 3)


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
    inputs = make_input(model)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalized = (inputs.rgb - mean[:, None, None]) / std[:, None, None]
    torch.testing.assert_close(model(inputs).map_logits, unet(normalized))


def test_signals_are_refused(model: RgbUnet) -> None:
    with pytest.raises(WrongUsage, match=r"reads pixels only.*score"):
        create_model("rgb_unet_tiny", [SCORE])
    with pytest.raises(WrongUsage, match="reads pixels only"):
        create_stream("rgb_unet_tiny", SCORE)
    present = torch.ones(2, dtype=torch.bool)
    signal = SignalInput(torch.rand(2, 1, 64, 96), torch.ones(2, 64, 96, dtype=torch.bool), present)
    inputs = make_input(model)
    with torch.no_grad():
        assert torch.equal(model(replace(inputs, signals={"score": signal})).map_logits, model(inputs).map_logits)
    with pytest.raises(WrongUsage, match="reads pixels only"):
        model.run_stream(nn.Identity(), signal, inputs)


def test_what_cannot_be_done_is_wrong_usage(model: RgbUnet) -> None:
    streams = model.encode(inputs := make_input(model), model.presence(inputs))
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
