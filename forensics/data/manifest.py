"""The manifest: a CSV with ``image,mask,label`` and any further columns, paths relative to the file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from signals.errors import WrongUsage

REQUIRED_COLUMNS = ("image", "mask", "label")
MASK_MEANINGS = ("altered", "both_ends")


@dataclass(frozen=True)
class ManifestRow:
    """One picture.

    Attributes:
        image: Path of the picture.
        mask: Path of its mask (grey above 127 marks what was changed); None for authentic pictures.
        label: 1 forged, 0 authentic.
        columns: Any further columns, as text.
    """

    image: Path
    mask: Path | None
    label: int
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def mask_meaning(self) -> str:
        """``altered``: the mask marks what was changed (the default); ``both_ends``: also where it was copied from."""
        return self.columns.get("mask_meaning") or "altered"


def read_manifest(path: Path) -> list[ManifestRow]:
    """Reads a manifest; relative paths are taken from its folder.

    Raises:
        WrongUsage: The file is missing, lacks a required column, names a picture twice, or has a row with too few
            cells, a label other than 0 and 1 or a mask meaning other than ``altered`` and ``both_ends``.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in REQUIRED_COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise WrongUsage(f"{path}: no column {', '.join(missing)}; a manifest has image,mask,label")
            rows = [(reader.line_num, _parse_row(path, row, reader.line_num)) for row in reader]
    except (OSError, UnicodeError, csv.Error) as error:
        raise WrongUsage(f"{path}: cannot be read ({error}); give a CSV in UTF-8 with image,mask,label") from error
    _refuse_repeats(path, rows)
    return [row for _, row in rows]


def write_manifest(path: Path, rows: Iterable[ManifestRow]) -> None:
    """Writes a manifest with paths relative to its folder, or absolute where they lie on another drive."""
    rows = list(rows)
    extra = list(rows[0].columns) if rows else []
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*REQUIRED_COLUMNS, *extra])
        for row in rows:
            mask = _relative(row.mask, path.parent) if row.mask else ""
            image = _relative(row.image, path.parent)
            writer.writerow([image, mask, row.label, *(row.columns[name] for name in extra)])


def _relative(path: Path, folder: Path) -> str:
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    path, folder = path.resolve(), folder.resolve()
    return Path(os.path.relpath(path, folder)).as_posix() if path.drive == folder.drive else path.as_posix()


def _refuse_repeats(path: Path, rows: Iterable[tuple[int, ManifestRow]]) -> None:
    seen: dict[str, tuple[int, ManifestRow]] = {}
    for line, row in rows:
        first, before = seen.setdefault(os.path.normpath(row.image), (line, row))
        if first != line:
            differ = [name for name in ("label", "mask") if getattr(row, name) != getattr(before, name)]
            told = f", with another {' and '.join(differ)}" if differ else ""
            raise WrongUsage(
                f"{path}: lines {first} and {line} both name {row.image.name}{told}; leave one of them out"
            )


def _parse_row(path: Path, row: Mapping[str, str], line: int) -> ManifestRow:
    folder = path.parent
    if None in row.values():
        raise WrongUsage(f"{path}, line {line}: it has fewer cells than the header; write a comma for each empty one")
    if row["label"] not in ("0", "1"):
        raise WrongUsage(f"{path}, line {line}: label is {row['label']!r}; it must be 1 (forged) or 0 (authentic)")
    if (meaning := row.get("mask_meaning")) and meaning not in MASK_MEANINGS:
        raise WrongUsage(f"{path}, line {line}: mask_meaning is {meaning!r}; it must be {' or '.join(MASK_MEANINGS)}")
    extra = {name: value for name, value in row.items() if name not in REQUIRED_COLUMNS}
    mask = folder / row["mask"] if row["mask"] else None
    return ManifestRow(folder / row["image"], mask, int(row["label"]), extra)
