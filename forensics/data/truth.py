"""The truth about a picture of a manifest, in the orientation of its stored pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from forensics.data.manifest import ManifestRow
from signals import Evidence
from signals.errors import UnreadableImage, WrongUsage
from signals.orientation import upright, upright_size

# A quarter turn is undone by the opposite one; every other orientation undoes itself.
_INVERSE = {6: 8, 8: 6}


def read_truth(row: ManifestRow, evidence: Evidence) -> NDArray[np.bool_]:
    """What was changed, in stored orientation; masks are of the upright picture.

    Args:
        row: A row of a manifest.
        evidence: Its picture.

    Returns:
        bool ``[H, W]``; all False for an authentic picture.

    Raises:
        UnreadableImage: The mask is missing or cannot be read.
        WrongUsage: The mask is of another size than the picture, or a picture labeled forged has none or an empty one.
    """
    if not row.label:
        return np.zeros((evidence.height, evidence.width), dtype=bool)
    if row.mask is None:
        raise WrongUsage(f"{row.image}: labeled forged, but the manifest names no mask; give one or leave the row out")
    try:
        with Image.open(row.mask) as image:
            changed = np.asarray(ImageOps.exif_transpose(image).convert("L")) > 127
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableImage(f"{row.mask}: the mask cannot be read ({type(error).__name__}); mend it") from error
    width, height = upright_size(evidence.width, evidence.height, evidence.orientation)
    if changed.shape != (height, width):
        raise WrongUsage(
            f"{row.mask}: the mask is {changed.shape[1]} x {changed.shape[0]}, its picture {row.image.name} is "
            f"{width} x {height}; give masks of the size of their upright pictures"
        )
    if not changed.any():
        raise WrongUsage(f"{row.mask}: the mask marks nothing, but its picture is labeled forged; mend the manifest")
    return upright(changed, _INVERSE.get(evidence.orientation, evidence.orientation))
