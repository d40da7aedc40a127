"""Maps that any other tool has written, one file a picture."""

from __future__ import annotations

import csv
import hashlib
import os
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from forensics.data.manifest import ManifestRow
from forensics.evaluation.maps import MapResult
from forensics.evaluation.metrics import MapArray
from signals import Evidence
from signals.errors import WrongUsage

SCORES = "scores.csv"
_GREY = {"1": 1, "L": 255, "I;16": 65535}


class FolderMaps:
    """Maps named ``<image stem>.png`` (gray of 8 or 16 bits) or ``<image stem>.npy`` (float 0..1 or uint8), upright.

    A file ``scores.csv`` with the columns ``image,score`` beside them gives the scores of the pictures, 0..1; the
    image is found by its stem too, whatever folders stand before it.

    Args:
        folder: Holds the maps.
        rows: The pictures that will be asked for.

    Raises:
        WrongUsage: There is no such folder, two pictures share a stem, a picture has two maps, or ``scores.csv`` cannot
            be used or scores a picture twice.
    """

    def __init__(self, folder: Path, rows: Sequence[ManifestRow]) -> None:
        if not folder.is_dir():
            raise WrongUsage(f"{folder}: no such folder; give the folder that holds the maps")
        self._stems = Counter(row.image.stem for row in rows)
        stem, count = max(self._stems.items(), key=lambda item: item[1], default=("", 1))
        if count > 1:
            raise WrongUsage(f"{folder}: {count} pictures are named {stem}; maps are found by stem, so rename them")
        self._folder = folder
        for stem in self._stems:
            if len(found := self._files(stem)) > 1:
                raise WrongUsage(f"{folder}: both {' and '.join(path.name for path in found)}; leave one map a picture")
        self._scores = _read_scores(folder / SCORES, self._stems)

    @cached_property
    def description(self) -> Mapping[str, Any]:
        """Name of the folder, and one hash of all its files that were asked for."""
        digest = hashlib.sha256()
        found = [path for stem in sorted(self._stems) if (path := self._find(stem))]
        for path in [*found, *([self._folder / SCORES] if self._scores else [])]:
            digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
        return {
            "kind": "maps",
            "name": self._folder.resolve().name,
            "sha256": digest.hexdigest(),
            "files": len(found),
            "strange_scores": len(self._scores.keys() - self._stems.keys()),
        }

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        """Reads one map."""
        stem = row.image.stem
        score = self._scores.get(stem)
        path = self._find(stem)
        if path is None:
            return MapResult(None, score, "there is no map of it, .png or .npy, in the folder of maps")
        try:
            values = _read_png(path) if path.suffix == ".png" else _read_npy(path)
        except _BadMap as error:
            return MapResult(None, score, str(error))
        return MapResult(values, score)

    def _find(self, stem: str) -> Path | None:
        return next(iter(self._files(stem)), None)

    def _files(self, stem: str) -> list[Path]:
        paths = (self._folder / f"{stem}{suffix}" for suffix in (".png", ".npy"))
        # Unlike Path.is_file, this is False for a name that is too long to be a file's.
        return [path for path in paths if os.path.isfile(path)]


class _BadMap(Exception):
    """A map that cannot be used; the text says why."""


def _read_png(path: Path) -> MapArray:
    try:
        with Image.open(path) as image:
            if image.mode not in _GREY:
                raise _BadMap(f"its map is of mode {image.mode}; a map is gray of 8 or 16 bits")
            if image.mode == "I;16":
                return np.asarray(image, np.float32) / np.float32(_GREY[image.mode])
            return np.asarray(image.convert("L"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _BadMap(f"its map cannot be read ({type(error).__name__})") from error


def _read_npy(path: Path) -> MapArray:
    try:
        values = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _BadMap(f"its map cannot be read ({type(error).__name__})") from error
    if values.ndim != 2 or not values.size:
        raise _BadMap(f"its map has the shape {list(values.shape)}; a map is [H, W]")
    if values.dtype == np.uint8:
        return np.asarray(values)
    if values.dtype.kind != "f":
        raise _BadMap(f"its map is of type {values.dtype}, not uint8 or float")
    if not np.isfinite(values).all():
        raise _BadMap("its map holds values that are not finite")
    if values.min() < 0 or values.max() > 1:
        raise _BadMap("its map leaves 0..1")
    return np.asarray(values, np.float32)


def _read_scores(path: Path, stems: Container[str]) -> dict[str, float]:
    """Scores by stem; pictures whose cell is empty have none."""
    if not path.is_file():
        return {}
    scores: dict[str, float] = {}
    lines: dict[str, int] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if not {"image", "score"} <= set(reader.fieldnames or ()):
                raise WrongUsage(f"{path}: it has no columns image,score; name them so in its first line")
            for row in reader:
                line = reader.line_num
                if row["image"] is None or row["score"] is None:
                    raise WrongUsage(f"{path}, line {line}: it has fewer cells than the header; give image and score")
                stem = _stem(row["image"], stems)
                if (first := lines.setdefault(stem, line)) != line:
                    raise WrongUsage(f"{path}: lines {first} and {line} both score {stem}; leave one of them out")
                if row["score"]:
                    scores[stem] = _score(path, row)
    except (OSError, UnicodeError, csv.Error) as error:
        raise WrongUsage(f"{path}: cannot be read ({error}); give a CSV in UTF-8 with image,score") from error
    return scores


def _stem(name: str, stems: Container[str]) -> str:
    """The stem of a path as this system writes it, or else as Windows does."""
    stem = Path(name).stem
    return stem if stem in stems else Path(name.replace("\\", "/")).stem


def _score(path: Path, row: Mapping[str, str]) -> float:
    try:
        score = float(row["score"])
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise WrongUsage(f"{path}: the score of {row['image']} is {row['score']!r}; scores are numbers in 0..1")
    return score
