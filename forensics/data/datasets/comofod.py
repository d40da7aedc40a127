"""CoMoFoD, small category: copy-move with translation, rotation, scaling, distortion; PNG, 512 x 512.

Names (``N_O`` original, ``N_F`` forged, ``N_B`` binary mask, ``N_M`` colored mask; ``N_F_JC1`` ... post-processed) and
counts: https://vcl.fer.hr/comofod/comofod.html and .../download.html; pairs of picture and mask: mjkwon2021/CAT-Net,
``Splicing/data/CoMoFoD_tamp.txt``. The names are taken wherever they lie below the given folder.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from forensics.data.datasets.dataset import Dataset, Entry, Listing, Published
from forensics.data.datasets.folders import by_stem, pictures_below, renamed_masks, wrong_layout
from forensics.data.datasets.masks import Light

_PICTURE = re.compile(r"(\d{3})_([OF])(?:_([A-Z]{2})(\d))?$")
_LAYOUT = "pictures 001_O.png and 001_F.png and masks 001_B.png, in any folders below"
_PROCESSING = {
    "JC": "JPEG compression",
    "IB": "blurring",
    "NA": "noise",
    "BC": "brightness change",
    "CR": "color reduction",
    "CA": "contrast adjustment",
}


def _list_plain(source: Path) -> Listing:
    entries, processed = _read(source)
    remarks = [f"{len(processed)} post-processed pictures are another set, comofod-postprocessed"] if processed else []
    return Listing(tuple(entries), remarks=tuple(remarks))


def _list_processed(source: Path) -> Listing:
    _, processed = _read(source)
    if not processed:
        raise wrong_layout(source, "post-processed pictures such as 001_F_JC1.jpg")
    count = Counter(entry.note.partition(" ")[0][:2] for entry in processed)
    told = ", ".join(f"{_PROCESSING.get(code, code)} {count[code]}" for code in sorted(count))
    return Listing(tuple(processed), remarks=(f"post-processing: {told}",))


def _read(source: Path) -> tuple[list[Entry], list[Entry]]:
    paths = list(pictures_below(source))
    masks, renamed = by_stem(paths, "_B"), renamed_masks(paths)
    plain: list[Entry] = []
    processed: list[Entry] = []
    for path in paths:
        match = _PICTURE.match(path.stem)
        if match is None or path.parent.name == "masks":
            continue
        number, kind, code, level = match.groups()
        found = (*masks.get(number, ()), *renamed.get(f"{number}_F", ())) if kind == "F" else ()
        note = f"{code}{level} {_PROCESSING.get(code, 'unknown post-processing')}" if code else ""
        if kind == "F" and number not in masks and found:
            note = "; ".join(filter(None, (note, "mask bears the picture's own name")))
        (processed if code else plain).append(Entry(path, int(kind == "F"), number, found, note=note))
    if not any(entry.masks for entry in (*plain, *processed)):
        raise wrong_layout(source, _LAYOUT)
    return plain, processed


_BOTH_ENDS = (
    "Masks mark both ends of a copy, where it was taken from as well as where it was put (mask_meaning both_ends): a "
    "map of what was altered cannot reach F1 1 on them."
)
_COLORED = "The colored mask N_M is not used: no public page says which color is which end."
_ORIGIN = "https://www.vcl.fer.hr/comofod/download.html"
_TERMS = "see the origin"

COMOFOD = Dataset(
    name="comofod",
    title="CoMoFoD, small image category",
    origin=_ORIGIN,
    terms=_TERMS,
    published=Published(200, 200, "https://vcl.fer.hr/comofod/comofod.html"),
    layout=_LAYOUT,
    traps=(
        _BOTH_ENDS,
        _COLORED,
        "Some numbers were made from one original (018 and 020): they get one source, with a note.",
        "Post-processed copies (N_F_JC1, ...) are left to the set comofod-postprocessed.",
    ),
    mask_meaning="both_ends",
    rule=Light(),
    list_entries=_list_plain,
)

COMOFOD_PROCESSED = Dataset(
    name="comofod-postprocessed",
    title="CoMoFoD, small image category, post-processed pictures",
    origin=_ORIGIN,
    terms=_TERMS,
    published=Published(4800, 4800, "24 versions of 200 pictures: https://vcl.fer.hr/comofod/comofod.html"),
    layout="pictures 001_O_JC1.jpg, 001_F_JC1.jpg ... and masks 001_B.png, in any folders below",
    traps=(_BOTH_ENDS, _COLORED, "24 versions of one picture are one group: their source is the same number."),
    mask_meaning="both_ends",
    rule=Light(),
    list_entries=_list_processed,
)
