"""NIST16 (Nimble Challenge 2016, NC2016): removal, splicing and cloning, camera JPEGs of many sizes.

Layout (``probe/``, ``reference/manipulation/NC2016-manipulation-ref.csv`` with ``|`` between the columns ProbeFileName,
ProbeMaskFileName, IsTarget, BaseFileName, ...) and that black marks the change: mjkwon2021/SAFIRE,
``ForensicsEval/data/dataset_NC16.py``; that this table holds the splices and removals too: SunnyHaze/IML-ViT issue 47;
the same paths in grip-unina/TruFor, ``test_docker/data_test/NIST16_fake.txt``.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from forensics.data.datasets.dataset import Dataset, Entry, Listing, Published
from forensics.data.datasets.folders import WrongLayout, locate, wrong_layout
from forensics.data.datasets.masks import Dark

_TABLE = Path("reference", "manipulation", "NC2016-manipulation-ref.csv")
_LAYOUT = f"probe/NC2016_*.jpg and {_TABLE.as_posix()}"
_COLUMNS = ("ProbeFileName", "ProbeMaskFileName", "IsTarget", "BaseFileName")
_KINDS = {
    "IsManipulationTypeRemoval": "removal",
    "IsManipulationTypeSplice": "splice",
    "IsManipulationTypeCopyClone": "clone",
}


def _list_entries(source: Path) -> Listing:
    try:
        root = locate(source, ("probe", "reference"), _LAYOUT)
    except WrongLayout as error:
        if any(source.glob("*/NC2016_*.jpg")):
            raise WrongLayout(
                f"{error}; pictures named NC2016_* outside probe/ are somebody's copy, often resized and re-saved, "
                "which no longer shows the traces of the original"
            ) from error
        raise
    if not (root / _TABLE).is_file():
        raise wrong_layout(root, _LAYOUT)
    rows = _read_table(root / _TABLE)
    entries = [_entry(root, row) for row in rows]
    shared = Counter(row["ProbeMaskFileName"] for row in rows if row["IsTarget"] == "Y")
    repeated = sum(count for count in shared.values() if count > 1)
    remark = f"{repeated} forged probes share their mask with another probe: the same edit, saved again"
    return Listing(tuple(entries), remarks=(remark,) if repeated else ())


def _read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.DictReader(file, delimiter="|")
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise WrongLayout(f"{path}: no column {', '.join(missing)}; expected the reference table of NC2016")
        return [{name: value or "" for name, value in row.items() if name} for row in reader]


def _entry(root: Path, row: Mapping[str, str]) -> Entry:
    image = root / row["ProbeFileName"]
    base = Path(row["BaseFileName"]).stem or image.stem
    if row["IsTarget"] != "Y":
        return Entry(image, 0, base)
    masks = (root / row["ProbeMaskFileName"],) if row["ProbeMaskFileName"] else ()
    kinds = [kind for column, kind in _KINDS.items() if row.get(column) == "Y"]
    return Entry(image, 1, base, masks, note=" + ".join(kinds))


NIST16 = Dataset(
    name="nist16",
    title="NIST16 (Nimble Challenge 2016)",
    origin="https://mfc.nist.gov/",
    terms="see the origin (a license agreement is asked for)",
    published=Published(560, 564, "greatzh/Image-Forgery-Datasets-List, README.md"),
    layout=_LAYOUT,
    traps=(
        "Masks are inverted, black marks the change: turned, each with a note. Readers cut the gray between at 0, 180 "
        "or 255; here below 128 was changed. A copy whose masks somebody turned before is refused.",
        "Most edits are there two or more times, with and without post-processing: grouped by their base photo, and "
        "never to be split between training and test.",
        "The tables of splices and removals repeat rows of the manipulation table: only that one is read.",
        "Resized copies in circulation (1024 px and so on) are laundered: not read.",
    ),
    mask_meaning="altered",
    rule=Dark(),
    list_entries=_list_entries,
)
