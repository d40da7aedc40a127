"""The formats a picture is saved in, other than JPEG, and the union of them all."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from forensics.data.forge.chains.jpeg import JpegSave, decode

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class PngSave:
    """A save that loses nothing.

    Attributes:
        effort: 0 (fast) to 9 (small) of the deflate coder; the pixels are the same.
    """

    effort: int = 2
    name: Literal["png"] = "png"

    extension: ClassVar[str] = "png"

    def encode(self, pixels: Pixels) -> bytes:
        """Compresses uint8 RGB ``[H, W, 3]``."""
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG", compress_level=self.effort)
        return stream.getvalue()

    def apply(self, pixels: Pixels) -> Pixels:
        """Gives back the pixels: what would be decoded is what was saved."""
        return pixels


@dataclass(frozen=True)
class WebpSave:
    """One lossy WebP compression (RFC 9649; the key frame of VP8, RFC 6386, always 4:2:0).

    Attributes:
        quality: 0..100 of libwebp, no JPEG quality.
        effort: 0 (fast) to 6 (small): how long the coder looks for a good prediction of each block.
    """

    quality: int
    effort: int = 2
    name: Literal["webp"] = "webp"

    extension: ClassVar[str] = "webp"

    def encode(self, pixels: Pixels) -> bytes:
        """Compresses uint8 RGB ``[H, W, 3]``."""
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "WEBP", quality=self.quality, method=self.effort)
        return stream.getvalue()

    def apply(self, pixels: Pixels) -> Pixels:
        """Compresses and decodes, uint8 RGB ``[H, W, 3]`` to the same."""
        return decode(self.encode(pixels))


FinalSave = Annotated[JpegSave | WebpSave | PngSave, Field(discriminator="name")]
