"""CASIA v1 (TIDE 1.0): splicing and copy-move among Corel photos, JPEG, 384 x 256.

Layout: photoholmes/photoholmes, ``src/photoholmes/datasets/casia1.py`` (``Au``, ``Tp/CM``, ``Tp/Sp``,
``CASIA 1.0 groundtruth/{CM,Sp}/<name>_gt.png``); names: namtpham/casia1groundtruth, ``README.md``; the folder
``Modified Tp`` and the picture without a mask: SunnyHaze/IML-Dataset-Corrections, ``README.md``, 2.1. As copies of
this set arrange their folders differently, its names are taken wherever they lie below the given folder.
"""

from __future__ import annotations

import re
from pathlib import Path

from forensics.data.datasets.casia_names import Hosts, authentic_id, read_forged_name
from forensics.data.datasets.dataset import Dataset, Entry, Listing, Published
from forensics.data.datasets.folders import by_stem, pictures_below, renamed_masks, wrong_layout
from forensics.data.datasets.masks import Light

_AUTHENTIC = re.compile(r"Au_[a-z]{3}_\d{4}$")
_FORGED = re.compile(r"Sp_[DS]_.*_\d{4}$")
_LAYOUT = "JPEG files Au_*_0001 and Sp_D_*/Sp_S_* and masks <name>_gt.png, in any folders below"


def _list_entries(source: Path) -> Listing:
    paths = list(pictures_below(source))
    jpeg = [path for path in paths if path.suffix.lower() in (".jpg", ".jpeg")]
    authentic = by_stem(path for path in jpeg if _AUTHENTIC.match(path.stem))
    forged = by_stem(path for path in jpeg if _FORGED.match(path.stem))
    png = [path for path in paths if path.suffix.lower() == ".png"]
    masks, renamed = by_stem(png, "_gt"), renamed_masks(png)
    if not forged or not (masks.keys() | renamed.keys()) & forged.keys():
        raise wrong_layout(source, _LAYOUT)
    left_out: dict[Path, str] = {}
    chosen = {stem: _one_of(copies, left_out) for stem, copies in {**authentic, **forged}.items()}
    hosts = Hosts({authentic_id(stem): chosen[stem] for stem in authentic})
    entries = [Entry(chosen[stem], 0, authentic_id(stem)) for stem in sorted(authentic)]
    for stem in sorted(forged):
        name = read_forged_name(stem)
        host, donor = hosts.split(chosen[stem], name)
        own = "mask bears the picture's own name" if stem in renamed and stem not in masks else ""
        note = "; ".join(filter(None, (name.oddity, own)))
        found = (*masks.get(stem, ()), *renamed.get(stem, ()))
        entries.append(Entry(chosen[stem], 1, host, found, donor, note))
    return Listing(tuple(entries), left_out, hosts.remarks())


def _one_of(copies: list[Path], left_out: dict[Path, str]) -> Path:
    """One of several files of the same name: the renamed ones supersede the original folder."""
    chosen = next((path for path in copies if "Modified Tp" in path.parts), copies[0])
    left_out.update({path: f"{chosen.parent.name}/{path.name} is read instead" for path in copies if path != chosen})
    return chosen


CASIA1 = Dataset(
    name="casia1",
    title="CASIA v1.0 (TIDE)",
    origin="http://forensics.idealtest.org/casiav1/; masks: https://github.com/namtpham/casia1groundtruth",
    terms="research and teaching, no commercial use (http://forensics.idealtest.org/join/)",
    published=Published(800, 921, "greatzh/Image-Forgery-Datasets-List, README.md"),
    layout=_LAYOUT,
    traps=(
        "The masks are not the owners': they were made later by subtracting photos (namtpham/casia2groundtruth#1).",
        "One forged picture, Sp_D_NRN_A_cha0011_sec0011_0542, has no mask: left out.",
        "Many files were misnamed at first; where a folder 'Modified Tp' is there, its files are read.",
        "Some names contradict themselves, a copy-move of two photos or a splice of one: noted.",
        "JPEG headers alone tell the two classes apart: re-save both the same way before believing a detection score.",
        "Authentic photos are shared with CASIA v2 (dong03/MVSS-Net, data/README.md): run `data verify --against`.",
        "Which photo of a splice's name is the host is not always the same one: looked up in the pixels.",
    ),
    mask_meaning="altered",
    rule=Light(),
    list_entries=_list_entries,
    known={
        "Sp_D_NRN_A_cha0011_sec0011_0542.jpg": "known to have no mask (SunnyHaze/IML-Dataset-Corrections, 2.1)",
    },
)
