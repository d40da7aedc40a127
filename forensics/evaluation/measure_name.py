"""What the name of a measure says: ``protocol/[group/]quantity``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

# Numbers of one definition differ by rounding alone.
EXACT = 1e-6
# Quantities of authentic pictures, and what each of them measured.
_FALSE_ALARMS = {"false_alarm_area": "marked_area", "false_alarm_any": "any_marked"}
_LOWER_IS_BETTER = ("false_alarm", "failed", "pixel_fpr")


class MeasuredPicture(Protocol):
    """What one tool measured on one picture; :class:`forensics.evaluation.protocols.PictureScores` is one."""

    @property
    def source(self) -> str:
        """What the picture was made from."""
        ...

    @property
    def label(self) -> int:
        """1 forged, 0 authentic."""
        ...

    @property
    def mask_meaning(self) -> str:
        """What its mask marks."""
        ...

    @property
    def score(self) -> float | None:
        """Of the whole picture."""
        ...

    @property
    def values(self) -> Mapping[str, float]:
        """The numbers by name."""
        ...


@dataclass(frozen=True)
class MeasureName:
    """A name in its parts.

    Attributes:
        protocol: The protocol.
        group: Which pictures: empty for forged ones whose masks mark what was altered, ``both_ends``, ``all``, ...
        quantity: The number.

    >>> MeasureName.parse("tracefuse/both_ends/pixel_auc").group
    'both_ends'
    """

    protocol: str
    group: str
    quantity: str

    @classmethod
    def parse(cls, name: str) -> MeasureName:
        """Takes a name apart."""
        protocol, _, rest = name.partition("/")
        group, _, quantity = rest.rpartition("/")
        return cls(protocol, group, quantity)

    @property
    def of_picture(self) -> str:
        """The number of single pictures that the measure is the mean of, if it is one."""
        return _FALSE_ALARMS.get(self.quantity, self.quantity)

    @property
    def lower_is_better(self) -> bool:
        """Whether the better of two tools has the smaller number."""
        return self.quantity.startswith(_LOWER_IS_BETTER)

    def covers(self, label: int, mask_meaning: str) -> bool:
        """Whether a picture belongs to the group.

        >>> MeasureName.parse("tracefuse/pixel_auc").covers(1, "altered")
        True
        >>> MeasureName.parse("tracefuse/false_alarm_area").covers(1, "altered")
        False
        """
        if self.quantity in _FALSE_ALARMS:
            return label == 0
        parts = self.group.split("/") if self.group else []
        meant = "both_ends" if "both_ends" in parts else "altered"
        return mask_meaning == meant and (label == 1 or "all" in parts)

    def is_mean(self, value: float, pictures: Iterable[MeasuredPicture]) -> bool:
        """Whether a value is the mean of the pictures' numbers; pooled measures and areas are none.

        Args:
            value: Of the measure.
            pictures: All that were scored.
        """
        found = [
            picture.values[self.of_picture]
            for picture in pictures
            if self.covers(picture.label, picture.mask_meaning) and self.of_picture in picture.values
        ]
        return bool(found) and abs(float(np.mean(found)) - value) <= EXACT
