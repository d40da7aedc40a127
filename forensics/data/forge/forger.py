"""Renders plans: forged pictures and their pristine twins, as files with exact masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.chains.geometry import Size
from forensics.data.forge.edits.blend import Edit
from forensics.data.forge.edits.other_history import OtherHistory
from forensics.data.forge.edits.splice import Splice
from forensics.data.forge.plan import AnyEdit, PicturePlan, SourcePlan
from forensics.data.forge.planner import draw_plan
from forensics.data.forge.recipe import Recipe
from forensics.data.photos import PhotoPool
from signals.errors import NoPictures, UnreadableImage, WrongUsage

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

LEAST_AREA = 0.001
LARGEST_AREA = 0.62
LEAST_CHANGE = 1.0  # less is rounding: of seamless cloning on flat ground, say
LARGEST_SIDE = 16384


@dataclass(frozen=True, eq=False)
class ForgedPicture:
    """A file and the truth about it.

    Attributes:
        data: The file's bytes.
        extension: ``jpg``, ``png`` or ``webp``.
        mask: bool ``[H, W]``, what was changed; empty for a pristine picture.
        label: 1 forged, 0 pristine.
        history: The plan that it was made from, pure JSON: every operation with its parameters.
        edits: Names of the edits that were done, one for each region.
        visible: Mean absolute change inside the mask before the chain, 0..255: below about 3 nobody sees it.
    """

    data: bytes
    extension: str
    mask: Mask
    label: int
    history: dict[str, Any]
    edits: tuple[str, ...]
    visible: float


class Forger:
    """Makes pictures in pairs: an even index is forged, the odd one after it is its pristine twin.

    The twin shows the same window with the same history before and the same chain after; only the edits are
    missing. A picture depends on the photos, the recipe, the seed and its index alone.

    Attributes:
        unreadable: By the id of a photo that could not be decoded and was passed over: why.
    """

    def __init__(self, photos: PhotoPool, recipe: Recipe, seed: int) -> None:
        """Takes the photos, the recipe and a seed of 0 or more."""
        if not len(photos):
            raise NoPictures("no photos to forge from; give a folder with pristine photos")
        if seed < 0:
            raise WrongUsage(f"seed {seed} is negative; give 0 or more")
        self.photos = photos
        self.recipe = recipe
        self.seed = seed
        self.unreadable: dict[str, str] = {}
        self._renderer = Renderer(photos)

    def forge(self, index: int, size: Size | None = None) -> ForgedPicture:
        """Makes one picture.

        Args:
            index: 0 or more; even: forged, odd: the pristine twin of the one before.
            size: Height and width; None draws them from the recipe.

        Raises:
            UnreadableImage: No photo of the pool can be decoded.
        """
        damaged: set[str] = set()
        while True:
            plan = draw_plan(self.recipe, self.photos.photos, self.seed, index, size, damaged)
            try:
                return self._renderer.render(plan)
            except DamagedPhoto as error:
                damaged.add(error.photo)
                self.unreadable[error.photo] = str(error)
                if len(damaged) == len(self.photos):
                    raise UnreadableImage(f"no photo could be decoded ({error}); give whole photos") from error


class DamagedPhoto(UnreadableImage):
    """A photo of a plan that cannot be decoded; ``photo`` is its id."""

    photo = ""


class Renderer:
    """Makes pictures from plans and photos."""

    def __init__(self, photos: PhotoPool) -> None:
        """Takes the photos that the plans name."""
        self._photos = photos
        # twins follow one another and share their host
        self._last: tuple[SourcePlan, Pixels] | None = None

    def render(self, plan: PicturePlan) -> ForgedPicture:
        """Makes a picture.

        Raises:
            DamagedPhoto: One of its photos cannot be decoded.
            WrongUsage: One of its photos is not there or another one; no edit finds a region.
        """
        host = self._host(plan.host)
        pixels, mask, done = self._edit(plan, host)
        visible = _change(pixels, host, mask) if mask.any() else 0.0
        for step in plan.innocent:
            pixels = step.apply(pixels)
        data, extension, mask = plan.chain.encode(pixels, mask)
        return ForgedPicture(data, extension, mask, plan.label, plan.to_json(), done, visible)

    def source(self, plan: SourcePlan) -> Pixels:
        """Makes a host or donor: uint8 RGB ``[H, W, 3]``.

        Raises:
            DamagedPhoto: The photo cannot be decoded.
            WrongUsage: It is not there, or another one.
        """
        photo = self._photos.by_id.get(plan.photo)
        if photo is None:
            raise WrongUsage(f"photo {plan.photo!r} is not in this folder; give the photos that the history names")
        if photo.sha256 != plan.sha256:
            raise WrongUsage(f"{photo.path}: is not the photo that the history names; give the photo with its sha256")
        try:
            return plan.render(self._photos, photo)
        except UnreadableImage as error:
            damaged = DamagedPhoto(f"{photo.path}: {str(error).partition(': ')[2]}")
            damaged.photo = photo.id
            raise damaged from error

    def _host(self, plan: SourcePlan) -> Pixels:
        if self._last is None or self._last[0] != plan:
            self._last = (plan, self.source(plan))
        return self._last[1]

    def _edit(self, plan: PicturePlan, host: Pixels) -> tuple[Pixels, Mask, tuple[str, ...]]:
        """All edits of a plan that find a sensible region; if none does, the first of its spares that does."""
        pixels, mask = host, np.zeros(host.shape[:2], dtype=bool)
        done: list[str] = []
        for step in plan.edits:
            edit = self._apply(plan, step, pixels)
            if edit is not None and (not plan.spares or _sensible(pixels, edit, mask)):
                pixels, mask = edit.pixels, mask | edit.mask
                done.append(step.name)
        for step in () if done else plan.spares:
            edit = self._apply(plan, step, host)
            if edit is not None and _sensible(host, edit, mask):
                return edit.pixels, edit.mask, (step.name,)
        if plan.edits and not done:
            height, width = plan.size
            raise WrongUsage(f"recipe {plan.recipe!r} finds no edit for {height} x {width} pixels; ask for larger ones")
        return pixels, mask, tuple(done)

    def _apply(self, plan: PicturePlan, step: AnyEdit, pixels: Pixels) -> Edit | None:
        if isinstance(step, Splice | OtherHistory):
            return step.apply(pixels, self.source(plan.donors[step.donor]))
        return step.apply(pixels)


def rebuild(history: Mapping[str, Any], photos: PhotoPool) -> ForgedPicture:
    """Makes a picture once more from its history.

    Args:
        history: ``ForgedPicture.history``, or a line of ``history.jsonl``.
        photos: Has the photos that the history names.

    Returns:
        The same picture, byte for byte on the machine that made it.

    Raises:
        WrongUsage: The history is damaged, or a photo is missing or another one.
        UnreadableImage: A photo cannot be decoded.
    """
    plan = PicturePlan.from_json({key: value for key, value in history.items() if key != "image"})
    if max(side for source in (plan.host, *plan.donors) for side in (*source.size, *source.frame)) > LARGEST_SIDE:
        raise WrongUsage(f"history asks for more than {LARGEST_SIDE} pixels a side; give it as it was written")
    try:
        return Renderer(photos).render(plan)
    except (ValueError, IndexError, ArithmeticError, cv2.error) as error:
        reason = str(error).strip().partition("\n")[0]
        raise WrongUsage(f"history {plan.index} cannot be rendered ({reason}); give it as it was written") from error


def _change(pixels: Pixels, before: Pixels, mask: Mask) -> float:
    """Mean absolute change inside a mask that is not empty, 0..255."""
    return float(np.abs(pixels[mask].astype(np.int16) - before[mask]).mean())


def _sensible(pixels: Pixels, edit: Edit, mask: Mask) -> bool:
    """Whether an edit changes something where it says so, and neither too little nor, with others, too much."""
    if edit.mask.mean() < LEAST_AREA or (mask | edit.mask).mean() > LARGEST_AREA:
        return False
    return _change(edit.pixels, pixels, edit.mask) >= LEAST_CHANGE
