"""Whether an edit changed anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forensics.data.forge.edits.blend import Edit


def unless_idle(host: NDArray[np.uint8], edit: Edit, least: float = 0.05) -> Edit | None:
    """The edit; None where its mask is empty or holds hardly a pixel that differs from the host's.

    Args:
        host: uint8 RGB ``[H, W, 3]`` before the edit.
        least: Share of the masked pixels that have to differ in some channel.
    """
    inside = (edit.pixels[edit.mask] != host[edit.mask]).any(axis=-1)
    return edit if len(inside) and inside.mean() >= least else None
