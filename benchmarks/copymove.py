"""Copy-move beside a plain detector (SIFT, ratio test, RANSAC) and the content-free prior, a centered disc.

    python -m benchmarks.copymove --comofod FOLDER --casia FOLDER --photos FOLDER --manifest MANIFEST.csv

CoMoFoD: ``forged`` and ``masks`` that mark both ends. CASIA: ``split.csv``; only pictures of the split ``choose``
named ``Sp_S`` are read, with ``masks`` that mark the pasted end. Photos: the splits ``train`` and ``calibration``,
all untouched. Look-alikes are made here: one object, taken from a photo and freed of its noise, is put into the photo
twice, with a little other light, and the whole gets noise anew: nothing is copied.
"""

from __future__ import annotations

import argparse
import csv
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.literal.copymove import literal
from signals import Evidence
from signals.copymove.altered import pasted_cells
from signals.copymove.find import find_copies

Mask = NDArray[np.bool_]
LOOK_ALIKES = 18
PHOTO_SIDE = 1024


@dataclass(frozen=True)
class Result:
    """One picture.

    Attributes:
        scores: F1 by name of the method; empty for a picture without a mask.
        found: Whether ours found a copy.
        proven: Whether ours found one whose noise agrees by more than compression could make it.
        plain_found: Whether the plain detector did.
        ends: For each copy of which one end is the masked one: ``right``, ``wrong`` or ``untold``.
        seconds: CPU time of ours.
    """

    scores: dict[str, float]
    found: bool
    proven: bool
    plain_found: bool
    ends: tuple[str, ...]
    seconds: float


def measure(evidence: Evidence, mask: Mask | None, plain: bool) -> Result:
    """Ours, the plain detector and the prior on one picture."""
    size = evidence.width, evidence.height
    start = time.process_time()
    copies = find_copies(evidence).copies
    seconds = time.process_time() - start
    shape = -(-evidence.height // 4), -(-evidence.width // 4)
    duplicated, altered = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for copy in copies:
        duplicated |= copy.first | copy.second
        altered |= pasted_cells(copy)
    proven = any(copy.proven for copy in copies)
    by_plain = literal(evidence) if plain else np.zeros(size[::-1], np.bool_)
    if mask is None:
        return Result({}, bool(copies), proven, bool(by_plain.any()), (), seconds)
    maps = {"duplicated": _pixels(duplicated, size), "altered": _pixels(altered, size), "plain": by_plain}
    maps["prior"] = _disc(*size)
    ends = []
    for copy in copies:
        areas = [_pixels(cells, size) for cells in (copy.first, copy.second)]
        first, second = (float((mask & area).sum()) / max(1, int(area.sum())) for area in areas)
        if abs(first - second) > 0.3 and copy.pasted is None:
            ends.append("untold")
        elif abs(first - second) > 0.3:
            ends.append("right" if (copy.pasted == "first") == (first > second) else "wrong")
    scores = {name: _f1(found, mask) for name, found in maps.items()}
    return Result(scores, bool(copies), proven, bool(by_plain.any()), tuple(ends), seconds)


def _pixels(cells: Mask, size: tuple[int, int]) -> Mask:
    return cells.repeat(4, 0).repeat(4, 1)[: size[1], : size[0]]


def _f1(found: Mask, mask: Mask) -> float:
    return 2 * float((found & mask).sum()) / max(1, int(found.sum()) + int(mask.sum()))


def _disc(width: int, height: int) -> Mask:
    """A quarter of the picture, in its middle."""
    y, x = np.mgrid[:height, :width]
    return ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) < 0.25 / np.pi


def _read_mask(path: Path, size: tuple[int, int]) -> Mask:
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise SystemExit(f"{path}: no mask")
    return cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST) > 127


def comofod(folder: Path) -> Iterator[tuple[Evidence, Mask | None]]:
    for path in sorted((folder / "forged").iterdir()):
        evidence = Evidence.open(path)
        yield evidence, _read_mask(folder / "masks" / path.name, (evidence.width, evidence.height))


def casia(folder: Path, every: int) -> Iterator[tuple[Evidence, Mask | None]]:
    with (folder / "split.csv").open(newline="") as file:
        names = [row["image"] for row in csv.DictReader(file) if row["split"] == "choose" and "Sp_S" in row["image"]]
    for name in names[::every]:
        evidence = Evidence.open(folder / name)
        mask = folder / "masks" / f"{Path(name).stem}.png"
        yield evidence, _read_mask(mask, (evidence.width, evidence.height))


def photos(folder: Path, manifest: Path, every: int) -> Iterator[tuple[Evidence, Mask | None]]:
    with manifest.open(newline="") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["split"] in ("train", "calibration")]
    for name in names[::every]:
        yield Evidence.open(folder / name), None


def look_alikes(folder: Path, manifest: Path, *, shifted: bool) -> Iterator[tuple[Evidence, Mask | None]]:
    """Scenes with two objects that look alike.

    Every second one is saved as JPEG where the second object is turned and scaled a little; where it is only shifted,
    by whole pixels, all are, at qualities of 70 to 95.
    """
    for number, (photo, _) in enumerate(photos(folder, manifest, 1)):
        if number >= LOOK_ALIKES:
            return
        quality = (70, 80, 90, 95)[number % 4] if shifted else (None, 90)[number % 2]
        yield look_alike(photo.pixels, np.random.default_rng(number), quality, shifted), None


def look_alike(pixels: NDArray[np.uint8], random: np.random.Generator, quality: int | None, shifted: bool) -> Evidence:
    """A scene of 640x640 pixels that shows one thing twice, each time with noise of its own."""
    scene = cv2.bilateralFilter(np.ascontiguousarray(pixels[:640, :640]), 9, 30, 5).astype(np.float32)
    height, width = scene.shape[:2]
    side = 160
    top, left = int(random.integers(20, height - side - 20)), 20
    angle, scale = random.uniform(-4, 4), random.uniform(0.97, 1.03)
    middle = (left + side / 2, top + side / 2)
    turn = cv2.getRotationMatrix2D(middle, angle, scale)
    turn[:, 2] += (random.uniform(300, 400), random.uniform(-10, 10))
    if shifted:
        turn = np.array([[1.0, 0.0, random.integers(300, 400)], [0.0, 1.0, random.integers(-10, 10)]])
    shape = np.zeros((height, width), np.float32)
    cv2.circle(shape, (round(middle[0]), round(middle[1])), side // 2, 1.0, -1)
    thing = cv2.warpAffine(scene * random.uniform(0.97, 1.03), turn, (width, height), flags=cv2.INTER_CUBIC)
    where = cv2.GaussianBlur(cv2.warpAffine(shape, turn, (width, height)), (0, 0), 1.0)[..., None]
    noisy = scene * (1 - where) + thing * where + random.normal(0, 2.0, scene.shape)
    shown = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    if quality is None:
        return Evidence.from_pixels(shown)
    _, data = cv2.imencode(".jpg", shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return Evidence.open(data.tobytes())


def report(title: str, results: list[Result]) -> None:
    """Prints a line a measure."""
    print(f"{title}: {len(results)} pictures, {np.mean([one.seconds for one in results]):.2f} s CPU each")
    counts = [sum(getattr(r, name) for r in results) for name in ("found", "proven", "plain_found")]
    print("  with a finding: ours {}, of these proven {}, plain {}".format(*counts))
    for name in results[0].scores if results else ():
        print(f"  pixel F1 of {name}: {np.mean([one.scores[name] for one in results]):.3f}")
    ends = [end for one in results for end in one.ends]
    if ends and title != "CoMoFoD":
        print(f"  pasted end: {', '.join(f'{ends.count(kind)} {kind}' for kind in ('right', 'wrong', 'untold'))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("comofod", "casia", "photos", "manifest"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--every", type=int, default=1, help="read every so many of CASIA and of the photos")
    parser.add_argument("--without-plain", action="store_true", help="leave out the plain detector, which is slow")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, OpenCV {cv2.__version__}, NumPy {np.__version__}")
    sets: dict[str, Iterator[tuple[Evidence, Mask | None]]] = {}
    if arguments.comofod:
        sets["CoMoFoD"] = comofod(arguments.comofod)
    if arguments.casia:
        sets["CASIA"] = casia(arguments.casia, arguments.every)
    if arguments.photos and arguments.manifest:
        sets["look-alikes, turned"] = look_alikes(arguments.photos, arguments.manifest, shifted=False)
        sets["look-alikes, JPEG"] = look_alikes(arguments.photos, arguments.manifest, shifted=True)
        sets["untouched photos"] = photos(arguments.photos, arguments.manifest, arguments.every)
    for title, pictures in sets.items():
        plain = not arguments.without_plain and title != "untouched photos"
        report(title, [measure(evidence, mask, plain) for evidence, mask in pictures])


if __name__ == "__main__":
    main()
