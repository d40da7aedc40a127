"""Which standard quantization table a table is, or is nearest to. ITU-T T.81, annex K; scaled as libjpeg scales."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["luminance", "chrominance"]

# Table K.1
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
# Table K.2
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
)


@dataclass(frozen=True)
class NearestQuality:
    """A standard table and how far a table is from it.

    Attributes:
        quality: libjpeg's quality setting, 1..100.
        kind: Whether it is the luminance or the chrominance table.
        distance: Mean absolute difference of the 64 steps; 0 if the tables are equal.
    """

    quality: int
    kind: Kind
    distance: float

    @property
    def standard(self) -> bool:
        """Whether the table equals the standard one. Cameras and editors often use tables of their own."""
        return self.distance == 0


def standard_tables(kind: Kind) -> NDArray[np.int64]:
    """The tables of the qualities 1..100: ``[100, 8, 8]`` in natural order, steps 1..255."""
    return _standard_tables()[0 if kind == "luminance" else 1]


def nearest_quality(table: NDArray[Any], kind: Kind = "luminance") -> NearestQuality:
    """The libjpeg quality whose table of this kind is nearest; the lower quality of two that are equally near.

    Args:
        table: ``[8, 8]`` quantization table, natural order.
        kind: Which of the two standard tables to compare with.
    """
    distances = np.abs(standard_tables(kind) - table.astype(np.int64)).mean(axis=(1, 2))
    best = int(distances.argmin())
    return NearestQuality(best + 1, kind, float(distances[best]))


@cache
def _standard_tables() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)[:, None, None]
    luminance, chrominance = (
        ((np.array(base, dtype=np.int64) * scale + 50) // 100).clip(1, 255) for base in (_LUMINANCE, _CHROMINANCE)
    )
    luminance.setflags(write=False)
    chrominance.setflags(write=False)
    return luminance, chrominance
