"""Realistic Tampering (Korus): careful edits of photos of four cameras, TIFF, 1920 x 1080.

Layout (``<camera>/{pristine,tampered-realistic}/NAME.TIF``, ``<camera>/ground-truth/NAME.PNG``, for the cameras
Canon_60D, Nikon_D7000, Nikon_D90 and Sony_A57) and that any gray marks a change: photoholmes/photoholmes,
``src/photoholmes/datasets/realistic_tampering.py``; the same paths below ``data-images`` in mjkwon2021/SAFIRE,
``ForensicsEval/data/img_lists/realistic-tampering_{auth,tamp}.txt``.
"""

from __future__ import annotations

from pathlib import Path

from forensics.data.datasets.dataset import Dataset, Entry, Listing, Published
from forensics.data.datasets.folders import by_stem, locate, pictures_in, wrong_layout
from forensics.data.datasets.masks import Light

_CAMERAS = ("Canon_60D", "Nikon_D7000", "Nikon_D90", "Sony_A57")
_PARTS = ("pristine", "tampered-realistic", "ground-truth")
_LAYOUT = f"folders {', '.join(_CAMERAS)}, each with {', '.join(_PARTS)}"


def _list_entries(source: Path) -> Listing:
    root = locate(source, _CAMERAS, _LAYOUT)
    entries: list[Entry] = []
    for camera in _CAMERAS:
        if not all((root / camera / part).is_dir() for part in _PARTS):
            raise wrong_layout(root / camera, f"folders {', '.join(_PARTS)}")
        pristine, tampered, truth = (pictures_in(root / camera / part) for part in _PARTS)
        masks = by_stem(truth)
        entries += [Entry(path, 0, f"{camera}/{path.stem}") for path in pristine]
        entries += [Entry(path, 1, f"{camera}/{path.stem}", tuple(masks.get(path.stem, ()))) for path in tampered]
    return Listing(tuple(entries))


REALISTIC_TAMPERING = Dataset(
    name="realistic-tampering",
    title="Realistic Tampering Dataset (Korus)",
    origin="https://pkorus.pl/downloads/dataset-realistic-tampering",
    terms="see the origin",
    published=Published(220, 220, "photoholmes/photoholmes, src/photoholmes/datasets/README.md"),
    layout=_LAYOUT,
    traps=("Masks have three levels, and the middle gray marks a change too: any gray above 10 was changed.",),
    mask_meaning="altered",
    rule=Light(above=10),
    list_entries=_list_entries,
)
