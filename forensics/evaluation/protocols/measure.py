"""What a protocol gives: what each picture measured, and the numbers of the set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.picture import MaskMeaning


@dataclass(frozen=True)
class PictureScores:
    """What one picture measured.

    Attributes:
        index: Place of the picture in its set.
        image: Its name.
        source: What it was made from, the unit of the bootstrap.
        label: 1 forged, 0 authentic.
        mask_meaning: What its mask marks.
        failed: Whether there was no map.
        score: Of the whole picture, 0..1; None when the source of maps has none.
        values: The numbers by name; those that the picture does not define are absent.
    """

    index: int
    image: str
    source: str
    label: int
    mask_meaning: MaskMeaning
    failed: bool
    score: float | None
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Measure:
    """One number of a set, named after its protocol.

    Attributes:
        name: ``protocol/quantity``.
        n: Pictures it is taken over.
        value: Of the maps.
        interval: Its 95 % interval, sources drawn anew; None where the protocol keeps too little for one.
        prior: The same quantity of the content-free prior, where it has one.
        gain: Maps less prior, paired by picture.
        skill: ``(value - prior) / (1 - prior)``: 0 for the prior, 1 for perfect maps.
        all_one: The same quantity of a map that marks everything.
        note: What a reader must know beside it.
    """

    name: str
    n: int
    value: float
    interval: Interval | None = None
    prior: Interval | None = None
    gain: Interval | None = None
    skill: Interval | None = None
    all_one: float | None = None
    note: str = ""
