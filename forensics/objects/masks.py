"""Object masks of a picture and which patches of a grid belong to which object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

MAX_OBJECTS = 64

Rule = Literal["any", "majority"]


@dataclass(frozen=True)
class ObjectMasks:
    """At most 64 objects of one picture, drawn on a copy of bounded size.

    Attributes:
        masks: bool ``[K, h, w]``, K <= 64. Objects may overlap and need not cover the picture.
        height: Height H of the picture in pixels, stored orientation.
        width: Width W of the picture in pixels.
    """

    masks: NDArray[np.bool_]
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.masks.ndim != 3 or len(self.masks) > MAX_OBJECTS:
            raise ValueError(f"masks must be [K <= {MAX_OBJECTS}, h, w], not {self.masks.shape}")

    def membership(self, patch: int, rule: Rule = "any", samples: int = 4) -> NDArray[np.bool_]:
        """Which patches belong to which object.

        Every patch is probed on a regular lattice of ``samples`` x ``samples`` points; with
        ``samples == patch`` and masks of the picture's own size every pixel is probed.

        Args:
            patch: Side of a patch in pixels.
            rule: ``any``: an object owns the patches it overlaps at all (OMG-Fuser, feature variant);
                ``majority``: those it covers for more than half (score variant).
            samples: Probes a side of a patch.

        Returns:
            bool ``[K + 1, ceil(H / patch), ceil(W / patch)]``; the last object is the background: the
            patches in no other object.
        """
        rows = -(-self.height // patch)
        columns = -(-self.width // patch)
        y = _probe_positions(rows, patch, samples, self.height, self.masks.shape[1])
        x = _probe_positions(columns, patch, samples, self.width, self.masks.shape[2])
        hits = self.masks[:, y][:, :, x].reshape(len(self.masks), rows, samples, columns, samples)
        # float32 sums of at most 16 * 16 ones are exact
        coverage = hits.mean(axis=(2, 4), dtype=np.float32)
        owned = coverage > (0.5 if rule == "majority" else 0.0)
        background = ~owned.any(axis=0, keepdims=True)
        return np.concatenate([owned, background])


def _probe_positions(patches: int, patch: int, samples: int, pixels: int, cells: int) -> NDArray[np.intp]:
    """Indices of mask cells under the probes of a row of patches, kept inside the picture."""
    probes = (np.arange(patches * samples) + 0.5) * (patch / samples)
    inside = np.minimum(probes, pixels - 0.5)
    indices: NDArray[np.intp] = (inside * (cells / pixels)).astype(np.intp)
    return np.clip(indices, 0, cells - 1)


class ObjectSegmenter(Protocol):
    """Anything that finds objects in a picture."""

    def segment(self, pixels: NDArray[np.uint8]) -> ObjectMasks:
        """Finds at most 64 objects.

        Args:
            pixels: uint8 RGB ``[H, W, 3]`` in stored orientation.
        """
        ...
