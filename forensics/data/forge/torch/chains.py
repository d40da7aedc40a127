"""The compressions a picture goes through: drawn here, carried out by ``jpeg.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from forensics.data.forge.recipe import Recipe
from forensics.data.forge.torch.bank import PhotoBank
from forensics.data.forge.torch.draws import Draws
from forensics.data.forge.torch.jpeg import SAMPLINGS, Saves, nearest_qualities, standard_saves

# The cases of forge/chains/chain.py that the device makes.
CASES = ("png", "single", "aligned", "shifted", "triple")
# What a source carries of an earlier compression; FREE leaves it to the recipe.
NO_TRACE, ALIGNED, SHIFTED, FREE = 0, 1, 2, 3
TRACES = ("none", "aligned", "shifted")
_TRIES = 20


@dataclass(frozen=True, eq=False)
class Chains:
    """What happens to n pictures after the edit; on the CPU.

    Attributes:
        case: int64 ``[n]``: places in ``CASES``.
        middle: The save before the last one, carried out for ``triple`` alone.
        last: The last save, for all but ``png``.
        reduce: float32 ``[n]``: scale of the reduction before the last save; 1 for none.
    """

    case: Tensor
    middle: Saves
    last: Saves
    reduce: Tensor

    def to_json(self, place: int) -> dict[str, Any]:
        """Plain dictionary of one of them for a history."""
        case = CASES[int(self.case[place])]
        saves = [] if case == "png" else [self.last.to_json(place)]
        if case == "triple":
            saves.insert(0, self.middle.to_json(place))
        return {"case": case, "reduce": float(self.reduce[place]), "saves": saves}


def draw_traces(draws: Draws, case: Tensor) -> Tensor:
    """The trace of an earlier compression that each case wants of its host: int64 ``[n]``."""
    wanted = torch.tensor([FREE, NO_TRACE, ALIGNED, SHIFTED, ALIGNED])[case]
    return torch.where((case == CASES.index("triple")) & ~draws.chance(len(case), 0.6), SHIFTED, wanted)


def draw_chains(draws: Draws, recipe: Recipe, bank: PhotoBank, case: Tensor, first: Tensor, reduce: Tensor) -> Chains:
    """Draws what follows the edit.

    Args:
        case: int64 ``[n]``.
        first: int64 ``[n]``: quality of the compression before the edit, 0 where there was none.
        reduce: float32 ``[n]``.
    """
    count = len(case)
    last = draw_last_saves(draws, recipe, bank, first)
    low, high = (round(bound) for bound in recipe.platform_quality)
    platform = standard_saves(draws.integer(count, low, high), _draw_sampling(draws, recipe, count))
    triple = case == CASES.index("triple")
    return Chains(case, middle=last, last=_merge(triple, platform, last), reduce=reduce)


def draw_first_saves(draws: Draws, recipe: Recipe, bank: PhotoBank, photo: Tensor) -> Saves:
    """Compressions before the edit: as the photo's camera would, or with standard tables."""
    count = len(photo)
    low, high = (int(bound) for bound in recipe.first_quality)
    standard = standard_saves(draws.integer(count, low, high), _draw_sampling(draws, recipe, count))
    lent = draws.chance(count, recipe.camera_tables) & (bank.qualities[photo] > 0)
    camera = Saves(bank.tables[photo], standard.sampling, bank.qualities[photo], photo)
    return _merge(lent, camera, standard)


def draw_last_saves(draws: Draws, recipe: Recipe, bank: PhotoBank, first: Tensor) -> Saves:
    """Compressions after the edit, where the recipe allows as often above the ``first`` quality as below it."""
    count = len(first)
    bands = torch.tensor([band[:2] for band in recipe.last_quality_bands])
    band = draws.choice(count * _TRIES, [weight for _, _, weight in recipe.last_quality_bands])
    tries = draws.integer(count * _TRIES, bands[band, 0], bands[band, 1]).reshape(count, _TRIES)
    above = draws.chance(count, 0.5)[:, None]
    fits = torch.where(above, tries > first[:, None], tries < first[:, None]) | (first == 0)[:, None]
    fits[:, -1] = True
    chosen = fits.int().cumsum(dim=1).eq(0).sum(dim=1, keepdim=True)
    standard = standard_saves(tries.gather(1, chosen)[:, 0], _draw_sampling(draws, recipe, count))
    lender = draws.integer(count, 0, len(bank) - 1)
    coarser = draws.log_uniform(count, *recipe.other_tables_scale)[:, None, None, None]
    tables = (bank.tables[lender] * coarser).round().clamp(1, 255).int()
    lent = draws.chance(count, recipe.other_tables) & (bank.qualities[lender] > 0)
    return _merge(lent, Saves(tables, standard.sampling, nearest_qualities(tables), lender), standard)


def _draw_sampling(draws: Draws, recipe: Recipe, count: int) -> Tensor:
    return draws.choice(count, [recipe.subsampling.get(name, 0.0) for name in SAMPLINGS])


def _merge(condition: Tensor, chosen: Saves, other: Saves) -> Saves:
    return Saves(
        torch.where(condition[:, None, None, None], chosen.tables, other.tables),
        torch.where(condition, chosen.sampling, other.sampling),
        torch.where(condition, chosen.quality, other.quality),
        torch.where(condition, chosen.lender, other.lender),
    )
