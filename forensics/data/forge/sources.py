"""Hosts and donors: a window of a photo with a history of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forensics.data.forge.camera import CameraSimulation, draw_camera
from forensics.data.forge.chains.chain import Trace
from forensics.data.forge.chains.geometry import Kernel, Size, resize
from forensics.data.forge.chains.jpeg import JpegSave, first_save, nearest_quality
from forensics.data.forge.draw import chance, choice, integer, log_uniform
from forensics.data.forge.edits.transform import GLOBAL_EDITS, Operation, draw_operation
from forensics.data.forge.recipe import Recipe
from forensics.data.photos import Photo, PhotoPool
from signals.errors import WrongUsage

Pixels = NDArray[np.uint8]
Window = tuple[int, int, int, int]

_MCU = 16
_BLOCK = 8
# How often a scene that was saved before is saved otherwise; else it loses that save.
_SAVED_OTHERWISE = 0.7
_REDUCE = {"area": 0.4, "lanczos": 0.3, "bicubic": 0.2, "linear": 0.1}
_ENLARGE = {"linear": 0.35, "bicubic": 0.4, "lanczos": 0.25}


@dataclass(frozen=True)
class KeptSave:
    """The compression that the camera made, still there.

    Attributes:
        quality: 1..100, nearest standard quality of the photo's tables.
    """

    quality: int
    name: Literal["kept"] = "kept"


FirstSave = Annotated[KeptSave | JpegSave, Field(discriminator="name")]


@dataclass(frozen=True)
class SourcePlan:
    """A window of a photo and what happens to it before it is used, in this order.

    Attributes:
        photo: Id of the photo in its pool.
        sha256: Hash of its bytes.
        camera: Its camera.
        window: Row, column, height and width in the photo.
        size: Height and width at the end.
        frame: Height and width that it is resampled to.
        kernel: How; None where it is taken as it is.
        simulation: A camera that takes the frame anew; None for none.
        resize: How the frame is resampled once more, to ``size`` and ``shift``; None for not.
        edits: Changes of the whole window.
        first_save: The compression whose traces it carries; None for none.
        shift: Rows and columns, 0..7, cut off after that compression (for one that is kept: before); its blocks
            begin at minus the shift, modulo 8.
    """

    photo: str
    sha256: str
    camera: str
    window: Window
    size: Size
    frame: Size
    kernel: Kernel | None
    simulation: CameraSimulation | None
    resize: Kernel | None
    edits: tuple[Operation, ...]
    first_save: FirstSave | None
    shift: tuple[int, int]

    @property
    def first_quality(self) -> int | None:
        """(Nearest standard) quality of the first compression; None without one."""
        return self.first_save.quality if self.first_save else None

    @property
    def grid(self) -> tuple[int, int] | None:
        """Row and column of the first corner of a block of the first compression; None without one."""
        return ((-self.shift[0]) % _BLOCK, (-self.shift[1]) % _BLOCK) if self.first_save else None

    def render(self, pool: PhotoPool, photo: Photo) -> Pixels:
        """Makes it: uint8 RGB ``[H, W, 3]`` of ``size``. Only the window is worked on, never the whole photo.

        Raises:
            UnreadableImage: The photo's bytes are damaged.
            WrongUsage: The window does not lie in it.
        """
        y, x, height, width = self.window
        if min(y, x) < 0 or min(height, width) < 1 or y + height > photo.height or x + width > photo.width:
            raise WrongUsage(f"{photo.path}: has no window {self.window}; give the photo that was planned for")
        pixels = pool.pixels(photo)[y : y + height, x : x + width]
        kept = isinstance(self.first_save, KeptSave)
        dy, dx = (0, 0) if kept else self.shift
        if self.kernel:
            pixels = resize(pixels, self.frame, self.kernel)
        if self.simulation:
            pixels = self.simulation.apply(pixels)
        if self.resize:
            pixels = resize(pixels, (self.size[0] + dy, self.size[1] + dx), self.resize)
        for operation in self.edits:
            pixels = operation.apply(pixels)
        if isinstance(self.first_save, JpegSave):
            pixels = self.first_save.apply(pixels)
        return pixels[dy:, dx:]


def draw_source(
    random: np.random.Generator,
    recipe: Recipe,
    photo: Photo,
    size: Size,
    trace: Trace,
    simulation: CameraSimulation | None = None,
) -> SourcePlan:
    """Draws a window and its history from the photo's header.

    A photo that is not resampled keeps the camera's own compression: on the grid when the window starts at a
    multiple of 16, off the grid otherwise. A simulated camera gets a window reduced so far that nothing of the
    real one is left.

    Args:
        size: Height and width wanted.
        trace: Compression whose traces the source shall carry: ``aligned`` to its own upper left corner,
            ``shifted``, ``none``, or ``free`` to let the recipe decide.
        simulation: A camera that takes the source anew where the photo is large enough.
    """
    if trace == "free":
        trace = "none"
        if chance(random, recipe.first_jpeg):
            trace = "aligned" if chance(random, 0.5) else "shifted"
    shift = _draw_shift(random) if trace == "shifted" else (0, 0)
    canvas = (size[0] + shift[0], size[1] + shift[1])
    frame, again = canvas, None
    if simulation is not None and chance(random, recipe.camera_resize):
        frame, again = _draw_frame(random, recipe, canvas)
    if simulation is not None and not can_simulate(recipe, photo, frame):
        frame, again = canvas, None
        simulation = simulation if can_simulate(recipe, photo, canvas) else None
    native = chance(random, recipe.native) and simulation is None
    if trace != "none" and native and photo.tables and _fits(photo, size):
        return _draw_native(random, photo, size, shift)
    scale = _draw_scale(random, recipe, photo, frame, simulation is not None)
    kernel = _draw_kernel(random, scale)
    height, width = min(photo.height, round(frame[0] / scale)), min(photo.width, round(frame[1] / scale))
    window = (integer(random, 0, photo.height - height), integer(random, 0, photo.width - width), height, width)
    edits = (draw_operation(random, GLOBAL_EDITS),) if chance(random, recipe.global_edit) else ()
    save = None if trace == "none" else first_save(random, recipe, photo)
    return SourcePlan(*_origin(photo), window, size, frame, kernel, simulation, again, edits, save, shift)


def draw_same_scene(random: np.random.Generator, recipe: Recipe, photo: Photo, source: SourcePlan) -> SourcePlan:
    """The same window of the same photo with another history: another camera, compressed otherwise or not at all."""
    if isinstance(source.first_save, KeptSave):
        # What the camera compressed stays so; it is compressed once more. A kept window was cut with its shift.
        return replace(source, first_save=first_save(random, recipe, photo), shift=(0, 0))
    simulation = draw_camera(random) if source.simulation else None
    save = first_save(random, recipe, photo) if source.first_save is None or chance(random, _SAVED_OTHERWISE) else None
    return replace(source, simulation=simulation, first_save=save)


def _origin(photo: Photo) -> tuple[str, str, str]:
    return photo.id, photo.sha256, photo.camera


def _draw_kernel(random: np.random.Generator, scale: float) -> Kernel:
    return cast(Kernel, choice(random, _ENLARGE if scale > 1 else _REDUCE))


def _draw_frame(random: np.random.Generator, recipe: Recipe, canvas: Size) -> tuple[Size, Kernel]:
    """The size at which a camera takes what is resampled to the canvas afterwards."""
    scale = log_uniform(random, recipe.camera_scale)
    return (round(canvas[0] / scale), round(canvas[1] / scale)), _draw_kernel(random, scale)


def _fits(photo: Photo, size: Size) -> bool:
    return photo.height >= size[0] + _MCU and photo.width >= size[1] + _MCU


def _draw_native(random: np.random.Generator, photo: Photo, size: Size, shift: tuple[int, int]) -> SourcePlan:
    """A window that keeps the compression the camera made."""
    y = _MCU * integer(random, 0, (photo.height - size[0]) // _MCU - 1) + shift[0]
    x = _MCU * integer(random, 0, (photo.width - size[1]) // _MCU - 1) + shift[1]
    save = KeptSave(nearest_quality(photo.tables))
    return SourcePlan(*_origin(photo), (y, x, *size), size, size, None, None, None, (), save, shift)


def can_simulate(recipe: Recipe, photo: Photo, size: Size) -> bool:
    """Whether the photo, reduced so far that its own traces are gone, still fills the size."""
    least = recipe.camera_reduction[0]
    return photo.height >= least * size[0] and photo.width >= least * size[1]


def _draw_scale(random: np.random.Generator, recipe: Recipe, photo: Photo, size: Size, simulated: bool) -> float:
    smallest = max(size[0] / photo.height, size[1] / photo.width)
    low, high = recipe.scale
    if simulated:
        least, most = recipe.camera_reduction
        return log_uniform(random, (max(1 / most, smallest), 1 / least))
    if chance(random, recipe.enlarge) or smallest > 0.95:
        return log_uniform(random, (max(1.05, smallest), max(high, 1.06, smallest * 1.01)))
    return log_uniform(random, (max(low, smallest), 0.95))


def _draw_shift(random: np.random.Generator) -> tuple[int, int]:
    """Any of the 63 places off the grid."""
    dy, dx = divmod(integer(random, 1, _BLOCK * _BLOCK - 1), _BLOCK)
    return dy, dx
