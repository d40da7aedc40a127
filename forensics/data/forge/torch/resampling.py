"""Changing the size of pictures, each by a scale of its own, and sampling them at any places."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

# Half the width of each kernel in pixels; the last two widen when a picture is reduced, and "linear" does not.
_REACH = {"area": 0.5, "linear": 1.0, "bicubic": 2.0, "lanczos": 3.0}
# Rows of the result that are computed from one run of rows of the source.
_RUN = 64


def resample(pixels: Tensor, scale: Tensor, start: Tensor, size: tuple[int, int], kernel: str) -> Tensor:
    """Enlarges or reduces windows.

    Args:
        pixels: ``[n, 3, H, W]``; what a kernel reads past the edge repeats the last row or column.
        scale: float32 ``[n]`` (CPU), above 1 enlarges.
        start: float32 ``[n, 2]`` (CPU): row and column of the source at the upper left corner of the result.
        size: Height and width of the result.
        kernel: ``area`` (means over the pixels that are covered), ``linear`` (without smoothing), ``bicubic`` or
            ``lanczos`` (kernels that widen when a picture is reduced).

    Returns:
        float32 ``[n, 3, height, width]``, not rounded or cut to 0..255.
    """
    rows = _resample_rows(pixels, scale, start[:, 0], size[0], kernel)
    return _resample_rows(rows.transpose(2, 3), scale, start[:, 1], size[1], kernel).transpose(2, 3)


def sample(pixels: Tensor, places: Tensor, kernel: str) -> Tensor:
    """Reads pictures at any places, edges repeated; exact at whole pixels.

    Args:
        pixels: float32 ``[n, C, H, W]``.
        places: float32 ``[n, h, w, 2]``, column and row.
        kernel: ``linear`` or ``cubic``.

    Returns:
        float32 ``[n, C, h, w]``.
    """
    size = torch.tensor([pixels.shape[3], pixels.shape[2]], device=pixels.device)
    grid = (2 * places + 1) / size - 1
    mode = "bilinear" if kernel == "linear" else "bicubic"
    return functional.grid_sample(pixels, grid, mode=mode, padding_mode="border", align_corners=False)


def blur(planes: Tensor, sigma: Tensor, reach: int) -> Tensor:
    """Gaussian blur, edges repeated, each picture with a sigma of its own.

    Args:
        planes: float32 ``[n, C, H, W]``.
        sigma: float32 ``[n]`` in pixels, above 0.
        reach: Pixels that the kernel reaches each way.
    """
    steps = torch.arange(-reach, reach + 1, device=planes.device)
    weights = torch.exp(-(steps**2) / (2 * sigma.to(planes.device)[:, None] ** 2))
    weights = (weights / weights.sum(1, keepdim=True))[:, None, :, None, None]
    framed = functional.pad(planes, (reach, reach, reach, reach), mode="replicate")
    height, width = planes.shape[2:]
    rows = sum(weights[:, :, k] * framed[:, :, k : k + height] for k in range(len(steps)))
    assert isinstance(rows, Tensor)
    both = sum(weights[:, :, k] * rows[..., k : k + width] for k in range(len(steps)))
    assert isinstance(both, Tensor)
    return both


def _resample_rows(pixels: Tensor, scale: Tensor, start: Tensor, height: int, kernel: str) -> Tensor:
    """``[n, C, H, W]`` to float32 ``[n, C, height, W]``, as products of dense runs of a matrix that is mostly zero."""
    device = pixels.device
    count, channels, length, width = pixels.shape
    widening = torch.ones_like(scale) if kernel == "linear" else (1 / scale).clamp(min=1)
    reach = _REACH[kernel] * widening
    runs = -(-height // _RUN)
    # in pixels of the source, whose first lies at 0
    centers = (torch.arange(runs * _RUN) + 0.5) / scale[:, None] + start[:, None] - 0.5
    centers = centers.reshape(-1, runs, _RUN)
    first = (centers[..., :1] - reach[:, None, None]).floor()
    taps = math.ceil(float(((_RUN - 1) / scale + 2 * reach).max())) + 2
    rows = first + torch.arange(taps)
    distances = ((rows[:, :, None] - centers[..., None]) / widening[:, None, None, None]).to(device)
    weights = _weights(distances, kernel, scale.to(device)[:, None, None, None])
    weights = weights / weights.sum(dim=-1, keepdim=True)
    rows = rows.long().clamp(0, length - 1).to(device)
    planes = torch.arange(count * channels, device=device).reshape(count, channels, 1, 1) * length
    read = pixels.reshape(-1, width).index_select(0, (planes + rows[:, None]).flatten())
    read = read.reshape(count, channels, runs, taps, width).float()
    return (weights[:, None] @ read).flatten(2, 3)[:, :, :height]


def _weights(distance: Tensor, kernel: str, scale: Tensor) -> Tensor:
    away = distance.abs()
    if kernel == "area":
        # the share of the pixel that lies under the box; distances are in widths of the box when reducing
        box, pixel = 0.5, 0.5 * scale.clamp(max=1)
        return (torch.minimum(away + pixel, torch.full_like(away, box)) - (away - pixel).clamp(min=-box)).clamp(min=0)
    if kernel == "linear":
        return (1 - away).clamp(min=0)
    if kernel == "bicubic":
        near = (1.5 * away - 2.5) * away**2 + 1
        far = ((-0.5 * away + 2.5) * away - 4) * away + 2
        return torch.where(away < 1, near, torch.where(away < 2, far, 0.0))
    return torch.where(away < 3, torch.sinc(distance) * torch.sinc(distance / 3), 0.0)
