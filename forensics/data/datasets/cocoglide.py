"""CocoGlide: parts of COCO pictures repainted by the text-guided diffusion model GLIDE, PNG, 256 x 256.

Layout (``real/<class>_<id>.png``, ``fake/glide_inpainting_val2017_<id>_up.png``, ``mask/<class>_<id>_mask.png``):
grip-unina/TruFor, ``test_docker/data_test/CocoGlide_fake.txt`` and ``CocoGlide_real.txt``; the prompts are taken from
``table.csv`` (columns real, fake, mask, prompt) where the archive's table is there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

from forensics.data.datasets.dataset import Dataset, Entry, Listing, Published
from forensics.data.datasets.folders import by_stem, locate, pictures_in, wrong_layout
from forensics.data.datasets.masks import Light

_LAYOUT = "real/<class>_<id>.png, fake/glide_inpainting_val2017_<id>_up.png and mask/<class>_<id>_mask.png"
_FORGED = re.compile(r"glide_inpainting_val2017_(\d+)_up$")


def _list_entries(source: Path) -> Listing:
    root = locate(source, ("real", "fake", "mask"), _LAYOUT)
    prompts = _read_prompts(root / "table.csv")
    masks = {stem.rpartition("_")[2]: paths for stem, paths in by_stem(pictures_in(root / "mask"), "_mask").items()}
    entries = [Entry(path, 0, path.stem.rpartition("_")[2]) for path in pictures_in(root / "real")]
    for path in pictures_in(root / "fake"):
        match = _FORGED.match(path.stem)
        if match is None:
            raise wrong_layout(root / "fake", _LAYOUT)
        number = match.group(1)
        prompt = prompts.get(path.name, "")
        note = f"prompt: {prompt}" if prompt else ""
        entries.append(Entry(path, 1, number, tuple(masks.get(number, ())), note=note))
    entries.sort(key=lambda entry: (int(entry.source), entry.label))
    remark = "no table.csv: prompts unknown"
    return Listing(tuple(entries), remarks=() if prompts else (remark,))


def _read_prompts(table: Path) -> Mapping[str, str]:
    if not table.is_file():
        return {}
    with table.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        return {Path(row.get("fake") or "").name: (row.get("prompt") or "").strip() for row in csv.DictReader(file)}


COCOGLIDE = Dataset(
    name="cocoglide",
    title="CocoGlide",
    origin="https://www.grip.unina.it/download/prog/TruFor/CocoGlide.zip",
    terms="see the origin; the photos are COCO's, under their own licenses",
    published=Published(512, 512, "grip-unina/TruFor, test_docker/data_test/CocoGlide_{fake,real}.txt"),
    layout=_LAYOUT,
    traps=(
        "Masks bear the names of the authentic pictures, not of the forged ones: paired by COCO's number.",
        "Pictures are 256 x 256, reduced from COCO's JPEGs: camera and JPEG traces are mostly gone.",
    ),
    mask_meaning="altered",
    rule=Light(),
    list_entries=_list_entries,
)
