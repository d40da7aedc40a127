"""Masks: what was changed in a picture, read strictly. Nothing is resized, inverted or repaired.

| what is found | what happens |
|---|---|
| a pixel above 127 of 255, as gray | it was changed |
| a mask that is missing, unreadable or not 8-bit | excluded, with the reason |
| a mask with an alpha that is not the same everywhere | excluded: which of the two marks is not known |
| a mask of another size than the upright picture | excluded, with both sizes |
| labeled forged, no mask or one that marks nothing | excluded: there is nothing to find |
| labeled forged, the mask covers everything | scored by F1 and IoU; MCC, AUC and AP leave it out |
| labeled authentic, no mask or one that marks nothing | scored as authentic |
| labeled authentic, the mask marks something | excluded: label and mask contradict each other |
| the marked part was not decoded, the file being cut short | excluded: what is left is not what the mask speaks of |

What is excluded is so whatever is scored, before any map is asked for. A map that fails is never excluded.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from signals.errors import ForensicsError

_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")


class Excluded(ForensicsError):  # named like the rest of its family
    """A picture that is left out of the scores; the text is the reason. ``evaluate`` catches and counts it."""


def read_mask(path: Path, height: int, width: int) -> NDArray[np.bool_]:
    """Reads the mask of a forged picture: as :func:`marked_pixels`, and it must mark something.

    Raises:
        Excluded: It is missing, unreadable, partly transparent, of another size, or marks nothing.
    """
    changed = marked_pixels(path, height, width)
    if not changed.any():
        raise Excluded(f"mask {path.name} marks nothing: changed is above 127 of 255")
    return changed


def marked_pixels(path: Path, height: int, width: int) -> NDArray[np.bool_]:
    """Reads a mask of the upright picture; a pixel above 127 of 255, as gray, was changed.

    Masks of public sets are often JPEG-compressed at some point: a threshold in the middle ignores the ringing
    that "non-zero" would mark. A mask is never resized.

    Args:
        path: The mask, any 8-bit kind.
        height: H of the upright picture.
        width: W of the upright picture.

    Returns:
        bool ``[H, W]``.

    Raises:
        Excluded: It is missing, unreadable, partly transparent, or of another size.
    """
    try:
        with Image.open(path) as image:
            if image.mode not in _MODES:
                raise Excluded(f"mask {path.name} is of mode {image.mode}, not 8-bit; save it as 8-bit gray")
            if _is_partly_transparent(image):
                raise Excluded(f"mask {path.name} has an alpha that differs by pixel; save it as 8-bit gray")
            gray = np.asarray(ImageOps.exif_transpose(image).convert("L"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Excluded(f"mask {path.name} cannot be read ({type(error).__name__})") from error
    if gray.shape != (height, width):
        found = f"{gray.shape[1]} x {gray.shape[0]}"
        raise Excluded(f"mask {path.name} is {found}, the upright picture {width} x {height}")
    return np.asarray(gray > 127)


def _is_partly_transparent(image: Image.Image) -> bool:
    """Whether alpha says something: it may be what marks, or hide what does."""
    if "A" not in image.getbands():
        return False
    alpha = np.asarray(image.getchannel("A"))
    return bool((alpha != alpha[0, 0]).any())
