"""Regions to copy: free outlines, and pieces of what a picture shows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from forensics.data.forge.recipe import Recipe
from forensics.data.forge.torch.draws import Draws

# Shapes drawn as a radius for each direction; ``grown`` stands for the recipe's segments and cutouts.
SHAPES = ("blob", "ellipse", "rectangle", "polygon", "grown")
GROWN = SHAPES.index("grown")
# Directions of an outline; cells a side of the copy of the picture on which regions grow, and steps of growth.
_DIRECTIONS = 360
_CELLS = 80
_GROWTH = 80
_CORNERS = 13


@dataclass(frozen=True, eq=False)
class Outlines:
    """Closed curves round the origin, one for each of n regions; on the CPU.

    Attributes:
        shape: int64 ``[n]``: places in ``SHAPES``; a region to be grown has an ellipse here.
        radius: float32 ``[n, 360]``: radius for each direction before ``stretch``; area 1.
        stretch: float32 ``[n, 2, 2]``, determinant 1: takes the curve to where it lies.
        compactness: float32 ``[n]``: how much a region to be grown keeps to its center.
    """

    shape: Tensor
    radius: Tensor
    stretch: Tensor
    compactness: Tensor

    def points(self) -> Tensor:
        """The curves: float32 ``[n, 2, 360]``, x and y."""
        turn = _directions()
        return self.stretch @ torch.stack([self.radius * turn.cos(), self.radius * turn.sin()], dim=1)


def draw_outlines(draws: Draws, recipe: Recipe, count: int) -> Outlines:
    """Draws shapes of area 1, stretched and turned."""
    weights = recipe.mask_kinds
    ellipses = weights.get("ellipse", 0.0)
    grown = weights.get("segments", 0.0) + weights.get("cutout", 0.0)
    shares = [weights.get("blob", 0.0), 0.6 * ellipses, 0.4 * ellipses, weights.get("polygon", 0.0), grown]
    shape = draws.choice(count, shares)
    turn = _directions().expand(count, -1)
    rectangle = 1 / torch.maximum(turn.cos().abs(), turn.sin().abs())
    curves = torch.stack([_blob(draws, turn), torch.ones_like(turn), rectangle, _polygon(draws, turn)])
    curves = torch.cat([curves, curves[1:2]])
    radius = curves[shape, torch.arange(count)]
    area = (radius**2).sum(dim=1) * torch.pi / _DIRECTIONS
    long = draws.uniform(count, 0.45, 2.2).sqrt()
    angle = torch.where(draws.chance(count, 0.5), draws.uniform(count, -torch.pi, torch.pi), 0.0)
    stretch = _rotation(angle) @ torch.diag_embed(torch.stack([long, 1 / long], dim=1))
    return Outlines(shape, radius / area.sqrt()[:, None], stretch, draws.uniform(count, 0.2, 1.2))


def inside_outlines(outlines: Outlines, places: Tensor) -> Tensor:
    """Which places lie inside.

    Args:
        places: float32 ``[n, h, w, 2]``, x and y in the curves' own measure, after ``stretch``.

    Returns:
        bool ``[n, h, w]`` on the device of the places.
    """
    device = places.device
    upright = torch.einsum("nij,nhwj->inhw", torch.linalg.inv(outlines.stretch).to(device), places)
    turn = torch.atan2(upright[1], upright[0]).remainder(2 * torch.pi) * (_DIRECTIONS / (2 * torch.pi))
    before = turn.floor()
    radius = torch.cat([outlines.radius, outlines.radius[:, :1]], dim=1).to(device)
    place = before.long().clamp(max=_DIRECTIONS - 1).flatten(1)
    low, high = (radius.gather(1, place + step).view_as(turn) for step in (0, 1))
    limit = low + (turn - before) * (high - low)
    return upright[0] ** 2 + upright[1] ** 2 < limit**2


def grow_regions(pixels: Tensor, seed: Tensor, area: Tensor, frame: Tensor, compactness: Tensor) -> Tensor:
    """Grows regions of similar color from seeds.

    Cells are ordered by how far their color and place are from the seed's; the best that make up the area, and hang
    together with the seed, are the region. A disc round the seed always belongs to it.

    Args:
        pixels: uint8 ``[n, 3, H, W]``.
        seed: float32 ``[n, 2]``, row and column.
        area: float32 ``[n]``: at most this share of the picture.
        frame: float32 ``[n, 2]``: height and width of the part from the upper left corner in which to stay.
        compactness: float32 ``[n]``.

    Returns:
        float32 ``[n, 1, cells, cells]`` in 0..1: the region where it is above one half, stretched over the picture.
    """
    device, extent = pixels.device, max(pixels.shape[2:])
    reach = (area * pixels.shape[2] * pixels.shape[3] / torch.pi).sqrt()[:, None, None]
    distance, framed, place = _cells(pixels, seed, frame)
    unlike = _unlike(pixels, place)
    cost = torch.where(framed, unlike + compactness[:, None, None] * distance / reach, torch.inf)
    wanted = (area * _CELLS**2).round().long().clamp(1, _CELLS**2)
    limit = cost.flatten(1).sort(dim=1).values.gather(1, wanted[:, None] - 1)[..., None]
    disc = (distance < (0.5 * reach).clamp(min=0.75 * extent / _CELLS)) & framed
    allowed = ((cost <= limit) | disc).float()[:, None]
    region = torch.zeros((len(pixels), _CELLS**2), device=device).scatter(1, place, 1.0).reshape(-1, 1, _CELLS, _CELLS)
    region = _flood(region, allowed)
    closed = -functional.max_pool2d(-functional.max_pool2d(region, 3, stride=1, padding=1), 3, stride=1, padding=1)
    # holes are what cannot be reached from beyond the picture
    beyond = 1 - functional.pad(closed, (1, 1, 1, 1))
    border = functional.pad(torch.zeros_like(closed), (1, 1, 1, 1), value=1.0)
    closed = 1 - _flood(border, beyond)[..., 1:-1, 1:-1]
    kernel = torch.tensor([0.25, 0.5, 0.25], device=device)
    smoothed = functional.pad(closed, (1, 1, 1, 1), mode="replicate")
    return functional.conv2d(smoothed, (kernel[:, None] * kernel)[None, None]) * framed[:, None]


def _cells(pixels: Tensor, seed: Tensor, frame: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of each cell the distance from the seed in pixels and whether it is in the frame; the number of the seed's."""
    height, width = pixels.shape[2:]
    size = torch.tensor([height, width], device=pixels.device)
    centers = (torch.arange(_CELLS, device=pixels.device) + 0.5) / _CELLS
    rows = (centers * height - seed[:, :1])[:, :, None]
    columns = (centers * width - seed[:, 1:])[:, None, :]
    framed = (centers * height < frame[:, :1])[:, :, None] & (centers * width < frame[:, 1:])[:, None, :]
    cell = (seed / size * _CELLS).long().clamp(0, _CELLS - 1)
    return (rows**2 + columns**2).sqrt(), framed, cell[:, :1] * _CELLS + cell[:, 1:]


def _unlike(pixels: Tensor, place: Tensor) -> Tensor:
    """How far each cell's color is from that of the cell at a place, in steps of 40 grey levels."""
    colors = functional.interpolate(pixels.float(), size=(_CELLS, _CELLS), mode="area")
    colors = functional.avg_pool2d(functional.pad(colors, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    root = colors.flatten(2).gather(2, place[:, None].expand(-1, 3, -1))[..., None]
    return ((colors - root) ** 2).sum(dim=1).sqrt() / 40


def _flood(start: Tensor, allowed: Tensor) -> Tensor:
    """What can be reached from the start through allowed cells: all float32 ``[n, 1, h, w]`` of zeros and ones."""
    for _ in range(_GROWTH):
        start = functional.max_pool2d(start, 3, stride=1, padding=1) * allowed
    return start


def _directions() -> Tensor:
    return torch.arange(_DIRECTIONS) * (2 * torch.pi / _DIRECTIONS)


def _rotation(angle: Tensor) -> Tensor:
    """float32 ``[n, 2, 2]``."""
    cosine, sine = angle.cos(), angle.sin()
    return torch.stack([torch.stack([cosine, -sine], dim=1), torch.stack([sine, cosine], dim=1)], dim=1)


def _blob(draws: Draws, turn: Tensor) -> Tensor:
    """1 and a few waves; the higher, the weaker."""
    count, wave = len(turn), torch.arange(1, 9)
    highest = draws.integer(count, 2, 8)[:, None]
    strength = 0.35 / wave * draws.normal((count, 8)) * (wave <= highest)
    phase = draws.uniform((count, 8), 0, 2 * torch.pi)
    waves = strength[..., None] * (wave[:, None] * turn[:, None] + phase[..., None]).cos()
    return (1 + waves.sum(dim=1)).clamp(min=0.15)


def _polygon(draws: Draws, turn: Tensor) -> Tensor:
    """Straight lines between corners: three a third of a turn apart, so that the center lies inside, and up to ten."""
    count = len(turn)
    corners = draws.integer(count, 3, _CORNERS - 3)[:, None]
    angle = draws.uniform((count, _CORNERS), 0, 2 * torch.pi)
    angle[:, :3] = draws.uniform((count, 1), 0, 2 * torch.pi / 3) + torch.arange(3) * (2 * torch.pi / 3)
    # corners too many fall on the first one
    spare = torch.arange(_CORNERS) >= 3 + corners
    angle = torch.where(spare, angle[:, :1], angle).remainder(2 * torch.pi)
    radius = draws.uniform((count, _CORNERS), 0.4, 1.0)
    radius = torch.where(spare, radius[:, :1], radius)
    order = angle.argsort(dim=1)
    angle, radius = angle.gather(1, order), radius.gather(1, order)
    after = torch.searchsorted(angle, turn.contiguous(), right=True)
    low, high = (after - 1).remainder(_CORNERS), after.remainder(_CORNERS)
    (a, b), (p, q) = ((values.gather(1, low), values.gather(1, high)) for values in (angle, radius))
    # the ray of the direction meets the line from corner (a, p) to corner (b, q)
    return p * q * (b - a).sin() / (p * (turn - a).sin() + q * (b - turn).sin()).clamp(min=1e-6)
