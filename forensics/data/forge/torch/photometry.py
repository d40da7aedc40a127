"""Changes of tone, color, noise and sharpness, and matching colors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from forensics.data.forge.recipe import Range
from forensics.data.forge.torch.draws import Draws, where
from forensics.data.forge.torch.resampling import blur, resample

# Ranges of the parameters of each operation, as for forgeries made from files.
OPERATIONS: dict[str, dict[str, Range]] = {
    "gamma": {"gamma": (0.7, 1.4)},
    "contrast": {"brightness": (-0.1, 0.1), "contrast": (-0.1, 0.1)},
    "color": {"hue": (-12, 12), "saturation": (-0.15, 0.15), "value": (-8, 8)},
    "noise": {"sigma": (1, 5)},
    "sharpen": {"alpha": (0.1, 0.4)},
    "blur": {"sigma": (0.4, 1.2)},
    "soften": {"scale": (0.6, 0.95)},
}
GLOBAL_EDITS = {"gamma": 1.0, "contrast": 1.0, "color": 0.7, "noise": 0.7, "sharpen": 0.5, "blur": 0.3}
RETOUCHES = {"gamma": 1.0, "contrast": 1.0, "color": 1.0, "noise": 0.7, "sharpen": 0.5, "blur": 1.0, "soften": 1.0}
NONE = -1
_NAMES = tuple(OPERATIONS)


@dataclass(frozen=True, eq=False)
class Operations:
    """At most one operation for each of n pictures; on the CPU.

    Attributes:
        kind: int64 ``[n]``: places in ``OPERATIONS``; -1 for none.
        values: float32 ``[n, 3]``: its parameters in the order of their names there.
    """

    kind: Tensor
    values: Tensor

    def __getitem__(self, places: Tensor) -> Operations:
        return Operations(self.kind[places], self.values[places])

    def to_json(self, place: int) -> list[dict[str, Any]]:
        """What is done to one picture, for a history."""
        if self.kind[place] == NONE:
            return []
        name = _NAMES[int(self.kind[place])]
        values = self.values[place].tolist()
        return [{"name": name, **dict(zip(OPERATIONS[name], values, strict=False))}]


def draw_operations(draws: Draws, weights: dict[str, float], active: Tensor) -> Operations:
    """Draws an operation and its parameters wherever bool ``[n]`` is True."""
    count = len(active)
    kind = torch.tensor([_NAMES.index(name) for name in weights])[draws.choice(count, weights)]
    bounds = torch.zeros(len(_NAMES), 3, 2)
    for row, parameters in enumerate(OPERATIONS.values()):
        bounds[row, : len(parameters)] = torch.tensor(list(parameters.values()))
    values = draws.uniform((count, 3), bounds[kind, :, 0], bounds[kind, :, 1])
    return Operations(torch.where(active, kind, NONE), values)


def operate(pixels: Tensor, operations: Operations, noise: torch.Generator) -> Tensor:
    """Applies them.

    Args:
        pixels: float32 ``[n, 3, H, W]`` RGB in 0..255; not changed.
        noise: On the device of the pixels.

    Returns:
        float32 ``[n, 3, H, W]`` in 0..255.
    """
    result = pixels.clone()
    for place, name in enumerate(_NAMES):
        group = where(operations.kind == place)
        if len(group):
            chosen = group.to(pixels.device)
            result[chosen] = _OPERATE[name](pixels[chosen], operations.values[group], noise).clamp(0, 255)
    return result


def match_colors(layer: Tensor, host: Tensor, region: Tensor, strength: Tensor) -> Tensor:
    """Moves mean and deviation of a region's colors to those of the place it covers (after Reinhard et al. 2001).

    Luma and two color differences take the place of the paper's decorrelated space.

    Args:
        layer: float32 ``[n, 3, H, W]`` RGB in 0..255: what will be pasted.
        host: The same shape: what it will cover.
        region: bool ``[n, 1, H, W]``.
        strength: float32 ``[n]``: 0 leaves the layer as it is, 1 moves it all the way.
    """
    weight = region.float()
    total = weight.sum(dim=(2, 3), keepdim=True).clamp(min=1)

    def moments(colors: Tensor) -> tuple[Tensor, Tensor]:
        mean = (colors * weight).sum(dim=(2, 3), keepdim=True) / total
        return mean, (((colors - mean) ** 2 * weight).sum(dim=(2, 3), keepdim=True) / total).sqrt()

    ours = _to_luma_and_differences(layer)
    mean, deviation = moments(ours)
    target_mean, target_deviation = moments(_to_luma_and_differences(host))
    gain = (target_deviation / deviation.clamp(min=1)).clamp(0.6, 1.6)
    moved = (ours - mean) * gain + target_mean
    mixed = ours + strength.to(layer.device)[:, None, None, None] * (moved - ours)
    return _to_rgb(mixed).clamp(0, 255)


def _to_luma_and_differences(pixels: Tensor) -> Tensor:
    red, green, blue = pixels.unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return torch.stack([luma, blue - luma, red - luma], dim=1)


def _to_rgb(colors: Tensor) -> Tensor:
    luma, blue, red = colors.unbind(1)
    red, blue = red + luma, blue + luma
    return torch.stack([red, (luma - 0.299 * red - 0.114 * blue) / 0.587, blue], dim=1)


def _parameter(values: Tensor, place: int, pixels: Tensor) -> Tensor:
    """One parameter of ``[k, 3]``, ready to be multiplied with pictures: ``[k, 1, 1, 1]`` on their device."""
    return values[:, place, None, None, None].to(pixels.device)


def _gamma(pixels: Tensor, values: Tensor, noise: torch.Generator) -> Tensor:
    return 255 * (pixels / 255) ** _parameter(values, 0, pixels)


def _contrast(pixels: Tensor, values: Tensor, noise: torch.Generator) -> Tensor:
    return pixels * (1 + _parameter(values, 1, pixels)) + 255 * _parameter(values, 0, pixels)


def _color(pixels: Tensor, values: Tensor, noise: torch.Generator) -> Tensor:
    """Turns both color differences by the hue (degrees), stretches them, and moves luma."""
    luma, blue, red = _to_luma_and_differences(pixels).unbind(1)
    hue, saturation, value = (_parameter(values, place, pixels)[:, 0] for place in range(3))
    turn, stretch = torch.deg2rad(hue), 1 + saturation
    # scaled to equal lengths, as Cb and Cr are, so that turning keeps the saturation
    blue, red = blue / 1.772, red / 1.402
    turned = blue * turn.cos() - red * turn.sin(), blue * turn.sin() + red * turn.cos()
    return _to_rgb(torch.stack([luma + value, 1.772 * stretch * turned[0], 1.402 * stretch * turned[1]], dim=1))


def _noise(pixels: Tensor, values: Tensor, noise: torch.Generator) -> Tensor:
    return pixels + _parameter(values, 0, pixels) * torch.randn(pixels.shape, generator=noise, device=pixels.device)


def _sharpen(pixels: Tensor, values: Tensor, noise: torch.Generator) -> Tensor:
    return pixels + 2 * _parameter(values, 0, pixels) * (pixels - blur(pixels, torch.ones(len(pixels)), reach=2))


def _blur(pixels: Tensor, values: Tensor, noise: torch.Generator) -> Tensor:
    return blur(pixels, values[:, 0], reach=3)


def _soften(pixels: Tensor, values: Tensor, noise: torch.Generator) -> Tensor:
    """Reduces and enlarges again."""
    scale, start, size = values[:, 0], torch.zeros(len(pixels), 2), (pixels.shape[2], pixels.shape[3])
    return resample(resample(pixels, scale, start, size, "area"), 1 / scale, start, size, "bicubic")


_OPERATE = {
    "gamma": _gamma,
    "contrast": _contrast,
    "color": _color,
    "noise": _noise,
    "sharpen": _sharpen,
    "blur": _blur,
    "soften": _soften,
}
