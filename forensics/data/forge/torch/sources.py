"""Hosts and donors: windows of photos with histories of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from forensics.data.forge.recipe import Recipe
from forensics.data.forge.torch.bank import GRID, PhotoBank
from forensics.data.forge.torch.chains import ALIGNED, FREE, NO_TRACE, SHIFTED, draw_first_saves
from forensics.data.forge.torch.draws import Draws, where
from forensics.data.forge.torch.jpeg import Saves, save
from forensics.data.forge.torch.photometry import GLOBAL_EDITS, Operations, draw_operations, operate
from forensics.data.forge.torch.resampling import resample

BLOCK = 8
# What a kernel may read round a window.
_MARGIN = 12
_REDUCE = {"area": 0.4, "lanczos": 0.3, "bicubic": 0.2, "linear": 0.1}
_ENLARGE = {"area": 0.0, "lanczos": 0.25, "bicubic": 0.4, "linear": 0.35}
_KERNELS = tuple(_REDUCE)


@dataclass(frozen=True, eq=False)
class Sources:
    """How n windows are cut and treated; on the CPU.

    A native window is cut as it is. Any other is resampled, edited or not, saved or not, and then cut so that the grid
    of that save is shifted or not.

    Attributes:
        photo: int64 ``[n]``: numbers of photos in the bank.
        trace: int64 ``[n]``: places in ``TRACES``.
        native: bool ``[n]``: whether the window keeps the camera's own compression.
        corner: int64 ``[n, 2]``: row and column of the window in the photo, before its shift.
        shift: int64 ``[n, 2]`` in 0..7: pixels by which the window begins after a corner of the compression's grid.
        scale: float32 ``[n]``, 1 for native windows.
        kernel: int64 ``[n]``: places in ``area, lanczos, bicubic, linear``.
        edits: Whole-picture edits.
        first: The compression made here; only of windows that are not native and have a trace.
    """

    photo: Tensor
    trace: Tensor
    native: Tensor
    corner: Tensor
    shift: Tensor
    scale: Tensor
    kernel: Tensor
    edits: Operations
    first: Saves

    def first_quality(self, bank: PhotoBank) -> Tensor:
        """(Nearest standard) quality of the compression whose traces a window carries, 0 without: int64 ``[n]``."""
        quality = torch.where(self.native, bank.qualities[self.photo], self.first.quality)
        return torch.where(self.trace == NO_TRACE, 0, quality)

    def to_json(self, place: int, bank: PhotoBank) -> dict[str, Any]:
        """Plain dictionary of one of them for a history."""
        photo = bank.photos[int(self.photo[place])]
        native, traced = bool(self.native[place]), bool(self.trace[place] != NO_TRACE)
        first: dict[str, Any] | None = None
        if native:
            first = {"by": "camera", "nearest_quality": int(bank.qualities[self.photo[place]]), "kept": True}
        elif traced:
            first = {"by": "encoder", **self.first.to_json(place)}
        return {
            "photo": photo.id,
            "camera": photo.camera,
            "corner": self.corner[place].tolist(),
            "scale": float(self.scale[place]),
            "kernel": None if native else _KERNELS[int(self.kernel[place])],
            "first_jpeg": first,
            "grid": (-self.shift[place] % BLOCK).tolist() if first else None,
            "edits": self.edits.to_json(place),
        }


def draw_sources(
    draws: Draws, recipe: Recipe, bank: PhotoBank, photo: Tensor, trace: Tensor, size: tuple[int, int]
) -> Sources:
    """Draws windows of the given photos.

    Args:
        photo: int64 ``[n]``.
        trace: int64 ``[n]``: none, aligned, shifted, or free to let the recipe decide.
        size: Height and width wanted.
    """
    count = len(photo)
    whole = bank.sizes[photo, 0]
    wanted = torch.tensor(size)
    compressed = draws.chance(count, recipe.first_jpeg)
    free = torch.where(compressed, torch.where(draws.chance(count, 0.5), ALIGNED, SHIFTED), NO_TRACE)
    trace = torch.where(trace == FREE, free, trace)
    fits = (whole >= wanted + GRID).all(dim=1) & (bank.qualities[photo] > 0)
    native = draws.chance(count, recipe.native) & (trace != NO_TRACE) & fits
    place = draws.integer(count, 1, BLOCK * BLOCK - 1)
    shift = torch.where((trace == SHIFTED)[:, None], torch.stack([place // BLOCK, place % BLOCK], dim=1), 0)

    canvas = _canvas(size)
    scale, kernel = _draw_scale(draws, recipe, (torch.tensor(canvas) / whole).amax(dim=1))
    used = (torch.tensor(canvas) / scale[:, None]).ceil().long()
    last = torch.where(native[:, None], (whole - wanted) // GRID - 1, whole - used).clamp(min=0)
    corner = torch.stack([draws.integer(count, 0, last[:, axis]) for axis in (0, 1)], dim=1)
    return Sources(
        photo=photo,
        trace=trace,
        native=native,
        corner=torch.where(native[:, None], GRID * corner, corner),
        shift=shift,
        scale=torch.where(native, 1.0, scale),
        kernel=kernel,
        edits=draw_operations(draws, GLOBAL_EDITS, draws.chance(count, recipe.global_edit) & ~native),
        first=draw_first_saves(draws, recipe, bank, photo),
    )


def make_sources(bank: PhotoBank, sources: Sources, size: tuple[int, int], noise: torch.Generator) -> Tensor:
    """Carries them out: uint8 ``[n, 3, height, width]`` on the device."""
    device = bank.device
    result = torch.empty((len(sources.photo), 3, *size), dtype=torch.uint8, device=device)
    native = where(sources.native)
    corner = sources.corner[native] + sources.shift[native]
    result[native.to(device)] = bank.windows(sources.photo[native], torch.zeros_like(native), corner, size)
    processed = where(~sources.native)
    if len(processed):
        canvas = torch.empty((len(processed), 3, *_canvas(size)), device=device)
        for place, kernel in enumerate(_KERNELS):
            group = where(sources.kernel[processed] == place)
            if len(group):
                canvas[group.to(device)] = _resampled(bank, sources, processed[group], _canvas(size), kernel)
        edited = operate(canvas, sources.edits[processed], noise).round().clamp(0, 255).to(torch.uint8)
        saved = where(sources.trace[processed] != NO_TRACE)
        if len(saved):
            edited[saved.to(device)] = save(edited[saved.to(device)], sources.first[processed[saved]]).pixels
        result[processed.to(device)] = crop(edited, sources.shift[processed], size)
    return result


def crop(pixels: Tensor, corner: Tensor, size: tuple[int, int]) -> Tensor:
    """Windows ``[n, 3, height, width]`` of ``[n, 3, H, W]``, each from its own corner, int64 ``[n, 2]``."""
    corner = corner.to(pixels.device)
    rows = corner[:, :1] + torch.arange(size[0], device=pixels.device)
    columns = corner[:, 1:] + torch.arange(size[1], device=pixels.device)
    width = pixels.shape[3]
    places = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)[:, None].expand(-1, 3, -1)
    return pixels.flatten(2).gather(2, places).reshape(-1, 3, *size)


def _canvas(size: tuple[int, int]) -> tuple[int, int]:
    """Room for a window and its shift."""
    return size[0] + BLOCK, size[1] + BLOCK


def _draw_scale(draws: Draws, recipe: Recipe, smallest: Tensor) -> tuple[Tensor, Tensor]:
    """Scales and kernels, not below the scales at which a photo just fills its canvas."""
    count = len(smallest)
    low, high = recipe.scale
    enlarged = draws.chance(count, recipe.enlarge) | (smallest > 0.95)
    lower = torch.where(enlarged, smallest.clamp(min=1.05), smallest.clamp(min=low))
    upper = torch.where(enlarged, torch.maximum(smallest * 1.01, torch.tensor(max(high, 1.06))), torch.tensor(0.95))
    kernels = draws.choice(count, _REDUCE), draws.choice(count, _ENLARGE)
    return draws.log_uniform(count, lower, upper), torch.where(enlarged, kernels[1], kernels[0])


def _resampled(bank: PhotoBank, sources: Sources, chosen: Tensor, size: tuple[int, int], kernel: str) -> Tensor:
    """float32 ``[k, 3, height, width]`` in 0..255.

    Where a photo is reduced to less than half, this begins at its half, as decoders of thumbnails do.
    """
    scale = sources.scale[chosen]
    level = (scale < 0.5).long()
    rest = scale * 2**level
    corner = sources.corner[chosen] / 2.0 ** level[:, None]
    first = (corner.floor() - _MARGIN).long()
    window = [int(length / float(rest.min())) + 2 * _MARGIN + 2 for length in size]
    pixels = bank.windows(sources.photo[chosen], level, first, (window[0], window[1]))
    return resample(pixels, rest, corner - first, size, kernel).clamp(0, 255)
