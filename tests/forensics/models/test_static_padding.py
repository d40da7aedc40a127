from __future__ import annotations

import pytest
import timm
import torch
from timm.layers.conv2d_same import Conv2dSame

from forensics.models.static_padding import fix_padding


@pytest.mark.parametrize("size", [(64, 96), (160, 32)])
def test_whole_patches_come_out_the_same(size: tuple[int, int]) -> None:
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False, features_only=True).eval()
    pixels = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = network(pixels)
        fix_padding(network)
        after = network(pixels)
    assert not any(isinstance(module, Conv2dSame) for module in network.modules())
    for first, second in zip(before, after, strict=True):
        torch.testing.assert_close(second, first, rtol=0, atol=0)
