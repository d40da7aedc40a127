"""Encoders by name: cut to a depth, filled from files."""

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from segmentation_models_pytorch.encoders import get_encoder

from forensics.models import create_model
from forensics.models.multistream.encoders import load_encoder, make_encoder
from forensics.models.rgb import weights
from forensics.models.rgb.weights import WeightPackage
from signals.errors import CheckpointMismatch, CheckpointMissing, WrongUsage
from signals.signal import SignalSpec

SCORE = SignalSpec("score", "1", kind="score")


@pytest.mark.parametrize(
    ("name", "channels", "depth"),
    [("resnet18", 8, 2), ("tu-mobilenetv2_035", 3, 3), ("mobilenet_v2", 4, 4), ("mit_b0", 3, 2), ("resnet18", 3, 5)],
)
def test_cutting_an_encoder_changes_nothing_of_its_levels(name: str, channels: int, depth: int) -> None:
    torch.manual_seed(0)
    cut = make_encoder(name, channels, depth).eval()
    torch.manual_seed(0)
    whole: Any = get_encoder(name, in_channels=channels, depth=depth, weights=None).eval()
    cells = torch.rand(2, channels, 96, 64)
    for got, expected in zip(cut(cells), whole(cells), strict=True):
        assert torch.equal(got, expected)
    sum(level.sum() for level in cut(cells)[1:]).backward()
    assert all(parameter.grad is not None for parameter in cut.parameters())
    assert len(list(cut.parameters())) <= len(list(whole.parameters()))


def test_layers_past_the_last_level_are_gone() -> None:
    shallow, deep = (sum(p.numel() for p in make_encoder("resnet18", 3, depth).parameters()) for depth in (2, 5))
    # The stem and the first stage of ResNet-18: 9,536 and 147,968 parameters.
    assert (shallow, deep) == (9_536 + 147_968, 11_176_512)


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    """A file of timm, classifier included, fills the encoder that timm's features make."""
    trained = timm.create_model("mobilenetv2_035", pretrained=False)
    torch.save(trained.state_dict(), path := tmp_path / "mobilenet.pth")
    encoder = make_encoder("tu-mobilenetv2_035", 3, 5, str(path)).eval()
    pixels = torch.rand(1, 3, 64, 64)
    expected = trained.eval().forward_intermediates(pixels, intermediates_only=True)
    for got, wanted in zip(encoder(pixels)[1:], expected, strict=True):
        torch.testing.assert_close(got, wanted)
    model = create_model("multistream_tiny", [SCORE], rgb_weights=str(path))
    torch.testing.assert_close(model.rgb_stream.encoder.encoder.state_dict(), encoder.state_dict())


def test_weights_come_from_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package fills it, and says what its pixels were like."""
    trained = timm.create_model("mobilenetv2_035", pretrained=False)
    (tmp_path / "lender").mkdir()
    torch.save(trained.state_dict(), tmp_path / "lender" / "m.pth")
    package = WeightPackage("lender", "lender", "m.pth", "classifier.", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    monkeypatch.setitem(weights._PACKAGES, "mobilenetv2_035", package)
    monkeypatch.syspath_prepend(str(tmp_path))
    stream = create_model("multistream_tiny", [SCORE], rgb_weights="package").rgb_stream
    assert torch.equal(next(stream.encoder.encoder.parameters()), trained.conv_stem.weight)
    torch.testing.assert_close(stream.mean, torch.tensor(package.mean))
    torch.testing.assert_close(stream.std, torch.tensor(package.std))


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    encoder = make_encoder("resnet18", 3, 5)
    with pytest.raises(CheckpointMissing, match="nowhere"):
        load_encoder(encoder, "resnet18", str(tmp_path / "nowhere.pth"))
    (damaged := tmp_path / "damaged.pth").write_bytes(b"no weights")
    with pytest.raises(CheckpointMismatch, match="cannot be read"):
        load_encoder(encoder, "resnet18", str(damaged))
    torch.save(make_encoder("resnet18", 4, 5).state_dict(), other := tmp_path / "other.pth")
    with pytest.raises(CheckpointMismatch, match=r"conv1\.weight is \(64, 4, 7, 7\) instead of \(64, 3, 7, 7\)"):
        load_encoder(encoder, "resnet18", str(other))


def test_encoders_that_cannot_serve_are_wrong_usage() -> None:
    with pytest.raises(WrongUsage, match="unknown encoder"):
        make_encoder("tu-nothing", 3, 5)
    with pytest.raises(WrongUsage, match="cannot read 3 channels in 1 halvings"):
        make_encoder("efficientnet-b0", 3, 1)
