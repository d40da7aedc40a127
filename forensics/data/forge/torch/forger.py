"""Batches of forgeries and their pristine twins, from photos to pixels and coefficients without leaving the device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from forensics.data.forge.recipe import Recipe
from forensics.data.forge.torch.bank import PhotoBank
from forensics.data.forge.torch.chains import CASES, FREE, Chains, draw_chains, draw_traces
from forensics.data.forge.torch.compositing import Composite, compose
from forensics.data.forge.torch.draws import Draws, where
from forensics.data.forge.torch.edits import Edits, draw_edits
from forensics.data.forge.torch.jpeg import save
from forensics.data.forge.torch.placement import Placement, place_regions
from forensics.data.forge.torch.resampling import resample
from forensics.data.forge.torch.sources import BLOCK, Sources, draw_sources, make_sources
from signals.errors import WrongUsage
from signals.torch.pixels import blocks_of, thousandths_of_luma

SMALLEST_SIDE = 64
# Pictures that a platform reduces begin no larger than this.
_LARGEST_CANVAS = 1024
_MCU = 16


@dataclass(frozen=True, eq=False)
class Scenes:
    """All that n pairs are made of; a forgery and its twin share everything but the edit. Drawn on the CPU.

    Attributes:
        size: Height and width of the finished pictures.
        canvas: Height and width at which they are edited; larger than ``size`` where a platform reduces them.
        frame: float32 ``[n, 2]``: width and height of the part of the canvas that is kept.
        hosts: Windows that are edited.
        donors: One for each splice, in their order.
        edits: The edits.
        chains: The compressions after the edit.
    """

    size: tuple[int, int]
    canvas: tuple[int, int]
    frame: Tensor
    hosts: Sources
    donors: Sources
    edits: Edits
    chains: Chains


@dataclass(frozen=True, eq=False)
class ForgedBatch:
    """Forgeries, each followed by its pristine twin; tensors on the device.

    Attributes:
        pixels: uint8 RGB ``[B, 3, H, W]``, as the last file of each picture decodes.
        coefficients: int16 ``[B, H / 8, W / 8, 8, 8]``: quantized luma coefficients of that file, row frequency
            before column frequency; of pictures that are no JPEG the rounded block DCT of luma - 128.
        tables: int32 ``[B, 2, 8, 8]``: its luma and chroma quantization tables; ones for those pictures.
        was_jpeg: bool ``[B]``.
        mask: bool ``[B, 1, H, W]``: what was pasted; nothing in twins.
        label: int64 ``[B]``: 1 forged, 0 pristine.
        visible: float32 ``[B]``: mean absolute change inside the mask before the last saves, 0..255.
    """

    pixels: Tensor
    coefficients: Tensor
    tables: Tensor
    was_jpeg: Tensor
    mask: Tensor
    label: Tensor
    visible: Tensor
    _bank: PhotoBank
    _parts: tuple[tuple[Scenes, Placement], ...]

    def __len__(self) -> int:
        return len(self.pixels)

    def describe(self, place: int) -> dict[str, Any]:
        """History of one picture, pure JSON, with the names of histories of forged files.

        Waits for the device, so it is no part of a training step.
        """
        pair, twin = divmod(range(len(self))[place], 2)
        scenes, placed = self._parts[0]
        if pair >= len(scenes.frame):
            pair -= len(scenes.frame)
            scenes, placed = self._parts[1]
        edit: dict[str, Any] = {"name": "none"}
        if not twin:
            edit = scenes.edits.to_json(pair) | {
                "cut_at": placed.source[pair].flip(0).int().tolist(),
                "placed_at": placed.target[pair].flip(0).int().tolist(),
                "visible": float(self.visible[place]),
            }
            if not scenes.edits.copy_move[pair]:
                number = int((~scenes.edits.copy_move[:pair]).sum())
                edit["donor"] = scenes.donors.to_json(number, self._bank)
        return {
            "label": int(self.label[place]),
            "size": list(scenes.size),
            "host": scenes.hosts.to_json(pair, self._bank),
            "edit": edit,
            "jpeg": scenes.chains.to_json(pair),
            "mask_area": float(self.mask[place].float().mean()),
        }


class DeviceForger:
    """Makes batches of pairs; a batch depends on the photos, the recipe, the seed, its number and its size alone.

    Parameters are drawn on the CPU and are the same for every device; where pixels are sampled between others or
    noise is drawn, the last digits depend on the kind of device.

    The recipe's segments and cutouts are regions grown by color here, Lanczos when regions are transformed is cubic,
    and there is no Poisson blending, no progressive file and no side that is no multiple of 8.
    """

    def __init__(self, bank: PhotoBank, recipe: Recipe, seed: int, size: tuple[int, int] = (512, 512)) -> None:
        """Takes the photos, the recipe, a seed of 0 or more, and the size of the pictures, multiples of 8.

        Raises:
            WrongUsage: The seed or the size is of another kind.
        """
        if seed < 0:
            raise WrongUsage(f"seed {seed} is negative; give 0 or more")
        if min(size) < SMALLEST_SIDE or any(side % BLOCK for side in size):
            raise WrongUsage(
                f"pictures of {size[0]} x {size[1]}: sides are multiples of {BLOCK} from {SMALLEST_SIDE} on"
            )
        self.bank = bank
        self.recipe = recipe
        self.seed = seed
        self.size = size

    @torch.no_grad()
    def forge(self, index: int, pairs: int) -> ForgedBatch:
        """Makes batch ``index``: even places are forged, each odd one is the twin of the one before.

        Args:
            index: 0 or more.
            pairs: Forgeries; there are as many twins.
        """
        draws = Draws(self.seed, index)
        noise = draws.noise_generator(self.bank.device)
        parts = []
        with _plain_arithmetic(self.bank.device):
            for scenes in self._draw(draws, pairs):
                parts.append((scenes, *self._make(scenes, noise)))
        pieces = [part[2] for part in parts]
        joined = {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}
        return ForgedBatch(**joined, _bank=self.bank, _parts=tuple((part[0], part[1]) for part in parts))

    def _draw(self, draws: Draws, pairs: int) -> list[Scenes]:
        """Pairs of one canvas together: those that nobody reduces, and those that a platform does."""
        case = draws.choice(pairs, [self.recipe.jpeg_cases.get(name, 0.0) for name in CASES])
        low, high = self.recipe.platform_scale
        low = max(low, max(self.size) / _LARGEST_CANVAS)
        reduced = (case == CASES.index("triple")) & draws.chance(pairs, self.recipe.platform_resize)
        reduced &= torch.tensor(low <= high)
        scale = torch.where(reduced, draws.uniform(pairs, low, max(low, high)), 1.0)
        groups = [where(~reduced), where(reduced)]
        return [self._draw_scenes(draws, case[group], scale[group]) for group in groups if len(group)]

    def _draw_scenes(self, draws: Draws, case: Tensor, reduce: Tensor) -> Scenes:
        recipe, bank, count = self.recipe, self.bank, len(case)
        frame = (torch.tensor(self.size) / reduce[:, None]).round()
        rows, columns = (-(-int(side) // _MCU) * _MCU for side in frame.amax(dim=0))
        canvas = self.size if bool((reduce == 1).all()) else (rows, columns)
        photo = draws.integer(count, 0, len(bank) - 1)
        hosts = draw_sources(draws, recipe, bank, photo, draw_traces(draws, case), canvas)
        names = ("splice", "copy_move")
        copy_move = draws.choice(count, [recipe.edits.get(name, 0.0) for name in names]) == names.index("copy_move")
        if len(bank) < 2:
            copy_move = torch.ones_like(copy_move)
        splices = where(~copy_move)
        others = _draw_others(draws, bank, photo[splices])
        donors = draw_sources(draws, recipe, bank, others, torch.full_like(others, FREE), canvas)
        return Scenes(
            size=self.size,
            canvas=canvas,
            frame=frame.flip(1),
            hosts=hosts,
            donors=donors,
            edits=draw_edits(draws, recipe, copy_move),
            chains=draw_chains(draws, recipe, bank, case, hosts.first_quality(bank), reduce),
        )

    def _make(self, scenes: Scenes, noise: torch.Generator) -> tuple[Placement, dict[str, Tensor]]:
        device = self.bank.device
        hosts = make_sources(self.bank, scenes.hosts, scenes.canvas, noise)
        sources = hosts
        splices = where(~scenes.edits.copy_move)
        if len(splices):
            sources = hosts.clone()
            sources[splices.to(device)] = make_sources(self.bank, scenes.donors, scenes.canvas, noise)
        placed = place_regions(self.recipe, scenes.edits, sources, scenes.frame.to(device))
        edited = compose(hosts, sources, scenes.edits, placed, noise)
        change = (edited.pixels.float() - hosts.float()).abs().mean(dim=1, keepdim=True)
        visible = (change * edited.mask).sum(dim=(1, 2, 3)) / edited.mask.sum(dim=(1, 2, 3)).clamp(min=1)
        finished = _finish(_pairs(edited.pixels, hosts), scenes)
        mask = _reduce_mask(edited, scenes)
        finished["mask"] = _pairs(mask, torch.zeros_like(mask))
        finished["label"] = finished["mask"].flatten(1).any(dim=1).long()
        finished["visible"] = _pairs(visible, torch.zeros_like(visible))
        return placed, finished


def _finish(pixels: Tensor, scenes: Scenes) -> dict[str, Tensor]:
    """Runs the saves after the edit on forgeries and twins ``[2 n, 3, H, W]``."""
    chains, device = scenes.chains, pixels.device

    def both(places: Tensor) -> Tensor:
        return torch.stack([2 * places, 2 * places + 1], dim=1).flatten()

    triple = where(chains.case == CASES.index("triple"))
    if len(triple):
        chosen = both(triple).to(device)
        pixels[chosen] = save(pixels[chosen], chains.middle[triple.repeat_interleave(2)]).pixels
    if scenes.canvas != scenes.size:
        reduced = resample(pixels, chains.reduce.repeat_interleave(2), torch.zeros(len(pixels), 2), scenes.size, "area")
        pixels = reduced.round().clamp(0, 255).to(torch.uint8)
    was_jpeg = chains.case != CASES.index("png")
    coefficients = torch.empty((len(pixels), scenes.size[0] // 8, scenes.size[1] // 8, 8, 8), dtype=torch.int16).to(
        device
    )
    tables = torch.ones((len(pixels), 2, 8, 8), dtype=torch.int32)
    for is_jpeg in (True, False):
        group = where(was_jpeg == is_jpeg)
        if not len(group):
            continue
        chosen = both(group).to(device)
        if is_jpeg:
            last = chains.last[group.repeat_interleave(2)]
            saved = save(pixels[chosen], last)
            pixels[chosen], coefficients[chosen] = saved.pixels, saved.luma
            tables[both(group)] = last.tables
        else:
            coefficients[chosen] = _rounded_block_dct(pixels[chosen])
    return {
        "pixels": pixels,
        "coefficients": coefficients,
        "tables": tables.to(device),
        "was_jpeg": was_jpeg.repeat_interleave(2).to(device),
    }


def _rounded_block_dct(pixels: Tensor) -> Tensor:
    """What the signal ``dct`` takes for coefficients where there is no file: int16 ``[n, h, w, 8, 8]``."""
    blocks = blocks_of(thousandths_of_luma(pixels.int())).double() / 1000 - 128
    frequency, place = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    basis = torch.cos((2 * place.double() + 1) * frequency.double() * torch.pi / 16) / 2
    basis[0] /= 2**0.5
    basis = basis.to(pixels.device)
    return (basis @ blocks @ basis.T).round().to(torch.int16)


def _reduce_mask(edited: Composite, scenes: Scenes) -> Tensor:
    if scenes.canvas == scenes.size:
        return edited.mask
    start = torch.zeros(len(edited.mask), 2)
    return resample(edited.mask.float(), scenes.chains.reduce, start, scenes.size, "area") > 0.5


def _draw_others(draws: Draws, bank: PhotoBank, photo: Tensor) -> Tensor:
    """For each photo another one; of another camera, if there is one."""
    preference = draws.uniform((len(photo), len(bank)))
    preference += bank.cameras[photo][:, None] != bank.cameras
    preference += photo[:, None] != torch.arange(len(bank))
    return preference.argmax(dim=1)


def _pairs(forged: Tensor, pristine: Tensor) -> Tensor:
    return torch.stack([forged, pristine], dim=1).flatten(0, 1)


@contextmanager
def _plain_arithmetic(device: torch.device) -> Iterator[None]:
    """Without the lower precision that a training may have asked for: coefficients are exact or worth nothing."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
