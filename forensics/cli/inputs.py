"""From what was typed to the pictures that are meant and the folders their reports go to."""

from __future__ import annotations

import glob
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from signals.errors import NoPictures

EXTENSIONS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"})
_REPORT = "report.json"


def expand(typed: str, skip: Path) -> list[Path]:
    """The pictures that one argument stands for.

    A folder stands for the pictures in it and below it by their extension; hidden ones, the folder
    ``skip`` and folders of earlier reports are left out. A file stands for itself whatever its name.

    Args:
        typed: A file, a folder or a glob.
        skip: The output folder.

    Raises:
        NoPictures: The folder holds no picture, or nothing matches the glob.
    """
    path = Path(typed)
    if path.is_dir():
        found = sorted(_pictures_below(path, skip.resolve()))
        if not found:
            raise NoPictures(f"{typed}: the folder holds no picture; give files or a folder with {_extensions()}")
        return found
    if not path.exists() and glob.has_magic(typed):
        found = sorted(Path(match) for match in glob.glob(typed, recursive=True) if os.path.isfile(match))
        if not found:
            raise NoPictures(f"{typed}: no file matches; check the pattern")
        return found
    return [path]


def without_repeats(paths: Iterable[Path]) -> list[Path]:
    """The same paths, each file once, in order."""
    kept: dict[Path, Path] = {}
    for path in paths:
        kept.setdefault(path.resolve(), path)
    return list(kept.values())


def report_folders(paths: Sequence[Path], out: Path) -> list[Path]:
    """One folder below ``out`` for every picture.

    It is named by the picture's stem; pictures of one stem get the first 8 digits of their SHA-256
    appended, and copies of one file a number.
    """
    stems = [_folder_name(path.stem) for path in paths]
    count = Counter(stem.casefold() for stem in stems)
    names = [
        stem if count[stem.casefold()] == 1 else f"{stem}-{_digits(path)}"
        for stem, path in zip(stems, paths, strict=True)
    ]
    seen: Counter[str] = Counter()
    folders = []
    for name in names:
        seen[name.casefold()] += 1
        repeat = seen[name.casefold()]
        folders.append(out / (name if repeat == 1 else f"{name}-{repeat}"))
    return folders


def _folder_name(stem: str) -> str:
    """A stem as a name that stays below its parent, prints on one line and is not too long for a disk."""
    safe = "".join(letter if letter.isprintable() and letter not in "/\\" else "_" for letter in stem)
    safe = safe.encode("utf-8", "replace")[:150].decode("utf-8", "ignore")
    return safe if safe.strip(".") else f"picture{safe.replace('.', '_')}"


def _pictures_below(folder: Path, skip: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and (Path(parent) / name).resolve() != skip]
        if _REPORT in files and _is_ours(Path(parent) / _REPORT):
            folders.clear()
            continue
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in EXTENSIONS:
                yield Path(parent) / name


def _is_ours(report: Path) -> bool:
    """Whether an earlier analysis wrote this file; other programs write a ``report.json`` as well."""
    try:
        content = json.loads(report.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and "tracefuse" in content


def _digits(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:8]
    except OSError:
        return "unreadable"  # the analysis will say why


def _extensions() -> str:
    return ", ".join(sorted(extension[1:] for extension in EXTENSIONS))
