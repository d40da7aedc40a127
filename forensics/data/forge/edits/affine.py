"""Mirroring, turning, scaling and shearing a region, by two libraries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from forensics.data.forge.draw import chance, choice, uniform
from forensics.data.forge.recipe import Recipe

Pixels = NDArray[np.uint8]
Alpha = NDArray[np.float32]
Matrix = NDArray[np.float64]

_KERNELS = {"linear": 0.4, "cubic": 0.4, "lanczos": 0.2}
_OPENCV = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}
_LARGEST_SIDE = 4096


@dataclass(frozen=True)
class Affine:
    """An affine change of a region; the kernels of the two libraries leave different traces.

    Attributes:
        flip: Whether the region is mirrored left to right, first of all.
        angle: Degrees, counterclockwise.
        scale: Factor of both sides.
        shear: Degrees along the rows.
        kernel: ``linear``, ``cubic`` or, with OpenCV only, ``lanczos``.
        library: ``opencv`` (cubic with a = -0.75) or ``pillow`` (a = -0.5).
    """

    flip: bool
    angle: float
    scale: float
    shear: float
    kernel: Literal["linear", "cubic", "lanczos"]
    library: Literal["opencv", "pillow"]

    @property
    def identity(self) -> bool:
        """Whether it changes nothing."""
        return not self.flip and not self._resamples

    @property
    def _resamples(self) -> bool:
        return bool(self.angle or self.shear or self.scale != 1)

    def apply(self, pixels: Pixels, alpha: Alpha) -> tuple[Pixels, Alpha]:
        """Changes a region.

        Args:
            pixels: uint8 RGB ``[h, w, 3]``: the region and some of what lies around it.
            alpha: float32 ``[h, w]`` in 0..1.

        Returns:
            Both in the new size, which holds all of the region.
        """
        if self.flip:
            pixels, alpha = np.ascontiguousarray(pixels[:, ::-1]), np.ascontiguousarray(alpha[:, ::-1])
        if not self._resamples:
            return pixels, alpha
        matrix, (height, width) = self._fit((alpha.shape[0], alpha.shape[1]))
        # around the region the picture is mirrored, for soft edges; the region itself has nothing around it
        moved = cv2.warpAffine(alpha, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        if self.library == "opencv":
            flags = _OPENCV[self.kernel]
            warped = cv2.warpAffine(pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        else:
            warped = self._warp_by_pillow(pixels, matrix, (width, height))
        return np.asarray(warped, dtype=np.uint8), np.asarray(moved, dtype=np.float32)

    def _fit(self, size: tuple[int, int]) -> tuple[Matrix, tuple[int, int]]:
        """Matrix ``[2, 3]`` from old to new columns and rows, and height and width that hold all of the old."""
        turn, lean = np.deg2rad(self.angle), np.tan(np.deg2rad(self.shear))
        rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        linear = self.scale * rotation @ np.array([[1, lean], [0, 1]])
        height, width = size
        corners = linear @ np.array([[0, width, 0, width], [0, 0, height, height]], dtype=np.float64)
        low, high = corners.min(axis=1), corners.max(axis=1)
        new = np.clip(np.ceil(np.round(high - low, 6)).astype(int), 1, _LARGEST_SIDE)
        # pixels have their centers at whole numbers and a half
        shift = -low + linear @ [0.5, 0.5] - 0.5
        return np.column_stack([linear, shift]), (int(new[1]), int(new[0]))

    def _warp_by_pillow(self, pixels: Pixels, matrix: Matrix, size: tuple[int, int]) -> Pixels:
        margin = min(16, min(pixels.shape[:2]) - 1)
        padded = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
        inverse = np.linalg.inv(matrix[:, :2])
        # Pillow counts from the corner of the first pixel, OpenCV from its center
        start = 0.5 - inverse @ (matrix[:, 2] + 0.5) + margin
        data = tuple(np.column_stack([inverse, start]).ravel().tolist())
        kernel = Image.Resampling.BILINEAR if self.kernel == "linear" else Image.Resampling.BICUBIC
        warped = Image.fromarray(padded).transform(size, Image.Transform.AFFINE, data, resample=kernel)
        return np.asarray(warped, dtype=np.uint8)


IDENTITY = Affine(False, 0.0, 1.0, 0.0, "linear", "opencv")


def draw_affine(random: np.random.Generator, recipe: Recipe) -> Affine:
    """Draws a affine change; each part of it may be missing, and all of them."""
    flip = chance(random, recipe.flip)
    angle = 0.0
    if chance(random, recipe.rotate):
        angle = uniform(random, (-10, 10) if chance(random, 0.5) else (-45, 45))
    scale = 1.0
    if chance(random, recipe.wide_rescale):
        scale = uniform(random, recipe.wide_rescale_range)
    elif chance(random, recipe.rescale):
        scale = uniform(random, recipe.rescale_range)
    shear = uniform(random, (-8, 8)) if chance(random, recipe.perspective) else 0.0
    library = cast(Literal["opencv", "pillow"], choice(random, {"opencv": 0.5, "pillow": 0.5}))
    kernels = _KERNELS if library == "opencv" else {"linear": 0.5, "cubic": 0.5}
    return Affine(
        flip, angle, scale, shear, cast(Literal["linear", "cubic", "lanczos"], choice(random, kernels)), library
    )
