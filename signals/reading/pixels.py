"""Bytes to 8-bit RGB in stored orientation."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from signals.reading.deep_pixels import DepthError, read_deep_color, scale_to_eight_bits
from signals.reading.native_messages import TIFF_MESSAGES, native_messages

# Image.open would warn of large pictures through the process-wide warnings; the size has been checked before.
_OPENERS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "gif": GifImagePlugin.GifImageFile,
}
_EIGHT_BIT_MODES = ("1", "L", "P", "RGB", "LA", "PA", "RGBA", "RGBX", "YCbCr", "RGBa", "La", "CMYK")
_SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N")
_ORIENTATION = 274
_SCALED = "The picture has 16 bits a channel; its values were scaled to 8 bits and rounded."
_PALETTE = "The picture has a palette of few colors; reducing a photo to one can look like an edit to the model."
_PRINTING = "The picture is stored in printing colors (CMYK); its colors were converted to RGB by a plain rule."


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


def decode_bytes(data: bytes, kind: str, bits: int = 8) -> Decoded:
    """Decodes the first picture of a file.

    Args:
        data: The bytes; of a cut JPEG with its end of image put back.
        kind: Type by magic bytes.
        bits: Bits a channel by the header, 8 or fewer, or 16. Values ``v`` of 16 bits become ``v / 257``, rounded.

    Raises:
        ModeError: Neither 8 nor 16 bits a channel, or not RGB, grey, palette or CMYK.
        Exception: Whatever Pillow raises on damaged bytes.
    """
    printed: AbstractContextManager[object] = native_messages(TIFF_MESSAGES) if kind == "tiff" else nullcontext()
    with printed, _OPENERS[kind](io.BytesIO(data)) as image:
        if kind == "tiff":
            # Pillow turns TIFF pictures, and only these, upright when it loads them.
            image.getexif()[_ORIENTATION] = 1
        decoded = decode_image(image)
    if bits != 16 or _SCALED in decoded.warnings:
        return decoded
    # Pillow drops the lower byte of every color sample.
    try:
        pixels = read_deep_color(data, decoded.pixels)
    except DepthError as error:
        raise ModeError(str(error)) from error
    return Decoded(pixels, (*decoded.warnings, _SCALED))


def decode_image(image: Image.Image) -> Decoded:
    """Converts an image of Pillow; raises as :func:`decode_bytes` does."""
    refuse_mode(image.mode)
    warnings = []
    if getattr(image, "is_animated", False):
        warnings.append("The file holds several pictures; only the first was read.")
    if image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        warnings.append("The picture has transparency, which was ignored.")
    if image.mode in ("P", "PA"):
        warnings.append(_PALETTE)
    image.load()
    # Pillow warns when it converts a palette with transparency.
    image.info.pop("transparency", None)
    if image.mode in _SIXTEEN_BIT_MODES:
        grey = scale_to_eight_bits(np.asarray(image).astype(np.uint16, copy=False))
        pixels = np.repeat(grey[..., None], 3, axis=2)
        warnings.append(_SCALED)
    else:
        if image.mode == "CMYK":
            warnings.append(_PRINTING)
        if image.mode in ("RGBa", "La"):
            image = image.convert("RGBA" if image.mode == "RGBa" else "LA")
        pixels = np.asarray(image.convert("RGB"), dtype=np.uint8)
    pixels.setflags(write=False)
    return Decoded(pixels, tuple(warnings))


def refuse_mode(mode: str) -> None:
    """Raises :class:`ModeError` for a mode of Pillow that is not grey, palette, RGB or CMYK of 8 or grey of 16 bits."""
    if mode in _SIXTEEN_BIT_MODES:
        return
    if mode.startswith("I") or mode == "F":
        raise ModeError("pictures of more than 16 bits a channel are not supported")
    if mode not in _EIGHT_BIT_MODES:
        raise ModeError(f"pictures of the color mode {mode} are not supported")
