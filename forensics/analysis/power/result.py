"""What a power test found, as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forensics.analysis.power.family import KINDS, SIZES
from forensics.analysis.verdict import OPERATING_POINT

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class PlantedEdit:
    """One edit and what the program made of it.

    Attributes:
        kind: ``splice``, ``copy_move``, ``removal`` or ``local_change``.
        size: Name of its class of sizes.
        area_fraction: Its area as a share of the window, 0..1.
        window: x, y, width and height of the window in the upright picture.
        overlap: IoU of its area with what the map marks in the edited window and not in the unedited one, 0..1.
        found: Whether that is 0.2 or more.
        score: Of the edited window, 0.5 is the operating point.
        called: Whether that reaches the operating point; None where the score of the unedited window does already.
    """

    kind: str
    size: str
    area_fraction: float
    window: Box
    overlap: float
    found: bool
    score: float
    called: bool | None

    def to_json(self) -> dict[str, Any]:
        """Its fields; shares and scores with four digits."""
        return {
            "kind": self.kind,
            "size": self.size,
            "area_fraction": round(self.area_fraction, 4),
            "window": list(self.window),
            "overlap": round(self.overlap, 4),
            "found": self.found,
            "score": round(self.score, 4),
            "called": self.called,
        }


@dataclass(frozen=True)
class UneditedWindow:
    """What the program made of a window in which nothing was planted.

    Attributes:
        window: x, y, width and height in the upright picture.
        marked_fraction: Share of it that the map marks, 0..1.
        score: 0.5 is the operating point.
    """

    window: Box
    marked_fraction: float
    score: float

    def to_json(self) -> dict[str, Any]:
        """Its fields; shares and scores with four digits."""
        return {
            "window": list(self.window),
            "marked_fraction": round(self.marked_fraction, 4),
            "score": round(self.score, 4),
        }


@dataclass(frozen=True)
class Count:
    """So many of so many."""

    count: int
    of: int

    @classmethod
    def where(cls, answers: Sequence[bool]) -> Count:
        """How many are true."""
        return cls(sum(answers), len(answers))

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the share (Wilson 1927), as if the trials were independent; None without any."""
        if not self.of:
            return None
        from scipy.stats import binomtest

        found = binomtest(self.count, self.of).proportion_ci(method="wilson")
        return round(float(found.low), 4), round(float(found.high), 4)

    def to_json(self) -> dict[str, Any]:
        """``count``, ``of`` and ``interval``."""
        return {"count": self.count, "of": self.of, "interval": self.interval and list(self.interval)}


@dataclass(frozen=True)
class PowerRow:
    """A group of planted edits: all, those of a size or those of a kind.

    Attributes:
        name: Of the size or the kind; ``all``.
        found: By the map.
        called: By the score, of those in windows that are not called without an edit.
    """

    name: str
    found: Count
    called: Count

    def to_json(self) -> dict[str, Any]:
        """``name``, ``found`` and ``called``."""
        return {"name": self.name, "found": self.found.to_json(), "called": self.called.to_json()}


@dataclass(frozen=True)
class Power:
    """Of the edits that were planted in copies of parts of one picture, how many were found.

    Attributes:
        window: Width and height of a window in pixels, upright.
        saved: How edited and unedited windows were saved.
        edits: The planted edits.
        unedited: The windows without an edit.
        reason: Why nothing could be planted, a sentence; None if it could.
    """

    window: tuple[int, int]
    saved: str
    edits: tuple[PlantedEdit, ...]
    unedited: tuple[UneditedWindow, ...]
    reason: str | None

    @property
    def total(self) -> PowerRow:
        """All planted edits."""
        return _row("all", self.edits)

    @property
    def by_size(self) -> tuple[PowerRow, ...]:
        """Small to large."""
        return tuple(_row(size.name, [edit for edit in self.edits if edit.size == size.name]) for size in SIZES)

    @property
    def by_kind(self) -> tuple[PowerRow, ...]:
        """One row a kind."""
        return tuple(_row(kind, [edit for edit in self.edits if edit.kind == kind]) for kind in KINDS)

    @property
    def unedited_called(self) -> Count:
        """Unedited windows whose score reaches the operating point."""
        return Count.where([window.score >= OPERATING_POINT for window in self.unedited])

    @property
    def unedited_marked(self) -> float | None:
        """Share of the unedited windows that the map marks, 0..1; None without any."""
        if not self.unedited:
            return None
        return sum(window.marked_fraction for window in self.unedited) / len(self.unedited)

    def to_json(self) -> dict[str, Any]:
        """The field ``power`` of ``report.json``."""
        marked = self.unedited_marked
        return {
            "experimental": True,
            "reason": self.reason,
            "window": {"width": self.window[0], "height": self.window[1], "saved": self.saved},
            "total": self.total.to_json(),
            "by_size": [row.to_json() for row in self.by_size],
            "by_kind": [row.to_json() for row in self.by_kind],
            "unedited": {
                "called": self.unedited_called.to_json(),
                "marked_fraction": None if marked is None else round(marked, 4),
                "windows": [window.to_json() for window in self.unedited],
            },
            "edits": [edit.to_json() for edit in self.edits],
        }


def _row(name: str, edits: Sequence[PlantedEdit]) -> PowerRow:
    called = Count.where([edit.called for edit in edits if edit.called is not None])
    return PowerRow(name, Count.where([edit.found for edit in edits]), called)
