"""What happens to a picture after the edit: the same for a forgery and for its pristine twin.

The cases, with the compressions counted from the host's first:

- ``png``: nothing lossy after the edit;
- ``single``: a host without a trace of compression, one save;
- ``aligned``: the host was saved, edited and saved again on the same grid: what was not touched is doubly
  compressed, what was pasted is not;
- ``shifted``: the host was saved, cropped off the grid, edited and saved;
- ``triple``: as ``aligned`` or ``shifted``, then reduced or cropped off the grid or neither, and saved once more;
- ``platform``: saved by the editor, then by one of ``platforms.py``, which reduces it or not;
- ``webp``: saved by the editor, then as WebP; or as WebP first and converted to JPEG;
- ``screenshot``: saved by the editor, shown on a display, saved as PNG or JPEG.

A planner draws an :class:`Outline` first: it says what the host has to carry (``trace``) and how large it has to be
(``canvas``). The compressions follow with :func:`draw_chain` once the host's own quality is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forensics.data.forge.chains.geometry import Crop, Kernel, Resize, Size, draw_crop_off_grid
from forensics.data.forge.chains.jpeg import JpegSave, last_save, platform_save
from forensics.data.forge.chains.platforms import PLATFORMS
from forensics.data.forge.chains.saves import FinalSave, PngSave, WebpSave
from forensics.data.forge.chains.screenshot import Screenshot, draw_screenshot
from forensics.data.forge.draw import chance, choice, integer, uniform
from forensics.data.forge.recipe import Recipe
from forensics.data.photos import Photo

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Trace = Literal["free", "none", "aligned", "shifted"]

Geometry = Resize | Crop | Screenshot
Step = Annotated[JpegSave | WebpSave | Resize | Crop | Screenshot, Field(discriminator="name")]

CASES = ("png", "single", "aligned", "shifted", "triple", "platform", "webp", "screenshot")
LARGEST_CANVAS = 1024

_TRACES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "single": {"none": 1.0},
        "aligned": {"aligned": 1.0},
        "shifted": {"shifted": 1.0},
        "triple": {"aligned": 0.6, "shifted": 0.4},
    }
)


@dataclass(frozen=True)
class Chain:
    """The steps from the edited picture to the file.

    Attributes:
        case: One of ``CASES``.
        steps: What happens before the last save, in order.
        final: The last save: it makes the file.
        platform: Name in ``platforms.PLATFORMS``; empty without one.
    """

    case: str
    steps: tuple[Step, ...]
    final: FinalSave
    platform: str = ""

    def canvas(self, size: Size) -> Size:
        """Height and width that the edited picture must have so that the file has ``size``."""
        return _canvas(self._geometry, size)

    def apply(self, pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
        """What a reader of the file sees.

        Args:
            pixels: uint8 RGB ``[H, W, 3]``, the edited picture.
            mask: bool ``[H, W]``.

        Returns:
            The decoded picture, uint8 RGB ``[h, w, 3]``, and the mask at its size.
        """
        return self.final.apply(self._develop(pixels)), self.apply_mask(mask)

    def encode(self, pixels: Pixels, mask: Mask) -> tuple[bytes, str, Mask]:
        """Makes the file.

        Args:
            pixels: uint8 RGB ``[H, W, 3]``, the edited picture.
            mask: bool ``[H, W]``.

        Returns:
            Its bytes, its extension (``jpg``, ``png`` or ``webp``) and the mask at its size.
        """
        return self.final.encode(self._develop(pixels)), self.final.extension, self.apply_mask(mask)

    def apply_mask(self, mask: Mask) -> Mask:
        """Moves bool ``[H, W]`` as :meth:`apply` does; costs next to nothing."""
        for step in self._geometry:
            mask = step.apply_mask(mask)
        return mask

    @property
    def _geometry(self) -> tuple[Geometry, ...]:
        return tuple(step for step in self.steps if isinstance(step, Geometry))

    def _develop(self, pixels: Pixels) -> Pixels:
        for step in self.steps:
            pixels = step.apply(pixels)
        return pixels


@dataclass(frozen=True)
class Outline:
    """What of a chain has to be known before the host is chosen.

    Attributes:
        case: One of ``CASES``.
        trace: Compression that the host shall carry: ``aligned`` to its upper left corner, ``shifted``, ``none``, or
            ``free`` where its source decides.
        geometry: The steps that change the size.
        platform: As in :class:`Chain`.
    """

    case: str
    trace: Trace
    geometry: tuple[Geometry, ...] = ()
    platform: str = ""

    def canvas(self, size: Size) -> Size:
        """Height and width that the host must have so that the file has ``size``."""
        return _canvas(self.geometry, size)


def draw_outline(random: np.random.Generator, recipe: Recipe, size: Size) -> Outline:
    """Draws the case and the geometry of a chain.

    Args:
        size: Height and width of the file. It is taken as a window of a larger picture: a platform's limit on the
            longest side is that of the larger picture, so that only the scale of its reduction is drawn here.
    """
    case = choice(random, recipe.jpeg_cases)
    trace = cast(Trace, choice(random, _TRACES.get(case, {"free": 1.0})))
    if case == "screenshot":
        return Outline(case, trace, (draw_screenshot(random, size, LARGEST_CANVAS),))
    if case == "triple":
        return Outline(case, trace, _draw_way_between(random, recipe, size))
    if case == "platform":
        platform = choice(random, recipe.platforms)
        reduced = chance(random, recipe.platform_resize)
        return Outline(case, trace, (_draw_reduction(random, recipe, size),) if reduced else (), platform)
    return Outline(case, trace)


def draw_chain(
    random: np.random.Generator,
    recipe: Recipe,
    first_quality: int | None,
    lender: Photo,
    size: Size,
    outline: Outline | None = None,
) -> Chain:
    """Draws a chain, or the compressions of one whose outline was drawn before.

    Args:
        first_quality: (Nearest standard) quality of the compression that the host carries; None without.
        lender: Photo whose tables the editor's save uses where the recipe asks for other than standard ones.
        size: Height and width of the file.
        outline: As drawn for the host; None draws one.
    """
    outline = outline or draw_outline(random, recipe, size)
    case, geometry = outline.case, outline.geometry
    if case == "png":
        return Chain(case, (), PngSave())
    editor = last_save(random, recipe, first_quality, lender)
    if case == "triple":
        return Chain(case, (editor, *geometry), platform_save(random, recipe))
    if case == "platform":
        return Chain(case, (editor, *geometry), PLATFORMS[outline.platform].draw_save(random), outline.platform)
    if case == "webp":
        webp = WebpSave(integer(random, *recipe.webp_quality))
        return Chain(case, (editor,), webp) if chance(random, recipe.webp_last) else Chain(case, (webp,), editor)
    if case == "screenshot":
        final = PngSave() if chance(random, recipe.screenshot_png) else platform_save(random, recipe)
        return Chain(case, (editor, *geometry), final)
    return Chain(case, (), editor)


def _canvas(geometry: tuple[Geometry, ...], size: Size) -> Size:
    for step in reversed(geometry):
        size = step.canvas(size)
    return size


def _draw_way_between(random: np.random.Generator, recipe: Recipe, size: Size) -> tuple[Geometry, ...]:
    """Between the last two saves of ``triple``: a reduction, a crop off the grid, or nothing."""
    if chance(random, recipe.platform_resize):
        return (_draw_reduction(random, recipe, size),)
    return (draw_crop_off_grid(random),) if chance(random, recipe.crop_again) else ()


def _draw_reduction(random: np.random.Generator, recipe: Recipe, size: Size) -> Resize:
    low, high = recipe.platform_scale
    low = min(1.0, max(low, max(size) / LARGEST_CANVAS))
    kernel = cast(Kernel, choice(random, {"area": 0.4, "lanczos": 0.4, "bicubic": 0.2}))
    return Resize(uniform(random, (low, max(low, high))), kernel)
