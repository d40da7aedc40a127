"""Finding the files of a set, and saying in one line what was expected where they are not."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from signals.errors import WrongUsage

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"})


class WrongLayout(WrongUsage):
    """The folder does not hold the set in the layout that its public source shows."""


def wrong_layout(source: Path, expected: str) -> WrongLayout:
    """The error that says what was expected below ``source`` and what is there."""
    if not source.is_dir():
        return WrongLayout(f"{source}: no such folder; expected {expected}")
    names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in source.iterdir())
    found = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return WrongLayout(f"{source}: another layout; expected {expected}; found {found or 'an empty folder'}")


def locate(source: Path, needed: Collection[str], expected: str) -> Path:
    """The folder that holds all the ``needed`` names: ``source``, or the one folder in it that does.

    Raises:
        WrongLayout: There is none, or more than one.
    """
    candidates = [source, *sorted(path for path in source.iterdir() if path.is_dir())] if source.is_dir() else []
    fitting = [folder for folder in candidates if all((folder / name).exists() for name in needed)]
    if fitting and (fitting[0] == source or len(fitting) == 1):
        return fitting[0]
    raise wrong_layout(source, expected)


def pictures_in(folder: Path) -> list[Path]:
    """Pictures directly in a folder, by name; hidden files are passed over."""
    return sorted(path for path in folder.iterdir() if _is_picture(path.name) and path.is_file())


def pictures_below(source: Path) -> Iterator[Path]:
    """Pictures in a folder and all folders below it, in order of their paths."""
    for parent, folders, files in os.walk(source):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent) / name for name in sorted(files) if _is_picture(name))


def by_stem(paths: Iterable[Path], ending: str = "") -> Mapping[str, list[Path]]:
    """Paths by file name without extension and without ``ending``; files without that ending are left out."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        if path.stem.endswith(ending):
            found[path.stem.removesuffix(ending)].append(path)
    return found


def renamed_masks(paths: Iterable[Path]) -> Mapping[str, list[Path]]:
    """Masks that bear their picture's own name, in a folder called ``masks``: how re-packed copies often keep them."""
    return by_stem(path for path in paths if path.parent.name == "masks")


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in PICTURES
