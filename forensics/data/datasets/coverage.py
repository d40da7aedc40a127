"""COVERAGE: copy-move beside similar but genuine objects, 100 pairs, TIFF.

Layout (``image/N.tif`` original, ``image/Nt.tif`` forged, ``mask/N{copy,paste,forged}.tif``) and the meaning of the
three masks: photoholmes/photoholmes, ``src/photoholmes/datasets/coverage.py``; the same in mjkwon2021/CAT-Net,
``Splicing/data/COVERAGE_tamp.txt``; misaligned masks: SunnyHaze/IML-Dataset-Corrections, ``README.md``, 2.3.
"""

from __future__ import annotations

import re
from pathlib import Path

from forensics.data.datasets.dataset import Dataset, Entry, Listing, Published
from forensics.data.datasets.folders import by_stem, locate, pictures_below, pictures_in, wrong_layout
from forensics.data.datasets.masks import Light

_LAYOUT = "image/1.tif, image/1t.tif and mask/1forged.tif"
_PICTURE = re.compile(r"(\d+)(t?)$")


def _list_entries(source: Path) -> Listing:
    root = locate(source, ("image", "mask"), _LAYOUT)
    masks = by_stem(pictures_in(root / "mask"), "forged")
    corrected = by_stem((path for path in pictures_below(source) if path.parent != root / "mask"), "forged")
    entries = []
    for path in pictures_in(root / "image"):
        match = _PICTURE.match(path.stem)
        if match is None:
            continue
        number, forged = match.group(1), bool(match.group(2))
        found = (*masks.get(number, ()), *corrected.get(number, ())) if forged else ()
        entries.append(Entry(path, int(forged), number, found))
    if not entries:
        raise wrong_layout(root / "image", _LAYOUT)
    entries.sort(key=lambda entry: (int(entry.source), entry.label))
    return Listing(tuple(entries))


COVERAGE = Dataset(
    name="coverage",
    title="COVERAGE",
    origin="https://github.com/wenbihan/coverage",
    terms="subject to copyright, non-commercial research only (wenbihan/coverage, README.md)",
    published=Published(100, 100, "wenbihan/coverage and photoholmes/photoholmes, src/photoholmes/datasets/README.md"),
    layout=_LAYOUT,
    traps=(
        "Of three masks only N`forged` marks what was altered; N`copy` marks where it was copied from, N`paste` the "
        "genuine object beside it. N`forged` is read.",
        "Nine masks (41, 48, 55 to 59, 61, 95) have another size than their picture: left out, unless the corrected "
        "mask lies below the folder as well.",
        "Copies from before 2017-09-27 have some originals and forgeries exchanged (wenbihan/coverage, README.md); "
        "that cannot be seen in the files.",
    ),
    mask_meaning="altered",
    rule=Light(),
    list_entries=_list_entries,
    known={
        f"{number}t.tif": "known to have a misaligned mask; a corrected one is linked in "
        "SunnyHaze/IML-Dataset-Corrections, 2.3"
        for number in (41, 48, 55, 56, 57, 58, 59, 61, 95)
    },
)
