"""Convolutions whose padding depends on the picture's size, as TensorFlow's do, with a fixed one in its place."""

from __future__ import annotations

from typing import Any

from timm.layers.conv2d_same import Conv2dSame
from torch import nn


def fix_padding(network: nn.Module) -> None:
    """Replaces, in place, each convolution whose padding depends on the size.

    Where the size is a multiple of its stride, as it is at every level of a network that takes whole patches and goes
    no deeper than a patch, the result is the same; in a graph the sizes stay plain multiples instead of terms that
    grow from layer to layer.
    """
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Conv2dSame):
                setattr(module, name, _with_fixed_padding(child))


def _with_fixed_padding(conv: Any) -> nn.Module:
    spans = zip(conv.kernel_size, conv.stride, conv.dilation, strict=True)
    rows, columns = (max((kernel - 1) * dilation + 1 - stride, 0) for kernel, stride, dilation in spans)
    plain = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        dilation=conv.dilation,
        groups=conv.groups,
        bias=conv.bias is not None,
        device="meta",
    )
    plain.weight, plain.bias = conv.weight, conv.bias
    return nn.Sequential(
        nn.ZeroPad2d((columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)),
        plain,
    )
