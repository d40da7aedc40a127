"""Pasting regions into pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from forensics.data.forge.torch.draws import where
from forensics.data.forge.torch.edits import BLENDS, KERNELS, Edits
from forensics.data.forge.torch.photometry import match_colors, operate
from forensics.data.forge.torch.placement import Placement
from forensics.data.forge.torch.resampling import blur, sample

# Reach of soft edges in pixels: three times the largest sigma of the recipes.
_REACH = 9


@dataclass(frozen=True, eq=False)
class Composite:
    """Edited pictures.

    Attributes:
        pixels: uint8 ``[n, 3, H, W]``.
        mask: bool ``[n, 1, H, W]``: where the alpha of what was pasted is above one half.
    """

    pixels: Tensor
    mask: Tensor


def compose(hosts: Tensor, sources: Tensor, edits: Edits, placed: Placement, noise: torch.Generator) -> Composite:
    """Carries edits out.

    Args:
        hosts: uint8 ``[n, 3, H, W]``.
        sources: The same shape: what regions are cut from; for a copy-move the host itself.
        placed: Where regions lie.
        noise: On their device.
    """
    host = hosts.float()
    layer = _read(sources.float(), edits, placed)
    for retouch in edits.retouches:
        layer = operate(layer, retouch, noise)
    matched = where(edits.color_strength > 0)
    if len(matched):
        chosen = matched.to(hosts.device)
        layer[chosen] = match_colors(layer[chosen], host[chosen], placed.region[chosen], edits.color_strength[matched])
    layer = layer.round()
    alpha = placed.region.float()
    soft = where(edits.blend == BLENDS.index("feather"))
    if len(soft):
        alpha[soft.to(hosts.device)] = blur(alpha[soft.to(hosts.device)], edits.sigma[soft], _REACH)
    result = host + alpha * (layer - host)
    seamed = where(edits.blend == BLENDS.index("edge_blur"))
    if len(seamed):
        chosen = seamed.to(hosts.device)
        hard = result[chosen]
        result[chosen] = torch.where(_seam(alpha[chosen]), blur(hard, edits.sigma[seamed], _REACH), hard)
    return Composite(result.round().clamp(0, 255).to(torch.uint8), alpha > 0.5)


def _read(sources: Tensor, edits: Edits, placed: Placement) -> Tensor:
    """What each pixel shows of its source."""
    layer = torch.empty_like(sources)
    for place, kernel in enumerate(KERNELS):
        group = where(edits.kernel == place).to(sources.device)
        if len(group):
            layer[group] = sample(sources[group], placed.places[group], kernel)
    return layer.clamp(0, 255)


def _seam(region: Tensor) -> Tensor:
    """Two pixels on both sides of a region's border: bool."""
    return functional.max_pool2d(region, 5, 1, 2) + functional.max_pool2d(-region, 5, 1, 2) > 0
