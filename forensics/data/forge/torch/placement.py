"""Where a region is cut out and where it goes, decided on the device by what the pictures show."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from forensics.data.forge.recipe import Recipe
from forensics.data.forge.torch.draws import where
from forensics.data.forge.torch.edits import Edits
from forensics.data.forge.torch.regions import GROWN, grow_regions, inside_outlines
from forensics.data.forge.torch.resampling import sample

BLOCK = 8
# Least pixels of a region, and the largest share of the picture it may cover.
_SMALLEST, _LARGEST = 150, 0.45
_CELL = 4


@dataclass(frozen=True, eq=False)
class Placement:
    """Placed regions; on the device.

    Attributes:
        source: float32 ``[n, 2]``: x and y of the region's center at its source, whole numbers.
        target: The same where it goes.
        places: float32 ``[n, H, W, 2]``: for each pixel of the picture, x and y of the pixel of the source it shows.
        region: bool ``[n, 1, H, W]``: the pixels that belong to the pasted region.
    """

    source: Tensor
    target: Tensor
    places: Tensor
    region: Tensor


def place_regions(recipe: Recipe, edits: Edits, pixels: Tensor, frame: Tensor) -> Placement:
    """Chooses sources and targets, and finds what each pixel shows.

    Of the places tried for the source the first is taken that shows something, of those for the target the first
    that leaves the source of a copy-move visible; or the best of them.

    Args:
        pixels: uint8 ``[n, 3, H, W]``: the pictures regions are cut from.
        frame: float32 ``[n, 2]``: width and height of the part of the picture that is used, from its corner.
    """
    device, (height, width) = pixels.device, pixels.shape[2:]
    matrix = edits.matrix.to(device)
    unit = edits.outlines.points().to(device)
    growth = torch.linalg.det(edits.matrix).abs().to(device)
    size = _sizes(edits.area.to(device), unit, growth, matrix, frame)
    bounds = _bounds(unit * size[:, None, None])
    landing = _bounds(matrix @ unit * size[:, None, None])
    copy_move = edits.copy_move.to(device)

    starts = _spread(edits.sources.to(device), bounds, frame, torch.zeros_like(size))
    flat = (recipe.minimum_detail - _deviations(pixels, starts, bounds)).clamp(min=0) / recipe.minimum_detail
    source = _best(starts, flat + 100 * _narrow(starts, bounds, landing, frame) * copy_move[:, None]).round()

    grown = where(edits.outlines.shape == GROWN)
    chosen = grown.to(device)
    field = None
    if len(grown):
        area = size[chosen] ** 2 / (height * width)
        compactness = edits.outlines.compactness[grown].to(device)
        field = grow_regions(pixels[chosen], source[chosen].flip(1), area, frame[chosen].flip(1), compactness)
        corners = _corners(field, (height, width)) - source[chosen][:, :, None]
        bounds[chosen], landing[chosen] = _bounds(corners), _bounds(matrix[chosen] @ corners)

    ends = _spread(edits.targets.to(device), landing, frame, edits.spill.to(device))
    steps = ends - source[:, None]
    on_grid = edits.on_grid.to(device)[:, None, None]
    ends = torch.where(on_grid, source[:, None] + BLOCK * (steps / BLOCK).round(), ends)
    hidden = (_overlaps(source, bounds, ends, landing) - recipe.copy_move_overlap).clamp(min=0)
    target = _best(ends, hidden * copy_move[:, None]).round()

    pixel = _pixel_grid(height, width, device)
    places = torch.einsum("nij,nhwj->nhwi", torch.linalg.inv(edits.matrix).to(device), pixel - target[:, None, None])
    places = places + source[:, None, None]
    region = inside_outlines(edits.outlines, (places - source[:, None, None]) / size[:, None, None, None])
    if field is not None:
        cells = (places[chosen] + 0.5) * field.shape[-1] / torch.tensor([width, height], device=device) - 0.5
        region[chosen] = sample(field, cells, "linear")[:, 0] > 0.5
    # half a pixel of slack, less what the inverse may round away
    edge = frame[:, None, None] - 0.5
    region &= ((places > -0.49) & (places < edge)).all(dim=-1) & (pixel < edge).all(dim=-1)
    return Placement(source, target, places, region[:, None])


def _sizes(area: Tensor, unit: Tensor, growth: Tensor, matrix: Tensor, frame: Tensor) -> Tensor:
    """By how much shapes of area 1 are enlarged: to the wanted area where they fit, at both ends."""
    pixels = frame.prod(dim=1)
    wanted = torch.minimum((area * pixels).clamp(min=_SMALLEST), _LARGEST * pixels / growth)
    extents = [_extent(_bounds(points)) for points in (unit, matrix @ unit)]
    fitting = 0.98 * frame / torch.maximum(*extents)
    return torch.minimum(wanted.sqrt(), fitting.amin(dim=1))


def _bounds(points: Tensor) -> Tensor:
    """Least and largest x and y of ``[n, 2, T]``: ``[n, 2, 2]``, x or y first."""
    return torch.stack([points.amin(dim=2), points.amax(dim=2)], dim=2)


def _extent(bounds: Tensor) -> Tensor:
    return bounds[..., 1] - bounds[..., 0]


def _spread(shares: Tensor, bounds: Tensor, frame: Tensor, spill: Tensor) -> Tensor:
    """Centers ``[n, tries, 2]`` at shares 0..1 of the way between the first and the last that fit."""
    out = spill[:, None] * _extent(bounds)
    low, high = -bounds[..., 0] - out, frame - 1 - bounds[..., 1] + out
    # a region larger than the picture covers it from edge to edge
    low, high = torch.minimum(low, high), torch.maximum(low, high)
    return low[:, None] + shares * (high - low)[:, None]


def _best(candidates: Tensor, penalty: Tensor) -> Tensor:
    """The candidate ``[n, 2]`` of the least penalty; of equal ones the first."""
    order = torch.arange(penalty.shape[1], device=penalty.device)
    place = (penalty + 1e-5 * order).argmin(dim=1)
    return candidates[torch.arange(len(candidates), device=penalty.device), place]


def _deviations(pixels: Tensor, centers: Tensor, bounds: Tensor) -> Tensor:
    """Standard deviation of the brightness of each candidate's box: float32 ``[n, tries]``, grey levels."""
    brightness = functional.avg_pool2d(pixels.float().mean(dim=1, keepdim=True), _CELL)
    # float64: sums over whole pictures are subtracted from each other
    moments = torch.cat([brightness, brightness**2], dim=1).double()
    sums = functional.pad(moments.cumsum(2).cumsum(3), (1, 0, 1, 0))
    limit = torch.tensor([brightness.shape[3], brightness.shape[2]], device=pixels.device)
    low = ((centers + bounds[:, None, :, 0]) / _CELL).long().clamp(min=0).minimum(limit - 1)
    high = ((centers + bounds[:, None, :, 1]) / _CELL).ceil().long().clamp(min=1).minimum(limit)
    high = torch.maximum(high, low + 1)

    def corner(x: Tensor, y: Tensor) -> Tensor:
        return sums.flatten(2).gather(2, (y * sums.shape[3] + x)[:, None].expand(-1, 2, -1))

    (left, top), (right, bottom) = low.unbind(-1), high.unbind(-1)
    total = corner(right, bottom) - corner(left, bottom) - corner(right, top) + corner(left, top)
    mean, square = (total / (high - low).prod(dim=-1)[:, None]).unbind(1)
    return (square - mean**2).clamp(min=0).sqrt().float()


def _narrow(centers: Tensor, bounds: Tensor, landing: Tensor, frame: Tensor) -> Tensor:
    """What is missing, as a share of the region's extent, to lay it beside its source: float32 ``[n, tries]``."""
    before = centers + bounds[:, None, :, 0]
    after = frame[:, None] - 1 - centers - bounds[:, None, :, 1]
    room = torch.maximum(before, after) / _extent(landing)[:, None].clamp(min=1)
    return (1 - room.amax(dim=2)).clamp(min=0)


def _overlaps(source: Tensor, bounds: Tensor, targets: Tensor, landing: Tensor) -> Tensor:
    """Share of the source's box that each target's box covers: float32 ``[n, tries]``."""
    low = torch.maximum((source + bounds[..., 0])[:, None], targets + landing[:, None, :, 0])
    high = torch.minimum((source + bounds[..., 1])[:, None], targets + landing[:, None, :, 1])
    return (high - low).clamp(min=0).prod(dim=2) / _extent(bounds).prod(dim=1)[:, None].clamp(min=1)


def _corners(field: Tensor, size: tuple[int, int]) -> Tensor:
    """Corners of the box round each grown region in pixels: float32 ``[n, 2, 4]``."""
    inside = field[:, 0] > 0.5
    cells = field.shape[-1]
    place = torch.arange(cells, device=field.device)
    edges = []
    for axis, length in ((1, size[1]), (2, size[0])):
        hit = inside.any(dim=axis)
        low = torch.where(hit, place, cells).amin(dim=1) * (length / cells)
        high = (torch.where(hit, place, -1).amax(dim=1) + 1) * (length / cells) - 1
        edges.append((low, high))
    (left, right), (top, bottom) = edges
    x, y = torch.stack([left, left, right, right], dim=1), torch.stack([top, bottom, top, bottom], dim=1)
    return torch.stack([x, y], dim=1)


def _pixel_grid(height: int, width: int, device: torch.device) -> Tensor:
    """x and y of each pixel: float32 ``[H, W, 2]``."""
    rows, columns = torch.meshgrid(
        torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij"
    )
    return torch.stack([columns, rows], dim=-1).float()
