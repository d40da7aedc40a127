"""Any backbone of timm brings pixels to the token grid."""

import pytest
import torch
from torch import nn

from forensics.models.attention import Transformer
from forensics.models.rgb.backbone import BackboneRgbStream, make_backbone
from signals.errors import WrongUsage

# plain and windowed transformers, convolutions with and without tags, and one that takes a single size of picture
BACKBONES = ["test_vit", "test_vit2.r160_in1k", "test_efficientnet", "test_resnet", "test_convnext", "test_mambaout"]


def make_stream(name: str, depth: int = 0, kernel: int = 1) -> BackboneRgbStream:
    torch.manual_seed(0)
    return BackboneRgbStream(make_backbone(name, 16), 32, 16, Transformer(depth, 32, 1), kernel)


@pytest.mark.parametrize("name", BACKBONES)
def test_every_kind_reaches_the_grid_and_trains(name: str) -> None:
    stream = make_stream(name, depth=1).train()
    tokens = stream(torch.rand(2, 3, 48, 80))
    assert tokens.shape == (2, 32, 3, 5)
    (tokens * torch.randn_like(tokens)).sum().backward()
    assert [name for name, p in stream.named_parameters() if p.grad is None] == []


@torch.no_grad()
@pytest.mark.parametrize("size", [(16, 16), (32, 64), (112, 48)])
def test_strides_that_are_not_the_patch(size: tuple[int, int]) -> None:
    with torch.device("meta"):
        rgb = torch.zeros(1, 3, *size)
        for name in ("vit_small_patch14_dinov2", "vit_base_patch32_224", "beit_base_patch16_224"):
            assert make_stream(name).eval()(rgb).shape == (1, 32, size[0] // 16, size[1] // 16)


@torch.no_grad()
@pytest.mark.parametrize("size", [(448, 448), (256, 320), (32, 64)])
def test_the_convolution_of_the_paper_reaches_the_grid(size: tuple[int, int]) -> None:
    with torch.device("meta"):
        tokens = make_stream("vit_small_patch14_dinov2", kernel=5).eval()(torch.zeros(1, 3, *size))
    assert tokens.shape == (1, 32, size[0] // 16, size[1] // 16)


def test_features_come_from_the_deepest_layer_of_the_nearest_stride() -> None:
    with torch.device("meta"):
        found = {
            (name, patch): (make_backbone(name, patch).stride, make_backbone(name, patch).channels)
            for name, patch in [("resnet18", 16), ("resnet18", 8), ("tf_efficientnet_lite0", 16), ("vgg11", 16)]
        }
    assert found == {
        ("resnet18", 16): (16, 256),
        ("resnet18", 8): (8, 128),
        ("tf_efficientnet_lite0", 16): (16, 112),
        ("vgg11", 16): (16, 512),
    }


@torch.no_grad()
def test_features_of_a_transformer_are_its_normed_patch_tokens() -> None:
    stream = make_stream("test_vit").eval()
    rgb = torch.rand(1, 3, 64, 96)
    normalized = (rgb - stream.mean[:, None, None]) / stream.std[:, None, None]
    tokens = stream.backbone.forward_features(normalized)[:, stream.backbone.num_prefix_tokens :]
    torch.testing.assert_close(stream.features(rgb).flatten(2).transpose(1, 2), tokens)


@torch.no_grad()
def test_pixels_are_normalized_as_the_backbone_was_trained() -> None:
    stream = make_stream("tf_efficientnet_lite0")
    assert stream.mean.tolist() == stream.std.tolist() == [0.5, 0.5, 0.5]
    assert make_stream("resnet18").mean.tolist() == pytest.approx([0.485, 0.456, 0.406])


@torch.no_grad()
def test_a_shift_of_the_picture_shifts_the_tokens() -> None:
    stream = make_stream("test_resnet").eval()
    for part in stream.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    rgb = torch.rand(1, 3, 480, 480)
    inner = stream(rgb)[..., 8:20, 8:20]
    shifted = stream(rgb.roll((16, 32), (2, 3)))[..., 9:21, 10:22]
    torch.testing.assert_close(shifted, inner, atol=1e-5, rtol=1e-4)


def test_unknown_backbones_name_their_neighbours() -> None:
    with pytest.raises(WrongUsage, match="vit_small_patch14_dinov2"):
        make_backbone("vit_smal_patch14_dinov2", 16)
    with pytest.raises(WrongUsage, match="hf_hub"):
        make_backbone("hf_hub:someone/something", 16)
