"""What is known of a public set, and what a reader finds of it on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from forensics.data.datasets.masks import MaskRule

MaskMeaning = Literal["altered", "both_ends"]


@dataclass(frozen=True)
class Published:
    """How many pictures a set has according to a public source.

    Attributes:
        authentic: Authentic pictures.
        forged: Forged pictures.
        source: Where these numbers stand: a repository and path, or a page.
    """

    authentic: int
    forged: int
    source: str


@dataclass(frozen=True)
class Entry:
    """One picture as its set's folders present it; nothing of it has been opened.

    Attributes:
        image: The picture.
        label: 1 forged, 0 authentic.
        source: Id of the photo it is or was made from: the unit of groups and folds.
        masks: Files that may be its mask, best first; the first of the picture's size is taken.
        donor: Id of the other photo in it, where the set tells.
        note: What is peculiar about it.
    """

    image: Path
    label: int
    source: str
    masks: tuple[Path, ...] = ()
    donor: str = ""
    note: str = ""


@dataclass(frozen=True)
class Listing:
    """What a reader found.

    Attributes:
        entries: One for each picture, in the order of the manifest.
        left_out: Files that look like pictures of the set but are not read, and why.
        remarks: What else the reader has to say, one sentence each.
    """

    entries: tuple[Entry, ...]
    left_out: Mapping[Path, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """One public set.

    Attributes:
        name: Name on the command line.
        title: Its full name.
        origin: Where it is to be had.
        terms: What its owners allow, from a public source; else where to look.
        published: Counts to check against.
        layout: The folders and names that are expected, in one line.
        traps: What is known to be wrong or misleading in it, and what is done about it; one sentence each.
        mask_meaning: ``altered``: masks mark what was changed; ``both_ends``: also where it was copied from.
        rule: How a pixel of its masks reads.
        list_entries: From the folder given by the user to a listing; raises ``WrongUsage`` for another layout.
        known: What is publicly known of single pictures, by file name; told when one has to be left out.
    """

    name: str
    title: str
    origin: str
    terms: str
    published: Published
    layout: str
    traps: tuple[str, ...]
    mask_meaning: MaskMeaning
    rule: MaskRule
    list_entries: Callable[[Path], Listing]
    known: Mapping[str, str] = field(default_factory=dict)
