"""IMD2020, real-life manipulated images: one folder a photo with its manipulations from the web.

Layout (``<id>/<id>_orig.jpg``, ``<id>/<name>.jpg|png``, ``<id>/<name>_mask.png``): mjkwon2021/CAT-Net,
``Splicing/data/dataset_IMD2020.py`` and ``IMD_valid_list.txt``; counts: zhipeixu/FakeShield issue 21; the misaligned
mask: SunnyHaze/IML-Dataset-Corrections, ``README.md``, 2.4.
"""

from __future__ import annotations

from pathlib import Path

from forensics.data.datasets.dataset import Dataset, Entry, Listing, Published
from forensics.data.datasets.folders import by_stem, pictures_in, wrong_layout
from forensics.data.datasets.masks import Light

_LAYOUT = "folders <id>/ of <id>_orig.jpg, <name>.jpg or .png and <name>_mask.png"


def _list_entries(source: Path) -> Listing:
    for root in (source, source / "IMD2020"):
        entries = [entry for folder in _folders(root) for entry in _read_folder(folder)]
        if entries:
            return Listing(tuple(entries))
    raise wrong_layout(source, _LAYOUT)


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def _read_folder(folder: Path) -> list[Entry]:
    """One photo with its manipulations; a folder without a mask or an original is none of the set."""
    pictures = pictures_in(folder)
    masks = by_stem(pictures, "_mask")
    originals = [path for path in pictures if path.stem.endswith("_orig")]
    if not masks or not originals:
        return []
    entries = [Entry(path, 0, folder.name) for path in originals]
    for path in pictures:
        if not path.stem.endswith(("_mask", "_orig")):
            entries.append(Entry(path, 1, folder.name, tuple(masks.get(path.stem, ()))))
    return entries


IMD2020 = Dataset(
    name="imd2020",
    title="IMD2020, Real-Life Manipulated Images",
    origin="http://staff.utia.cas.cz/novozada/db/",
    terms="see the origin",
    published=Published(414, 2010, "zhipeixu/FakeShield issue 21"),
    layout=_LAYOUT,
    traps=(
        "Up to dozens of manipulations share one original: a folder is one group.",
        "The mask of z14/00030_fake.jpg has another size than its picture: left out; put the corrected mask in its "
        "place to keep it.",
        "Pictures were uploaded to and re-saved by web sites: their traces are those of the platform.",
        "The larger part of IMD2020 (35,000 generated edits) is another download and not read.",
    ),
    mask_meaning="altered",
    rule=Light(),
    list_entries=_list_entries,
    known={
        "00030_fake.jpg": "known to have a misaligned mask; a corrected one is shown in "
        "SunnyHaze/IML-Dataset-Corrections, 2.4"
    },
)
