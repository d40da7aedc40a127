"""The masks of public sets: how a pixel reads, and whether a file has to be written anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from signals.errors import UnreadableImage


class MaskRule(Protocol):
    """How the masks of a set mark a change."""

    @property
    def words(self) -> str:
        """The rule in words."""

    @property
    def dark(self) -> bool:
        """Whether dark marks the change: a copy that somebody turned before would be turned back."""

    def changed(self, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """uint8 ``[H, W, 3]`` -> bool ``[H, W]``."""


@dataclass(frozen=True)
class Light:
    """Light marks the change.

    Attributes:
        above: A gray value above this, 0 to 254, was changed.
    """

    above: int = 127
    dark: bool = False

    @property
    def words(self) -> str:
        return f"gray above {self.above} was changed"

    def changed(self, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return _gray(pixels) > self.above


@dataclass(frozen=True)
class Dark:
    """Dark marks the change: the mask is inverted.

    Attributes:
        below: A gray value below this, 1 to 255, was changed.
    """

    below: int = 128
    dark: bool = True

    @property
    def words(self) -> str:
        return f"gray below {self.below} was changed (inverted)"

    def changed(self, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return _gray(pixels) < self.below


@dataclass(frozen=True)
class Green:
    """Green marks the change, red the rest; the two are told apart by the larger channel.

    Attributes:
        margin: Pixels whose channels are closer than this are of neither color.
        most_undecided: A mask with a larger share of such pixels is of another kind, and refused.
    """

    margin: int = 32
    most_undecided: float = 0.1
    dark: bool = False

    @property
    def words(self) -> str:
        return "green above red was changed"

    def changed(self, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        difference = pixels[..., 1].astype(np.int16) - pixels[..., 0]
        undecided = float((np.abs(difference) < self.margin).mean())
        if undecided > self.most_undecided:
            raise OtherKindOfMask(f"{undecided:.0%} of its mask is neither red nor green")
        return difference > 0


class OtherKindOfMask(Exception):
    """A mask that does not follow the rule of its set; the text is the reason."""


@dataclass(frozen=True)
class StoredMask:
    """A mask file, decoded.

    Attributes:
        pixels: uint8 ``[H, W, 3]``, upright.
        kind: File format and mode, such as ``PNG L``.
    """

    pixels: NDArray[np.uint8]
    kind: str

    def differences(self, changed: NDArray[np.bool_]) -> dict[str, str]:
        """In what the file differs from an 8-bit gray PNG of 0 and 255 that marks ``changed``.

        Returns:
            Details, which may be empty, by what is the matter; empty if nothing is.
        """
        found = {} if self.kind == "PNG L" else {f"mask was {self.kind}": ""}
        between = float(((self.pixels > 0) & (self.pixels < 255)).any(2).mean())
        if between > 0:
            found["mask was not black and white only"] = f"{between:.1%} between"
        if not found and not np.array_equal(self.pixels[..., 0] == 255, changed):
            found["mask was inverted"] = ""
        return found


def read_stored_mask(path: Path) -> StoredMask:
    """Decodes a mask of any kind; 16-bit samples are scaled to 8.

    Raises:
        UnreadableImage: It is missing or damaged.
    """
    try:
        with Image.open(path) as image:
            kind = f"{image.format} {image.mode}"
            upright: Any = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I"):
                eight = np.clip(np.asarray(upright).astype(np.int64) >> 8, 0, 255).astype(np.uint8)
                upright = Image.fromarray(eight)
            pixels = np.asarray(upright.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableImage(f"mask {path.name} cannot be read ({type(error).__name__}); get another copy") from error
    return StoredMask(pixels, kind)


def mask_size(path: Path) -> tuple[int, int] | None:
    """Width and height of an upright mask from its header; None if it cannot be read."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            return (height, width) if image.getexif().get(274, 1) in (5, 6, 7, 8) else (width, height)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _gray(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).convert("L"))
