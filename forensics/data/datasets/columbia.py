"""Columbia Uncompressed Image Splicing Detection: crude splices of two cameras' photos, TIFF and BMP.

Layout (``4cam_auth``, ``4cam_splc``, ``4cam_splc/edgemask/<name>_edgemask.jpg``): photoholmes/photoholmes,
``src/photoholmes/datasets/columbia.py``, and mjkwon2021/SAFIRE, ``ForensicsEval/data/dataset_Columbia.py``; folders
nested in themselves (``4cam_auth/4cam_auth``), as one public copy has them, are read too. That green is the spliced
part: the same two files (channel 1) and SunnyHaze/IML-ViT issue 10 (red -> unchanged, green -> changed).
"""

from __future__ import annotations

from pathlib import Path

from forensics.data.datasets.dataset import Dataset, Entry, Listing, Published
from forensics.data.datasets.folders import by_stem, locate, pictures_in, wrong_layout
from forensics.data.datasets.masks import Green

_LAYOUT = "4cam_auth/*.tif, 4cam_splc/*.tif and 4cam_splc/edgemask/<name>_edgemask.jpg"


def _list_entries(source: Path) -> Listing:
    root = locate(source, ("4cam_auth", "4cam_splc"), _LAYOUT)
    authentic, spliced = _unnested(root / "4cam_auth"), _unnested(root / "4cam_splc")
    folder = next(
        (parent / "edgemask" for parent in (spliced, root / "4cam_splc") if (parent / "edgemask").is_dir()), None
    )
    if folder is None:
        raise wrong_layout(root / "4cam_splc", "a folder edgemask")
    masks = by_stem(pictures_in(folder), "_edgemask")
    entries = [Entry(path, 0, path.stem) for path in pictures_in(authentic)]
    entries += [Entry(path, 1, path.stem, tuple(masks.get(path.stem, ()))) for path in pictures_in(spliced)]
    return Listing(tuple(entries))


def _unnested(folder: Path) -> Path:
    return folder / folder.name if (folder / folder.name).is_dir() else folder


COLUMBIA = Dataset(
    name="columbia",
    title="Columbia Uncompressed Image Splicing Detection Evaluation Dataset",
    origin="http://www.ee.columbia.edu/ln/dvmm/downloads/authsplcuncmp/",
    terms="see the origin's download form",
    published=Published(183, 180, "http://www.ee.columbia.edu/ln/dvmm/downloads/authsplcuncmp/"),
    layout=_LAYOUT,
    traps=(
        "Masks are JPEG drawings: green the spliced part, red the rest, both brighter along the border. Read as green "
        "above red, so that neither the two brightnesses nor the JPEG's ringing matter, and written as gray.",
        "Names tell the two cameras of a splice, not the two photos: every picture is a group of its own, although "
        "scenes repeat.",
    ),
    mask_meaning="altered",
    rule=Green(),
    list_entries=_list_entries,
)
