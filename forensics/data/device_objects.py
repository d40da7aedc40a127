"""Objects of whole batches without leaving the device, in place of a segmentation picture by picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from forensics.objects import Rule

# Regions a side at each level: 56 in all, overlapping as the regions of several scales that analysis finds.
LEVELS = (6, 4, 2)
# Probes a side of a patch; grey levels that weigh as much as one step between the centers of regions.
_SAMPLES = 2
_COLOR_STEP = 24.0
_ROUNDS = 5


def batch_membership(pixels: Tensor, patch: int, rule: Rule) -> Tensor:
    """Which patches belong together: k-means over color and place at three scales (after SLIC, Achanta et al. 2012).

    One object for the whole picture would train a network that sees everything at once, and analysis would then show
    it something else: regions of like color and several sizes. These are such regions.

    Args:
        pixels: uint8 ``[B, 3, H, W]``, H and W multiples of the patch size.
        patch: Side of a patch in pixels.
        rule: ``any``: a region owns the patches it overlaps at all; ``majority``: those it covers for more than half.

    Returns:
        bool ``[B, K + 1, H / patch, W / patch]``; the last object is the background: the patches in no other.
    """
    rows, columns = (side // patch * _SAMPLES for side in pixels.shape[2:])
    colors = functional.interpolate(pixels.float(), size=(rows, columns), mode="area").flatten(2).transpose(1, 2)
    device = pixels.device
    owned = []
    for side in LEVELS:
        labels = _cluster(colors, _places(rows, columns, side, device), side)
        regions = (
            functional.one_hot(labels, side * side).transpose(1, 2).float().reshape(len(pixels), -1, rows, columns)
        )
        coverage = functional.avg_pool2d(regions, _SAMPLES)
        owned.append(coverage > (0.5 if rule == "majority" else 0.0))
    objects = torch.cat(owned, dim=1)
    return torch.cat([objects, ~objects.any(dim=1, keepdim=True)], dim=1)


def _places(rows: int, columns: int, side: int, device: torch.device) -> Tensor:
    """Row and column of each probe in steps between centers: float32 ``[rows * columns, 2]``."""
    y, x = torch.meshgrid(
        (torch.arange(rows, device=device) + 0.5) * (side / rows),
        (torch.arange(columns, device=device) + 0.5) * (side / columns),
        indexing="ij",
    )
    return torch.stack([y, x], dim=-1).flatten(0, 1)


def _cluster(colors: Tensor, places: Tensor, side: int) -> Tensor:
    """Number of the region of each probe: int64 ``[B, N]``; the first centers lie on a lattice."""
    features = torch.cat([colors / _COLOR_STEP, places.expand(len(colors), -1, -1)], dim=2)
    first = functional.one_hot(
        (places.long() * torch.tensor([side, 1], device=places.device)).sum(dim=1), side * side
    ).float()
    share = first.expand(len(colors), -1, -1)
    centers = torch.zeros_like(features[:, : side * side])
    labels = torch.zeros(features.shape[:2], dtype=torch.int64, device=features.device)
    for _ in range(_ROUNDS):
        counts = share.sum(dim=1)[..., None]
        centers = torch.where(counts > 0, share.transpose(1, 2) @ features / counts.clamp(min=1), centers)
        # without the probes' own squares, which are the same for all centers
        labels = ((centers**2).sum(dim=2)[:, None] - 2 * features @ centers.transpose(1, 2)).argmin(dim=2)
        share = functional.one_hot(labels, side * side).float()
    return labels
