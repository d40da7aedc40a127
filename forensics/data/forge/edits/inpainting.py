"""A stand-in for inpainting by diffusion: invented at 64 pixels, enlarged, decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.draw import chance, choice, draw_seed, uniform
from forensics.data.forge.edits.blend import Blend, Edit, draw_blend
from forensics.data.forge.edits.changed import unless_idle
from forensics.data.forge.edits.fills import Fill, draw_fill
from forensics.data.forge.recipe import Recipe
from forensics.data.forge.shapes.shape import Shape, draw_shape

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

LARGEST_SHARE = 0.6
_SMALL_SIDE, _ENLARGEMENT = 64, 4


@dataclass(frozen=True)
class Inpainting:
    """A region is filled on a copy of 64 pixels, enlarged four times, decoded and brought to size.

    The resolutions are those of cascaded diffusion (a base model of 64 pixels and an upsampler to 256).

    Attributes:
        shape: The region, up to 60 % of the picture.
        fill: How the hole of the small copy is filled.
        texture: Standard deviation of the noise added to the filling at 64 pixels, in 0..255.
        upscaler: ``bicubic`` or ``learned`` (our own network), from 64 to 256 pixels.
        strength: Of the noise on the auto-encoder's latents at 256 pixels, see ``Regeneration``.
        whole_frame: The frame round the region has passed through the auto-encoder too, so that nothing in the
            picture is as the camera left it; the mask is the region all the same.
        frame_scale: What the frame is reduced (below 1) or enlarged to before that, 0.75..1.5 of its sides; the
            larger, the more detail survives.
        blend: How the region is pasted.
        seed: Of texture and noise.
    """

    shape: Shape
    fill: Fill
    texture: float
    upscaler: Literal["bicubic", "learned"]
    strength: float
    whole_frame: bool
    frame_scale: float
    blend: Blend
    seed: int
    name: Literal["inpainting"] = "inpainting"

    def apply(self, host: Pixels) -> Edit | None:
        """Changes uint8 RGB ``[H, W, 3]``; None where the shape is empty or nothing differs afterwards."""
        alpha = self.shape.draw(host, LARGEST_SHARE)
        mask = np.asarray(alpha > 0.5)
        if not mask.any():
            return None
        edit = self.blend.paste(host, self._invent(host, mask), alpha)
        if self.whole_frame:
            edit = Edit(self._decode_frame(edit.pixels), edit.mask)
        return unless_idle(host, edit)

    def _invent(self, host: Pixels, mask: Mask) -> Pixels:
        """The whole frame at 64 pixels with the hole filled, enlarged and decoded."""
        # torch takes seconds to import
        from forensics.data.forge.edits.regenerator import enlarge, regenerate

        height, width = host.shape[:2]
        scale = _SMALL_SIDE / max(height, width)
        small_size = max(8, round(width * scale)), max(8, round(height * scale))
        blank = np.where(mask[..., None], np.uint8(0), host)
        hole = cv2.resize(mask.astype(np.float32), small_size, interpolation=cv2.INTER_AREA) > 0
        small = self.fill.apply(_resize(blank, small_size), hole)
        small = self._roughen(small, hole)
        large_size = small_size[0] * _ENLARGEMENT, small_size[1] * _ENLARGEMENT
        large = enlarge(small) if self.upscaler == "learned" else _resize(small, large_size)
        decoded = regenerate(large, self.strength, self.seed)
        return _resize(decoded, (width, height))

    def _roughen(self, small: Pixels, hole: Mask) -> Pixels:
        """Noise, half of it blurred: grain and soft structure."""
        noise = np.random.default_rng(self.seed).standard_normal(small.shape, dtype=np.float32)
        soft = cv2.GaussianBlur(noise, (0, 0), 1.2)
        rough = small + self.texture * (0.5 * noise + 0.5 * soft / soft.std())
        return np.where(hole[..., None], np.clip(np.round(rough), 0, 255), small).astype(np.uint8)

    def _decode_frame(self, pixels: Pixels) -> Pixels:
        from forensics.data.forge.edits.regenerator import regenerate

        height, width = pixels.shape[:2]
        size = max(8, round(width * self.frame_scale)), max(8, round(height * self.frame_scale))
        return _resize(regenerate(_resize(pixels, size)), (width, height))


def draw_inpainting(random: np.random.Generator, recipe: Recipe) -> Inpainting:
    """Draws a region of ``recipe.inpainting_area``; half of the frames are decoded whole."""
    shape = draw_shape(random, recipe, recipe.inpainting_area)
    return Inpainting(
        shape=shape,
        fill=draw_fill(random),
        texture=uniform(random, (0, 10)),
        upscaler="learned" if chance(random, 0.5) else "bicubic",
        strength=uniform(random, (0, 0.2)),
        whole_frame=chance(random, 0.5),
        frame_scale=float(choice(random, {"0.75": 0.2, "1": 0.4, "1.5": 0.4})),
        blend=draw_blend(random, recipe),
        seed=draw_seed(random),
    )


def _resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """To a width and height: means of areas where it shrinks, cubic where it grows."""
    interpolation = cv2.INTER_AREA if size[0] < pixels.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=interpolation), dtype=np.uint8)
