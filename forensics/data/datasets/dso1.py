"""DSO-1 (Carvalho): people spliced into group photos, PNG, 2048 x 1536.

Layout (``DSO-1/normal-NN.png``, ``DSO-1/splicing-NN.png``, ``DSO-1-Fake-Images-Masks/splicing-NN.png``) and that black
marks the splice: photoholmes/photoholmes, ``src/photoholmes/datasets/dso1.py``; the same pairs in mjkwon2021/CAT-Net,
``Splicing/data/Carvalho_DSO-1_spliced_list.txt``.
"""

from __future__ import annotations

from pathlib import Path

from forensics.data.datasets.dataset import Dataset, Entry, Listing, Published
from forensics.data.datasets.folders import by_stem, locate, pictures_in, wrong_layout
from forensics.data.datasets.masks import Dark

_PICTURES, _MASKS = "DSO-1", "DSO-1-Fake-Images-Masks"
_LAYOUT = f"{_PICTURES}/normal-*.png, {_PICTURES}/splicing-*.png and {_MASKS}/splicing-*.png"


def _list_entries(source: Path) -> Listing:
    root = locate(source, (_PICTURES, _MASKS), _LAYOUT)
    masks = by_stem(pictures_in(root / _MASKS))
    pictures = pictures_in(root / _PICTURES)
    entries = [Entry(path, 0, path.stem) for path in pictures if path.stem.startswith("normal-")]
    spliced = [path for path in pictures if path.stem.startswith("splicing-")]
    if not spliced:
        raise wrong_layout(root / _PICTURES, "normal-*.png and splicing-*.png")
    entries += [Entry(path, 1, path.stem, tuple(masks.get(path.stem, ()))) for path in spliced]
    return Listing(tuple(entries))


DSO1 = Dataset(
    name="dso1",
    title="DSO-1",
    origin="https://recodbr.wordpress.com/code-n-data/#dso1_dsi1",
    terms="see the origin",
    published=Published(100, 100, "photoholmes/photoholmes, src/photoholmes/datasets/README.md"),
    layout=_LAYOUT,
    traps=(
        "Masks are inverted, black marks the splice: turned, each with a note. A copy whose masks somebody turned "
        "before is refused, because they would be turned back.",
        "normal-NN and splicing-NN of one number are different scenes: every picture is a group of its own.",
    ),
    mask_meaning="altered",
    rule=Dark(),
    list_entries=_list_entries,
)
