"""One picture ready to be scored: what was changed in it, and what a tool said about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.metrics import MapArray
from signals.errors import WrongUsage

MaskMeaning = Literal["altered", "both_ends"]


@dataclass(frozen=True)
class Picture:
    """One picture, upright and at its native size.

    Attributes:
        image: Its name in the results.
        source: The photo it was made from: what the bootstrap draws and what folds are cut by.
        label: 1 forged, 0 authentic.
        height: H in pixels.
        width: W in pixels.
        truth: bool ``[H, W]``, True where changed and somewhere True; None for authentic pictures.
        values: The map, float32 in 0..1 or uint8 ``[H, W]``; None where there is none or it failed.
        valid: bool ``[H, W]``, False where nothing could be decoded; None: valid throughout.
        score: Of the whole picture, 0..1; None where there is none.
        mask_meaning: ``altered``: the truth marks what was changed; ``both_ends``: also where it was copied from.

    Raises:
        WrongUsage: The parts contradict each other, or the map holds NaN or leaves 0..1.
    """

    image: str
    source: str
    label: int
    height: int
    width: int
    truth: NDArray[np.bool_] | None
    values: MapArray | None
    valid: NDArray[np.bool_] | None = None
    score: float | None = None
    mask_meaning: MaskMeaning = "altered"

    def __post_init__(self) -> None:
        if self.label not in (0, 1) or (self.label == 1) != (self.truth is not None):
            raise WrongUsage(f"{self.image}: forged pictures have label 1 and a truth, authentic ones 0 and None")
        for name in ("truth", "values", "valid"):
            array = getattr(self, name)
            if array is not None and array.shape != (self.height, self.width):
                raise WrongUsage(f"{self.image}: {name} is {array.shape}, the picture {(self.height, self.width)}")
        if self.truth is not None and not self.counted(self.truth).any():
            raise WrongUsage(f"{self.image}: nothing of what its truth marks was decoded; leave the picture out")
        if self.values is not None and self.values.dtype != np.uint8:
            low, high = self.values.min(), self.values.max()
            if not (low >= 0 and high <= 1):
                found = "NaN" if np.isnan(low) else f"{low:g} to {high:g}"
                raise WrongUsage(f"{self.image}: its map holds {found}; a map is 0..1, give None for one that failed")
        if self.score is not None and not 0 <= self.score <= 1:
            raise WrongUsage(f"{self.image}: its score is {self.score}; a score is 0..1, None where there is none")

    def counted(self, pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Those of the marked pixels that were decoded."""
        return pixels if self.valid is None else pixels & self.valid
