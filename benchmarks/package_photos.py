"""Puts freely licensed photos of Debian packages beside a folder of camera originals, to train on both.

    apt-get download PACKAGE=VERSION ...             # those of package_photos.csv; then: dpkg-deb -x FILE.deb UNPACKED
    python -m benchmarks.package_photos UNPACKED CAMERA-ORIGINALS OUT

``package_photos.csv`` names each photo with its package, version, hash and licence; paintings, renderings and photos
whose licence is unclear were left out. They are for training alone: pictures of wallpaper size have been through
editors, and no one knows their cameras. Large ones are reduced, so that nothing of that is left to be learned.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

import cv2

from forensics.data.photos import MANIFEST_COLUMNS
from signals import Evidence

LIST = Path(__file__).with_name("package_photos.csv")
COLUMNS = (*MANIFEST_COLUMNS, "sha256")
# Longer sides are reduced to this; pixels between it and twice as many would be hardly reduced at all.
LONGEST, LEFT_ALONE = 2048, 2600


def main() -> None:
    """Writes the folder and its manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unpacked", type=Path, help="folder that the packages were unpacked to")
    parser.add_argument("originals", type=Path, help="folder with a manifest.csv of file,camera,split")
    parser.add_argument("out", type=Path, help="new folder")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True)
    originals = _read(arguments.originals / "manifest.csv")
    rows = [_copy_original(row, arguments.originals, arguments.out) for row in originals]
    rows += [_reduced(row, arguments.unpacked, arguments.out) for row in _read(LIST)]
    with (arguments.out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{arguments.out}: {len(rows)} photos")


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _copy_original(row: Mapping[str, str], originals: Path, out: Path) -> dict[str, str]:
    target = out / row["file"]
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(originals / row["file"], target)
    return {name: row[name] for name in MANIFEST_COLUMNS} | {"sha256": _sha256(target)}


def _reduced(row: Mapping[str, str], unpacked: Path, out: Path) -> dict[str, str]:
    """The manifest's row of a photo of a package, as it is or reduced and without loss."""
    source = unpacked / row["path"]
    if _sha256(source) != row["sha256"]:
        raise SystemExit(f"{source}: is not that of {row['package']} {row['version']}; unpack that version")
    evidence = Evidence.open(source)
    name = f"packages/{row['package']}/{source.stem}"
    longest = max(evidence.width, evidence.height)
    target = out / f"{name}{source.suffix if longest <= LEFT_ALONE else '.png'}"
    target.parent.mkdir(parents=True, exist_ok=True)
    if longest <= LEFT_ALONE:
        shutil.copyfile(source, target)
    else:
        size = round(evidence.width * LONGEST / longest), round(evidence.height * LONGEST / longest)
        reduced = cv2.resize(evidence.pixels, size, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(target), cv2.cvtColor(reduced, cv2.COLOR_RGB2BGR))
    # Nobody knows the camera: each counts as one of its own.
    return {"file": target.relative_to(out).as_posix(), "camera": name, "split": "train", "sha256": _sha256(target)}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
