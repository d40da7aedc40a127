"""Writes forgeries: all of them, or the whole pairs that were finished when somebody stopped it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from forensics.data.forge.forger import Forger
from forensics.data.forge.writing.entry import Entry
from forensics.data.forge.writing.folder import FolderSink
from forensics.data.forge.writing.shards import ShardSink
from forensics.data.forge.writing.workers import HistoryMaker, Maker, PairMaker, make_entries
from forensics.data.photos import PhotoPool
from signals.errors import OutputNotWritable, WrongUsage

Progress = Callable[[int], None]


class _Sink(Protocol):
    def write(self, entries: Sequence[Entry]) -> None: ...

    def finish(self) -> None: ...


def write_forgeries(
    forger: Forger,
    count: int,
    out: str | Path,
    progress: Progress | None = None,
    *,
    jobs: int = 1,
    shards: int | None = None,
) -> Path:
    """Writes the first ``count`` pictures of a forger.

    ``images/``, ``masks/`` (0 and 255, forged pictures only), ``manifest.csv`` and ``history.jsonl`` appear in
    ``out`` together once all is written. When interrupted, the pairs finished so far are kept that way.

    Args:
        count: Pictures, forged and pristine together.
        out: Folder that does not exist or is empty.
        progress: Called after every picture with the number done.
        jobs: Processes that forge; the bytes are the same for any number.
        shards: Pictures in each of the tar files written instead of folders; None writes folders.

    Returns:
        Path of the manifest; of the folder where there are shards.

    Raises:
        OutputNotWritable: ``out`` holds something already or cannot be written.
        WrongUsage: A number is out of range.
        UnreadableImage: No photo can be decoded.
    """
    if count < 1:
        raise WrongUsage(f"count is {count}; ask for at least one picture")
    pairs = [range(first, min(first + 2, count)) for first in range(0, count, 2)]
    return _write(PairMaker(forger), pairs, out, progress, jobs, shards, forger.unreadable)


def rebuild_forgeries(
    histories: Iterable[dict[str, Any]],
    photos: PhotoPool,
    out: str | Path,
    progress: Progress | None = None,
    *,
    jobs: int = 1,
    shards: int | None = None,
) -> Path:
    """Writes pictures once more from their histories; the other arguments as for :func:`write_forgeries`.

    Args:
        histories: As :func:`read_histories` reads them; those of twins follow one another.
        photos: Has the photos that they name.

    Raises:
        WrongUsage: A history cannot be read, or the photos are not those that it names.
    """
    pairs = [list(group) for _, group in groupby(histories, key=lambda history: history.get("pair"))]
    return _write(HistoryMaker(photos), pairs, out, progress, jobs, shards, {})


def read_histories(path: str | Path) -> list[dict[str, Any]]:
    """Reads a ``history.jsonl``, one dictionary a line.

    Raises:
        WrongUsage: It is missing, empty, or a line is no JSON object.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{path}: cannot be read ({error}); give the history.jsonl of a forged folder") from error
    histories = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            history = json.loads(line)
        except ValueError as error:
            raise WrongUsage(f"{path}, line {number}: is no JSON ({error}); give the file as it was written") from error
        if not isinstance(history, dict):
            raise WrongUsage(f"{path}, line {number}: is no history; give the history.jsonl of a forged folder")
        histories.append(history)
    if not histories:
        raise WrongUsage(f"{path}: holds no history; give the history.jsonl of a forged folder")
    return histories


def _write(
    maker: Maker,
    tasks: Iterable[Any],
    out: str | Path,
    progress: Progress | None,
    jobs: int,
    shards: int | None,
    unreadable: dict[str, str],
) -> Path:
    if jobs < 1:
        raise WrongUsage(f"jobs is {jobs}; give 1 or more")
    out = Path(out)
    folder = _open_folder(out)
    try:
        sink = FolderSink(folder) if shards is None else ShardSink(folder, shards)
        try:
            done = 0
            with closing(make_entries(maker, tasks, jobs, unreadable)) as pairs:
                for entries in pairs:
                    sink.write(entries)
                    for _ in entries:
                        done += 1
                        if progress:
                            progress(done)
        except KeyboardInterrupt:
            if done:
                _finish(sink, folder, out)
            raise
        _finish(sink, folder, out)
    except OSError as error:
        raise OutputNotWritable(
            f"{out}: cannot be written ({error.strerror or error}); choose another folder"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return out / "manifest.csv" if shards is None else out


def _open_folder(out: Path) -> Path:
    """A folder beside ``out``, on the same disk, to be renamed when complete."""
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise OutputNotWritable(f"{out}: is not empty; choose another folder or empty it")
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.parent))
        # mkdtemp shuts everybody else out; a finished folder is an ordinary one
        folder.chmod(0o755)
    except OSError as error:
        raise OutputNotWritable(f"{out}: cannot be written ({error.strerror}); choose another folder") from error
    return folder


def _finish(sink: _Sink, folder: Path, out: Path) -> None:
    sink.finish()
    if out.is_dir():
        out.rmdir()
    folder.rename(out)
