"""What ordinary people and their cameras do to a whole picture, and what is no manipulation.

Matched controls count how often such pictures are called manipulated. Each kind is a step, ``apply(pixels) -> pixels``
of uint8 RGB, drawn by :func:`draw_innocent`; date stamps and logos also tell their ``region``. The size stays what it
was, except that ``screenshot``, ``crop_and_save`` and ``panorama_seam`` change it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forensics.data.forge.chains.geometry import Crop, Size
from forensics.data.forge.chains.jpeg import JpegSave
from forensics.data.forge.chains.screenshot import Screenshot, draw_display_screenshot
from forensics.data.forge.draw import draw_seed, integer, uniform
from forensics.data.forge.innocent.stamps import DateStamp, Logo, draw_date_stamp, draw_logo
from signals.errors import WrongUsage, did_you_mean

Pixels = NDArray[np.uint8]
Weight = NDArray[np.float32]


@dataclass(frozen=True)
class PortraitBlur:
    """A phone's portrait mode: a figure stays sharp, what lies behind it is blurred by a disc.

    The figure is a head on shoulders with an uneven outline; blur grows over a soft border, and no color of the
    figure bleeds into the background.

    Attributes:
        center: Column of the head's middle, as a share of the width.
        head: Radius of the head, as a share of the shorter side.
        blur: Radius of the disc, as a share of the shorter side.
        softness: Sigma of the border of the figure, in radii of the head.
        seed: Of the outline, below 2**31.
    """

    center: float
    head: float
    blur: float
    softness: float
    seed: int
    name: Literal["portrait_blur"] = "portrait_blur"

    def apply(self, pixels: Pixels) -> Pixels:
        """Blurs the background of uint8 RGB ``[H, W, 3]``."""
        figure = self.foreground(pixels.shape[:2])[..., None]
        behind = pixels * (1 - figure)
        radius = max(1, round(self.blur * min(pixels.shape[:2])))
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2).astype(np.float32)
        disc /= disc.sum()
        weight = cv2.filter2D(1 - figure, -1, disc)[..., None]
        blurred = np.where(weight > 1e-3, cv2.filter2D(behind, -1, disc) / np.maximum(weight, 1e-3), pixels)
        return _as_pixels(pixels * figure + blurred * (1 - figure))

    def foreground(self, size: tuple[int, ...]) -> Weight:
        """How near each pixel is: float32 ``[H, W]``, 1 for the figure and 0 for the background."""
        height, width = size
        radius = self.head * min(size)
        random = np.random.default_rng(self.seed)
        warp = [
            cv2.resize(random.uniform(-0.25, 0.25, (9, 9)).astype(np.float32), (width, height), interpolation=2)
            for _ in range(2)
        ]
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        x = (columns - self.center * width) / radius + warp[0]
        y = (rows - (height - 4.2 * radius)) / radius + warp[1]
        head = (x / 0.85) ** 2 + y**2 < 1
        shoulders = (np.abs(x) / 2.3) ** 2.5 + (np.maximum(0, 4.5 - y) / 3.2) ** 2.5 < 1
        figure = (head | shoulders).astype(np.float32)
        return np.asarray(cv2.GaussianBlur(figure, (0, 0), max(0.5, self.softness * radius)), dtype=np.float32)


def draw_portrait_blur(random: np.random.Generator) -> PortraitBlur:
    """A figure near the middle; blur from hardly visible to strong."""
    center, head = uniform(random, (0.35, 0.65)), uniform(random, (0.1, 0.17))
    blur, softness = uniform(random, (0.004, 0.02)), uniform(random, (0.03, 0.2))
    return PortraitBlur(center, head, blur, softness, draw_seed(random))


@dataclass(frozen=True)
class PanoramaSeam:
    """Two shots of one scene stitched: the right one was exposed a little otherwise and lies between pixels.

    The result is smaller by the border that the shift uncovers, three pixels at each side.

    Attributes:
        seam: Column of the seam, as a share of the width.
        gain: Factor of the right shot.
        offset: Added to it, in gray levels.
        shift: Rows and columns by which the right shot is off, -2..2 each; it is resampled (cubic).
        feather: Width of the transition in pixels, 1 or more.
    """

    seam: float
    gain: float
    offset: float
    shift: tuple[float, float]
    feather: int
    name: Literal["panorama_seam"] = "panorama_seam"

    def apply(self, pixels: Pixels) -> Pixels:
        """Stitches uint8 RGB ``[H, W, 3]`` with itself, to ``[H - 6, W - 6, 3]``."""
        height, width = pixels.shape[:2]
        matrix = np.array([[1, 0, self.shift[1]], [0, 1, self.shift[0]]], np.float32)
        moved = cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        right = moved * np.float32(self.gain) + np.float32(self.offset)
        ramp = (np.arange(width, dtype=np.float32) - self.seam * width) / self.feather + 0.5
        share = np.clip(ramp, 0, 1)[None, :, None]
        return _as_pixels(pixels * (1 - share) + right * share)[_BORDER:-_BORDER, _BORDER:-_BORDER].copy()


_BORDER = 3


def draw_panorama_seam(random: np.random.Generator) -> PanoramaSeam:
    """A seam in the middle third, a difference of exposure of at most 4 %, a shift of at most two pixels."""
    seam, gain, offset = uniform(random, (0.33, 0.67)), uniform(random, (0.96, 1.04)), uniform(random, (-3, 3))
    shift = uniform(random, (-2, 2)), uniform(random, (-2, 2))
    return PanoramaSeam(seam, gain, offset, shift, integer(random, 4, 48))


@dataclass(frozen=True)
class Enhance:
    """The button that makes a whole picture better: tone, color and sharpness, the same everywhere.

    Attributes:
        gamma: Exponent of the tone curve on 0..1; below 1 brightens.
        contrast: Strength of an S-shaped curve, 0..1.
        saturation: Factor of the distance from gray.
        sharpen: Amount of the unsharp mask.
        radius: Sigma of the unsharp mask in pixels.
    """

    gamma: float
    contrast: float
    saturation: float
    sharpen: float
    radius: float
    name: Literal["enhance"] = "enhance"

    def apply(self, pixels: Pixels) -> Pixels:
        """Changes uint8 RGB ``[H, W, 3]``."""
        levels = (np.arange(256, dtype=np.float64) / 255) ** self.gamma
        smooth = levels * levels * (3 - 2 * levels)
        curve = (255 * (levels + self.contrast * (smooth - levels))).astype(np.float32)
        toned = curve[pixels]
        gray = toned @ np.array([0.299, 0.587, 0.114], np.float32)
        colored = gray[..., None] + self.saturation * (toned - gray[..., None])
        return _as_pixels(colored + self.sharpen * (colored - cv2.GaussianBlur(colored, (0, 0), self.radius)))


def draw_enhance(random: np.random.Generator) -> Enhance:
    """As phones do it: visible, not gaudy."""
    gamma, contrast, saturation = (uniform(random, bounds) for bounds in ((0.8, 1.15), (0.1, 0.5), (1.0, 1.3)))
    return Enhance(gamma, contrast, saturation, uniform(random, (0.3, 1.0)), uniform(random, (0.8, 2.0)))


@dataclass(frozen=True)
class CropAndSave:
    """A picture straightened up by cutting its borders, and saved once more.

    Attributes:
        crop: In pixels, mostly off the 8 x 8 grid.
        save: The compression after it.
    """

    crop: Crop
    save: JpegSave
    name: Literal["crop_and_save"] = "crop_and_save"

    def apply(self, pixels: Pixels) -> Pixels:
        """Cuts, compresses and decodes uint8 RGB ``[H, W, 3]``."""
        return self.save.apply(self.crop.apply(pixels))


def draw_crop_and_save(random: np.random.Generator, size: Size) -> CropAndSave:
    """Up to a tenth of each side of a picture of ``size`` (height, width) is cut; quality 75 to 95."""
    top, bottom = (integer(random, 1, max(1, size[0] // 10)) for _ in range(2))
    left, right = (integer(random, 1, max(1, size[1] // 10)) for _ in range(2))
    return CropAndSave(Crop(top, left, bottom, right), JpegSave(integer(random, 75, 95)))


Innocent = Annotated[
    DateStamp | Logo | PortraitBlur | PanoramaSeam | Screenshot | Enhance | CropAndSave, Field(discriminator="name")
]

INNOCENTS: Mapping[str, Callable[[np.random.Generator, Size], Innocent]] = MappingProxyType(
    {
        "date_stamp": lambda random, size: draw_date_stamp(random),
        "logo": lambda random, size: draw_logo(random),
        "portrait_blur": lambda random, size: draw_portrait_blur(random),
        "panorama_seam": lambda random, size: draw_panorama_seam(random),
        "screenshot": draw_display_screenshot,
        "enhance": lambda random, size: draw_enhance(random),
        "crop_and_save": draw_crop_and_save,
    }
)


def list_innocents() -> list[str]:
    """Names of the kinds."""
    return sorted(INNOCENTS)


def draw_innocent(random: np.random.Generator, kind: str, size: Size) -> Innocent:
    """Draws one kind for a picture of ``size`` (height, width).

    Raises:
        WrongUsage: There is no kind of that name.
    """
    if kind not in INNOCENTS:
        raise WrongUsage(f"innocent processing {kind!r} is unknown{did_you_mean(kind, list_innocents())}")
    return INNOCENTS[kind](random, size)


def _as_pixels(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)
