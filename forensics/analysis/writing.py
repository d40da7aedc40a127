"""Writes results whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from signals.atomic_file import replace_file
from signals.errors import OutputNotWritable

MARKER = "report.json"


def check_writable(folder: Path) -> None:
    """Makes sure, before any work is done, that ``folder`` can be made or written into.

    Raises:
        OutputNotWritable: If a file is in the way or permission is missing.
    """
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    if not existing.is_dir():
        raise OutputNotWritable(f"{folder}: cannot be written, {existing} is a file; choose another folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise OutputNotWritable(f"{folder}: cannot be written, no permission in {existing}; choose another folder")


def write_folder(folder: Path, files: Mapping[str, bytes], owned: Collection[str]) -> None:
    """Writes all files into a temporary sibling and moves it into place.

    An earlier report is replaced as a whole. Any other folder that is already there keeps what else it
    holds: only files of ours in it are replaced, one after the other, the marker last.

    Args:
        folder: Where the files go; parents are made.
        files: Contents by path relative to ``folder``, with ``/`` between parts.
        owned: Names at the top of the folder that belong to a report, whether in ``files`` or not.

    Raises:
        OutputNotWritable: If it cannot be done; then what was there before is there still.
    """
    target = folder.absolute()
    staging: Path | None = None
    try:
        check_writable(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}.", suffix=".partial", dir=target.parent))
        _fill(staging, files)
        _place(staging, target, owned)
    except OSError as error:
        what = error.strerror or type(error).__name__
        raise OutputNotWritable(f"{folder}: cannot be written, {what}; make room or choose another folder") from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)


def write_file(path: Path, content: bytes) -> None:
    """Writes one file whole or not at all, over an earlier one.

    Args:
        path: Where it goes; parents are made.
        content: What goes into it.

    Raises:
        OutputNotWritable: If it cannot be done; then what was there before is there still.
    """
    target = path.absolute()
    try:
        check_writable(target.parent)
        replace_file(target, content)
    except OSError as error:
        what = error.strerror or type(error).__name__
        raise OutputNotWritable(f"{path}: cannot be written, {what}; make room or choose another file") from error


def _fill(staging: Path, files: Mapping[str, bytes]) -> None:
    # mkdtemp makes folders only the owner can read; a report is meant to be shared.
    umask = os.umask(0)
    os.umask(umask)
    staging.chmod(0o777 & ~umask)
    for name, content in files.items():
        path = staging / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _place(staging: Path, target: Path, owned: Collection[str]) -> None:
    if not target.exists():
        staging.rename(target)
    elif (target / MARKER).is_file() and {entry.name for entry in target.iterdir()} <= set(owned):
        _swap(staging, target)
    else:
        _merge(staging, target, owned)


def _swap(staging: Path, target: Path) -> None:
    old = staging.with_suffix(".old")
    target.rename(old)
    try:
        staging.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _merge(staging: Path, target: Path, owned: Collection[str]) -> None:
    fresh = {path.relative_to(staging) for path in staging.rglob("*") if path.is_file()}
    blocked = [name for name in fresh if (target / name).is_dir() or (target / name.parts[0]).is_symlink()]
    if blocked:
        raise FileExistsError(0, f"{blocked[0]} in it is a folder or a link")
    for name in sorted(fresh, key=lambda name: (name.name == MARKER, name)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).replace(target / name)
    for stale in set(owned) - {name.parts[0] for name in fresh}:
        if (target / stale).is_file():
            (target / stale).unlink()
