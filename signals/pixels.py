"""Bytes to 8-bit RGB in stored orientation."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

# Image.open would warn of large pictures through the process-wide warnings; the size has been checked before.
_OPENERS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "gif": GifImagePlugin.GifImageFile,
}
_EIGHT_BIT_MODES = ("1", "L", "P", "RGB", "LA", "PA", "RGBA", "RGBX", "YCbCr", "RGBa", "La")
_ORIENTATION = 274


class ModeError(Exception):
    """A kind of pixel that is refused on purpose; the text names it."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """Pixels and what was left out to get them.

    Attributes:
        pixels: uint8 ``[H, W, 3]`` RGB, read-only.
        warnings: One sentence each.
    """

    pixels: NDArray[np.uint8]
    warnings: tuple[str, ...] = ()


def decode_bytes(data: bytes, kind: str) -> Decoded:
    """Decodes the first picture of a file.

    Args:
        data: The bytes; of a cut JPEG with its end of image put back.
        kind: Type by magic bytes.

    Raises:
        ModeError: Not 8 bits a channel, or not RGB, grey or palette.
        Exception: Whatever Pillow raises on damaged bytes.
    """
    with _OPENERS[kind](io.BytesIO(data)) as image:
        if kind == "tiff":
            # Pillow turns TIFF pictures, and only these, upright when it loads them.
            image.getexif()[_ORIENTATION] = 1
        return decode_image(image)


def decode_image(image: Image.Image) -> Decoded:
    """Converts an image of Pillow; raises as :func:`decode_bytes` does."""
    refuse_mode(image.mode)
    warnings = []
    if getattr(image, "is_animated", False):
        warnings.append("The file holds several pictures; only the first was read.")
    if image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        warnings.append("The picture has transparency, which was ignored.")
    image.load()
    # Pillow warns when it converts a palette with transparency.
    image.info.pop("transparency", None)
    if image.mode in ("RGBa", "La"):
        image = image.convert("RGBA" if image.mode == "RGBa" else "LA")
    pixels = np.asarray(image.convert("RGB"), dtype=np.uint8)
    pixels.setflags(write=False)
    return Decoded(pixels, tuple(warnings))


def refuse_mode(mode: str) -> None:
    """Raises :class:`ModeError` for a mode of Pillow that is not grey, palette or RGB of 8 bits."""
    if mode == "CMYK":
        raise ModeError("CMYK pictures, made for printing, are not supported")
    if mode.startswith("I") or mode == "F":
        raise ModeError("pictures of more than 8 bits a channel are not supported")
    if mode not in _EIGHT_BIT_MODES:
        raise ModeError(f"pictures of the color mode {mode} are not supported")
