"""CASIA v2 (TIDE 2.0): splicing and copy-move with touched-up borders, JPEG, TIFF and BMP.

Layout (``Au``, ``Tp``, ``CASIA 2 Groundtruth/<name>_gt.png``): cainspencerm/image-manipulation-datasets (class
``CASIA2``) and mjkwon2021/CAT-Net, ``Splicing/data/CASIA_v2_test_list.txt``; names, misnamed files:
namtpham/casia2groundtruth, ``README.md`` and issue 3; misaligned masks: SunnyHaze/IML-Dataset-Corrections,
``README.md``, 2.2. The three folders may lie anywhere below the given one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from forensics.data.datasets.casia_names import Hosts, authentic_id, read_forged_name
from forensics.data.datasets.dataset import Dataset, Entry, Listing, Published
from forensics.data.datasets.folders import by_stem, pictures_below, renamed_masks, wrong_layout
from forensics.data.datasets.masks import Light

_AUTHENTIC = re.compile(r"Au_[a-z]{3}_\d{5}$")
_FORGED = re.compile(r"Tp_[DS]_.*_\d{5}$")
_LAYOUT = "pictures Au_*_00001 and Tp_D_*/Tp_S_* and masks <name>_gt.png, in any folders below"
_MISALIGNED = "known to have a misaligned mask; a corrected one is in SunnyHaze/CASIA2.0-Corrected-Groundtruth"


def _list_entries(source: Path) -> Listing:
    paths = list(pictures_below(source))
    authentic = by_stem(path for path in paths if _AUTHENTIC.match(path.stem))
    png = [path for path in paths if path.suffix.lower() == ".png"]
    forged = by_stem(path for path in paths if _FORGED.match(path.stem) and path.suffix.lower() != ".png")
    masks, renamed = by_stem(png, "_gt"), renamed_masks(png)
    if not forged or not (masks or renamed.keys() & forged.keys()):
        raise wrong_layout(source, _LAYOUT)
    left_out: dict[Path, str] = {}
    chosen = {stem: _one_of(copies, left_out) for stem, copies in {**authentic, **forged}.items()}
    hosts = Hosts({authentic_id(stem): chosen[stem] for stem in authentic})
    spare = _by_number(masks, forged.keys())
    entries = [Entry(chosen[stem], 0, authentic_id(stem)) for stem in sorted(authentic)]
    for stem in sorted(forged):
        name = read_forged_name(stem)
        host, donor = hosts.split(chosen[stem], name)
        found, note = (*masks.get(stem, ()), *renamed.get(stem, ())), name.oddity
        if not found and len(spare[name.number]) == 1:
            (other,) = spare[name.number]
            misnamed = f"misnamed: its mask is {other}_gt, of the same number"
            found, note = tuple(masks[other]), "; ".join(filter(None, (note, misnamed)))
        entries.append(Entry(chosen[stem], 1, host, found, donor, note))
    return Listing(tuple(entries), left_out, hosts.remarks())


def _by_number(masks: Mapping[str, list[Path]], named: Collection[str]) -> Mapping[str, list[str]]:
    """Masks that no picture is named for, by their running number; these numbers are unique in this set."""
    found: dict[str, list[str]] = defaultdict(list)
    for stem in masks:
        if stem not in named:
            found[stem.rpartition("_")[2]].append(stem)
    return found


def _one_of(copies: list[Path], left_out: dict[Path, str]) -> Path:
    """One of several files of the same name: the one in the set's own folders, not a re-saved copy beside them."""
    chosen = next((path for path in copies if path.parent.name in ("Au", "Tp")), copies[0])
    left_out.update({path: f"{chosen.parent.name}/{chosen.name} is read instead" for path in copies if path != chosen})
    return chosen


CASIA2 = Dataset(
    name="casia2",
    title="CASIA v2.0 (TIDE)",
    origin="http://forensics.idealtest.org/casiav2/; masks: https://github.com/namtpham/casia2groundtruth",
    terms="research and teaching, no commercial use (http://forensics.idealtest.org/join/)",
    published=Published(7491, 5123, "http://forensics.idealtest.org/casiav2/"),
    layout=_LAYOUT,
    traps=(
        "The masks are not the owners': they were made later by subtracting photos (namtpham/casia2groundtruth#1).",
        "Many pictures are misnamed, 39 copy-moves and 60 splices by kind: a mask of another name but the same number "
        "is taken, with a note.",
        "17 masks have another size than their picture, some of them transposed: left out, unless the corrected mask "
        "lies below the folder as well.",
        "Authentic photos are shared with CASIA v1 and repeated within the set: run `data verify --against`.",
        "Authentic pictures are JPEG, many forged ones TIFF: file type alone tells much of the label.",
    ),
    mask_meaning="altered",
    rule=Light(),
    list_entries=_list_entries,
    known={
        f"{stem}": _MISALIGNED
        for stem in (
            "Tp_D_CNN_M_N_sec00011_cha00085_11227.jpg",
            "Tp_D_CRN_S_N_ani10191_ani10190_12437.jpg",
            "Tp_D_CRN_S_N_nat10130_pla00049_11524.jpg",
            "Tp_D_NND_M_B_nat20098_nat20073_01602.tif",
            "Tp_D_NRN_M_N_nat10134_nat00095_11912.jpg",
            "Tp_D_NRN_M_N_nat10134_nat10124_11913.jpg",
            "Tp_S_CRN_S_N_art00059_art00059_10508.tif",
            "Tp_S_NND_S_N_sec20064_sec20064_01654.tif",
            "Tp_S_NNN_S_N_art20077_art20077_01883.tif",
            "Tp_S_NNN_S_N_ind20037_ind20037_01778.tif",
            "Tp_S_NNN_S_N_sec00012_sec00012_11230.jpg",
            "Tp_S_NNN_S_N_sec00074_sec00074_00751.tif",
            "Tp_S_NRD_S_N_arc20079_arc20079_01719.tif",
            "Tp_S_NRD_S_N_pla20071_pla20071_01971.tif",
            "Tp_S_NRN_S_B_ind10002_ind10002_20010.jpg",
            "Tp_S_NRN_S_N_art20077_art20077_02316.tif",
            "Tp_S_NRN_S_N_pla20080_pla20080_01980.tif",
        )
    },
)
