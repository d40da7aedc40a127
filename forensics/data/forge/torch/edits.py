"""What is copied and how: splices and copy-moves, drawn on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from forensics.data.forge.recipe import Recipe
from forensics.data.forge.torch.draws import Draws
from forensics.data.forge.torch.photometry import RETOUCHES, Operations, draw_operations
from forensics.data.forge.torch.regions import SHAPES, Outlines, draw_outlines

# Poisson blending, a system of equations over the region, is left to the forge of files.
BLENDS = ("hard", "feather", "edge_blur")
KERNELS = ("linear", "cubic")
# Places that are tried for a source and for a target.
TRIES = 24


@dataclass(frozen=True, eq=False)
class Edits:
    """One edit for each of n pictures; on the CPU.

    Attributes:
        copy_move: bool ``[n]``; the others are splices.
        outlines: Shapes of the regions.
        area: float32 ``[n]``: area of the region at its source as a share of the picture.
        matrix: float32 ``[n, 2, 2]``: takes steps (x, y) at the source to steps at the target.
        mirrored: bool ``[n]``.
        angle: float32 ``[n]`` in degrees.
        scale: float32 ``[n]``.
        shear: float32 ``[n]`` in degrees.
        kernel: int64 ``[n]``: places in ``KERNELS``.
        on_grid: bool ``[n]``: whether the region moves by multiples of 8 (copy-move that is not transformed).
        retouches: Up to four operations, one after the other, on the region alone.
        color_strength: float32 ``[n]`` in 0..1: how far its colors are moved to those of the place.
        blend: int64 ``[n]``: places in ``BLENDS``.
        sigma: float32 ``[n]``, of the soft edge.
        spill: float32 ``[n]``: share of the region's extent that may stick out of the picture.
        sources: float32 ``[n, tries, 2]`` in 0..1: places to be tried, between the first and last that fit.
        targets: The same for the target.
    """

    copy_move: Tensor
    outlines: Outlines
    area: Tensor
    matrix: Tensor
    mirrored: Tensor
    angle: Tensor
    scale: Tensor
    shear: Tensor
    kernel: Tensor
    on_grid: Tensor
    retouches: tuple[Operations, ...]
    color_strength: Tensor
    blend: Tensor
    sigma: Tensor
    spill: Tensor
    sources: Tensor
    targets: Tensor

    def to_json(self, place: int) -> dict[str, Any]:
        """Plain dictionary of one of them for a history; where it came to lie is not known here."""
        operations: list[dict[str, Any]] = []
        if self.mirrored[place]:
            operations.append({"name": "flip"})
        angle, scale, shear = (float(values[place]) for values in (self.angle, self.scale, self.shear))
        if angle or shear or scale != 1:
            kernel = KERNELS[int(self.kernel[place])]
            operations.append({"name": "affine", "scale": scale, "angle": angle, "shear": shear, "kernel": kernel})
        operations += [entry for retouch in self.retouches for entry in retouch.to_json(place)]
        if self.color_strength[place]:
            operations.append({"name": "match_color", "strength": float(self.color_strength[place])})
        blend = BLENDS[int(self.blend[place])]
        return {
            "name": "copy_move" if self.copy_move[place] else "splice",
            "mask": {"kind": SHAPES[int(self.outlines.shape[place])], "wanted_area": float(self.area[place])},
            "operations": operations,
            "blend": blend,
            **({} if blend == "hard" else {"sigma": float(self.sigma[place])}),
        }


def draw_edits(draws: Draws, recipe: Recipe, copy_move: Tensor) -> Edits:
    """Draws the edits; bool ``[n]`` tells which are copy-moves."""
    count = len(copy_move)
    areas = [draws.log_uniform(count, *bounds) for bounds in (recipe.mask_area, recipe.copy_move_area)]
    moved = ~copy_move | draws.chance(count, recipe.copy_move_transform)
    mirrored = moved & draws.chance(count, recipe.flip)
    turned = moved & draws.chance(count, recipe.rotate)
    little = draws.chance(count, 0.5)
    angle = draws.uniform(count, -1, 1) * torch.where(little, 10.0, 45.0) * turned
    wide = draws.chance(count, recipe.wide_rescale)
    narrow = draws.chance(count, recipe.rescale)
    wide_scale, narrow_scale = (
        draws.between(count, recipe.wide_rescale_range),
        draws.between(count, recipe.rescale_range),
    )
    scale = torch.where(moved & wide, wide_scale, torch.where(moved & narrow, narrow_scale, 1.0))
    shear = draws.uniform(count, -8, 8) * (moved & draws.chance(count, recipe.perspective))
    untouched = ~mirrored & (angle == 0) & (scale == 1) & (shear == 0)
    times = 1 + draws.choice(count, (4, 3, 2, 1))
    times = torch.where(draws.chance(count, recipe.retouch) & ~copy_move, times, 0)
    matched = draws.chance(count, recipe.match_color) & ~copy_move
    return Edits(
        copy_move=copy_move,
        outlines=draw_outlines(draws, recipe, count),
        area=torch.where(copy_move, areas[1], areas[0]),
        matrix=_matrix(mirrored, angle, scale, shear),
        mirrored=mirrored,
        angle=angle,
        scale=scale,
        shear=shear,
        kernel=draws.choice(count, (0.4, 0.6)),
        on_grid=copy_move & untouched & draws.chance(count, recipe.copy_move_on_grid),
        retouches=tuple(draw_operations(draws, RETOUCHES, times > turn) for turn in range(4)),
        color_strength=torch.where(matched, draws.uniform(count, 0.4, 1.0), 0.0),
        blend=draws.choice(count, [recipe.blends.get(name, 0.0) for name in BLENDS]),
        sigma=draws.between(count, recipe.feather),
        spill=torch.where(draws.chance(count, recipe.cut_by_border), 0.4, 0.0),
        sources=draws.uniform((count, TRIES, 2)),
        targets=draws.uniform((count, TRIES, 2)),
    )


def _matrix(mirrored: Tensor, angle: Tensor, scale: Tensor, shear: Tensor) -> Tensor:
    """Mirrored, then sheared along x, scaled and turned: float32 ``[n, 2, 2]``; exact where nothing is done."""
    turn = torch.deg2rad(angle)
    cosine, sine, slope = turn.cos() * scale, turn.sin() * scale, torch.deg2rad(shear).tan()
    sign = torch.where(mirrored, -1.0, 1.0)
    first = torch.stack([sign * cosine, sign * sine], dim=1)
    second = torch.stack([slope * cosine - sine, slope * sine + cosine], dim=1)
    return torch.stack([first, second], dim=2)
