"""The family of edits that is planted: its kinds and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "splice": "pasted in, with another history",
        "copy_move": "copied from elsewhere in the part",
        "removal": "removed and filled",
        "local_change": "blurred or made noisy",
    }
)


@dataclass(frozen=True)
class Size:
    """A class of sizes.

    Attributes:
        name: For people.
        low: Smallest area as a share (0..1) of the window.
        high: Largest.
    """

    name: str
    low: float
    high: float


SIZES = (Size("0.5-1 %", 0.005, 0.01), Size("2-4 %", 0.02, 0.04), Size("8-12 %", 0.08, 0.12))
