"""Pristine photos: where they lie, which camera took them, and their pixels when asked for."""

from __future__ import annotations

import csv
import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from signals.errors import NoPictures, UnreadableImage, WrongUsage, did_you_mean
from signals.evidence import Evidence

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})
MANIFEST_COLUMNS = ("file", "camera", "split")
SMALLEST_SIDE = 64
UNKNOWN_CAMERA = "unknown"

Tables = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Photo:
    """One pristine photo; only its header has been read.

    Attributes:
        path: The file.
        id: Path relative to the folder of the pool, with ``/`` between its parts.
        camera: Camera model; ``unknown`` where no manifest tells.
        width: Width in pixels, stored orientation.
        height: Height in pixels.
        tables: Quantization tables of a JPEG (64 numbers each, natural order, luma first); empty otherwise.
        split: Split that its manifest gives it to; empty where none tells.
        known_sha256: Hash of the bytes as its manifest tells it; empty if it does not.
    """

    path: Path
    id: str
    camera: str
    width: int
    height: int
    tables: Tables = ()
    split: str = ""
    known_sha256: str = ""

    @cached_property
    def sha256(self) -> str:
        """Hash of the bytes, hexadecimal."""
        return self.known_sha256 or hashlib.sha256(self.path.read_bytes()).hexdigest()


@dataclass
class PhotoPool:
    """Pristine photos in a fixed order, with a bounded memory of decoded pixels.

    Attributes:
        photos: The photos, sorted by id.
        warnings: One line for every file that was left out, and why.
        cache_bytes: Pixels kept decoded, in bytes; the longest unused go first. Copies sent to other
            processes start with an empty memory.
    """

    photos: tuple[Photo, ...]
    warnings: list[str] = field(default_factory=list)
    cache_bytes: int = 1_000_000_000
    _pixels: OrderedDict[str, NDArray[np.uint8]] = field(default_factory=OrderedDict, repr=False)

    @classmethod
    def open(cls, directory: str | Path, split: str | None = None, manifest: str | Path | None = None) -> PhotoPool:
        """Collects the photos below a folder.

        Args:
            directory: Searched recursively for jpg, png, tif and webp.
            split: Only photos that the manifest gives to this split; None takes all.
            manifest: CSV with the columns ``file,camera,split``, files relative to it. Without it a
                ``manifest.csv`` of that layout in the folder or its parent is used.

        Raises:
            NoPictures: No readable photo is left.
            WrongUsage: The manifest cannot be used, or a split is asked for and there is none.
        """
        directory = Path(directory)
        rows = _find_rows(directory, Path(manifest) if manifest else None)
        if split is not None and not rows:
            raise WrongUsage(f"{directory}: split {split!r} needs a manifest.csv with file,camera,split; give one")
        paths = list(rows) if rows else sorted(p for p in directory.rglob("*") if p.suffix.lower() in SUFFIXES)
        photos, warnings = [], []
        for path in paths:
            row = rows.get(path, {})
            if (split is not None and row["split"] != split) or not path.is_relative_to(directory):
                continue
            try:
                photos.append(_read_header(path, path.relative_to(directory).as_posix(), row))
            except UnreadableImage as error:
                warnings.append(str(error))
        if not photos and not directory.is_dir():
            raise NoPictures(f"{directory}: no such folder; give a folder with photos")
        if not photos and split is not None:
            known = sorted({row["split"] for row in rows.values()})
            raise NoPictures(f"{directory}: no readable photo of split {split!r}{did_you_mean(split, known)}")
        if not photos:
            raise NoPictures(f"{directory}: no readable photo; give a folder with jpg, png, tif or webp photos")
        return cls(tuple(sorted(photos, key=lambda photo: photo.id)), warnings)

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> Photo:
        return self.photos[index]

    def __iter__(self) -> Iterator[Photo]:
        return iter(self.photos)

    @cached_property
    def by_id(self) -> Mapping[str, Photo]:
        """The photos by their id."""
        return {photo.id: photo for photo in self.photos}

    def pixels(self, photo: Photo) -> NDArray[np.uint8]:
        """Decoded photo.

        Returns:
            Read-only uint8 RGB ``[H, W, 3]``, stored orientation.

        Raises:
            UnreadableImage: The header could be read, the rest not or not to its end.
        """
        known = self._pixels.pop(photo.id, None)
        if known is None:
            evidence = Evidence.open(photo.path)
            known = evidence.pixels
            if evidence.decoded_rows < evidence.height:
                raise UnreadableImage(f"{photo.path}: cut short; give the whole photo")
            if photo.known_sha256 and photo.known_sha256 != evidence.sha256:
                raise UnreadableImage(f"{photo.path}: is not the photo of its manifest, whose sha256 differs")
            # a view that cannot be written through, whoever else holds the array
            known = known.view()
            known.flags.writeable = False
        self._pixels[photo.id] = known
        while len(self._pixels) > 1 and sum(kept.nbytes for kept in self._pixels.values()) > self.cache_bytes:
            self._pixels.popitem(last=False)
        return known

    @property
    def data_hash(self) -> str:
        """sha256 over the sorted hashes of the photos: names the data a model was trained on."""
        return hashlib.sha256("\n".join(sorted(photo.sha256 for photo in self.photos)).encode()).hexdigest()

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_pixels": OrderedDict()}


def _find_rows(directory: Path, manifest: Path | None) -> dict[Path, Mapping[str, str]]:
    """Rows of the manifest by path; empty if there is none."""
    candidates = [manifest] if manifest else [directory / "manifest.csv", directory.parent / "manifest.csv"]
    for candidate in candidates:
        try:
            with candidate.open(newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                fits = set(MANIFEST_COLUMNS) <= set(reader.fieldnames or ())
                rows: dict[Path, Mapping[str, str]] = {}
                if fits:
                    rows = {candidate.parent / row["file"]: row for row in reader}
        except (OSError, UnicodeDecodeError) as error:
            if manifest:
                raise WrongUsage(f"{candidate}: cannot be read ({error}); give a CSV with file,camera,split") from error
            continue
        # a manifest of somebody else's photos in the parent folder does not count
        if any(path.is_relative_to(directory) for path in rows):
            return rows
        if manifest:
            raise WrongUsage(f"{candidate}: names no photo below {directory}; it needs file,camera,split")
    return {}


def _read_header(path: Path, identifier: str, row: Mapping[str, str]) -> Photo:
    try:
        with Image.open(path) as image:
            width, height = image.size
            quantization: Mapping[int, list[int]] = getattr(image, "quantization", None) or {}
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise UnreadableImage(f"{path}: left out, not a readable photo ({error})") from error
    if min(width, height) < SMALLEST_SIDE:
        raise UnreadableImage(
            f"{path}: left out, {width} x {height} is too small; {SMALLEST_SIDE} pixels a side needed"
        )
    tables = tuple(tuple(int(step) for step in quantization[key]) for key in sorted(quantization))
    camera = row.get("camera") or UNKNOWN_CAMERA
    return Photo(
        path, identifier, camera, width, height, tables, row.get("split") or "", known_sha256=row.get("sha256") or ""
    )
