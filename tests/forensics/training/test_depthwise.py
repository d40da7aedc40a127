"""Depthwise convolutions outside of autocast."""

import copy

import pytest
import torch
from torch import nn

from forensics.training.depthwise import keep_depthwise_single


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 4, 1))


def kinds(parts: nn.Sequential, pixels: torch.Tensor) -> list[torch.dtype]:
    with torch.autocast("cpu", torch.bfloat16):
        return [(pixels := part(pixels)).dtype for part in parts]


def test_depthwise_convolutions_alone_stay_in_single_precision() -> None:
    parts = network()
    keep_depthwise_single(parts)
    assert kinds(parts, torch.rand(1, 3, 8, 8)) == [torch.bfloat16, torch.float32, torch.bfloat16]
    assert kinds(copy.deepcopy(parts), torch.rand(1, 3, 8, 8))[1] is torch.float32


def test_without_autocast_nothing_changes() -> None:
    parts, pixels = network(), torch.rand(1, 3, 8, 8)
    expected = parts(pixels)
    keep_depthwise_single(parts)
    assert torch.equal(parts(pixels), expected)


def test_autocast_is_back_after_an_error() -> None:
    parts = network()
    keep_depthwise_single(parts)
    with torch.autocast("cpu", torch.bfloat16):
        with pytest.raises(RuntimeError):
            parts[1](torch.rand(1, 5, 8, 8))
        assert torch.is_autocast_enabled("cpu")
