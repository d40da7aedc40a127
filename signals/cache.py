"""Maps on disk, so that no signal is read twice from the same picture."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signals.atomic_file import replace_file
from signals.errors import BrokenSignal, OutputNotWritable, WrongUsage
from signals.evidence import Evidence
from signals.extraction import extract, find_problem
from signals.rarity import pristine_anchors
from signals.score import Score
from signals.signal import Signal, SignalMap, SignalSpec

# Changes when entries are written in another way.
_FORMAT = 1
_ENTRY = re.compile(r"[0-9a-f]{64}\.signal\.npz")
_PARTIAL = re.compile(r"\.[0-9a-f]{40}\.[0-9a-f]{16}\.partial")
# No entry takes this long to write: whoever began an older one did not live to finish it.
_ABANDONED_SECONDS = 3600


class SignalCache:
    """Maps by picture and signal in one folder, which any number of processes may share.

    An entry is kept under the digest of the picture and the specification of the signal, so another version or
    another setting of a signal is another entry. Entries appear whole or not at all; one that is damaged is computed
    and written again. When the folder is full, the entries that were not used for longest are removed; other files in
    it are left alone.

    A signal may say ``cacheable = False`` if its map depends on more than the picture's bytes and its specification;
    it is then read anew each time.

    Args:
        folder: Where the entries lie; made if missing.
        max_bytes: Size that the entries may have together. A process looks at the folder again after every 1/16 of
            it that it wrote itself, so n processes that write at the same time may exceed it by n/16.

    Raises:
        OutputNotWritable: The folder cannot be made or written into.
        WrongUsage: ``max_bytes`` is not positive.

    Example:
        >>> cache = SignalCache("maps", max_bytes=2**30)  # doctest: +SKIP
        >>> cache.extract(get_signal("dct"), Evidence.open("photo.jpg"))  # doctest: +SKIP
    """

    def __init__(self, folder: str | os.PathLike[str], max_bytes: int = 10 * 2**30) -> None:
        if not max_bytes >= 1:
            raise WrongUsage(f"a cache of {max_bytes} bytes holds nothing; give a positive number.")
        self.folder = Path(folder).absolute()
        self.max_bytes = max_bytes
        # Bytes to write until the folder is looked at again. Threads may lose an update: the bound is a soft one.
        self._room = 0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"{folder}: the cache cannot be made, {error.strerror}; choose another folder"
            raise OutputNotWritable(message) from error
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise OutputNotWritable(f"{folder}: the cache cannot be written, no permission; choose another folder")

    def extract(self, signal: Signal, evidence: Evidence) -> SignalMap:
        """The map of a signal, usable or not, from the cache or else from the picture.

        Raises:
            BrokenSignal: As :func:`signals.extraction.extract`; also for parameters that are no JSON values.
        """
        if not getattr(signal, "cacheable", True):
            return extract(signal, evidence)
        key = _key(signal, evidence)
        path = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.signal.npz"
        found = _load(path, key, signal.spec, evidence)
        if found is None:
            found = extract(signal, evidence)
            self._store(path, _pack(key, found))
        return found

    def _store(self, path: Path, content: bytes) -> None:
        if len(content) > self.max_bytes:
            return
        if len(content) > self._room:
            self._make_room(len(content))
        self._room -= len(content)
        # A full disk costs time, not the result.
        with suppress(OSError):
            replace_file(path, content)

    def _make_room(self, wanted: int) -> None:
        """Removes the least recently used entries if ``wanted`` bytes more are too many."""
        entries = sorted(self._entries())
        total = sum(size for _, _, size in entries)
        if total + wanted > self.max_bytes:
            # An eighth more than needed, as looking at a large folder takes time.
            for _, path, size in entries:
                if total + wanted <= self.max_bytes - self.max_bytes // 8:
                    break
                try:
                    Path(path).unlink(missing_ok=True)
                except OSError:
                    continue
                total -= size
        self._room = min(self.max_bytes - total, self.max_bytes // 16)

    def _entries(self) -> Iterator[tuple[int, str, int]]:
        """Time of last use, path and size of each entry; clears away what was never finished."""
        with suppress(OSError), os.scandir(self.folder) as files:
            for file in files:
                unfinished = _PARTIAL.fullmatch(file.name) is not None
                if not unfinished and not _ENTRY.fullmatch(file.name):
                    continue
                # Another process may have removed it since it was listed.
                with suppress(OSError):
                    status = file.stat(follow_symlinks=False)
                    if unfinished and status.st_mtime < time.time() - _ABANDONED_SECONDS:
                        os.unlink(file.path)
                    elif not unfinished:
                        yield status.st_mtime_ns, file.path, status.st_size


def _key(signal: Signal, evidence: Evidence) -> str:
    """All that a map depends on, as one text."""
    fields = {
        "format": _FORMAT,
        "picture": evidence.sha256,
        # The same digest could name an array and a file that holds it.
        "type": evidence.type,
        "signal": signal.spec.to_json(),
        # The scale of a score comes from a file that is measured anew without the score's own version changing.
        "reference": pristine_anchors(signal.spec.name).tolist() if isinstance(signal, Score) else None,
    }
    try:
        return json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        what = f"its parameters are not JSON values ({error})"
        raise BrokenSignal(f"signal {signal.spec.name}: {what}; tell the author of the signal") from error


def _load(path: Path, key: str, spec: SignalSpec, evidence: Evidence) -> SignalMap | None:
    """The map of an entry, marked as used now; None if there is none or it is damaged."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as entry:
            found = _unpack(entry, key, spec, evidence)
    except Exception:  # a damaged archive raises almost anything
        return None
    with suppress(OSError):
        os.utime(path)
    return found


def _pack(key: str, found: SignalMap) -> bytes:
    """An npz file, compressed for speed rather than for size."""
    arrays = {
        "key": np.array(key),
        "reason": np.array(found.reason or ""),
        "usable": np.array(found.usable),
        "values": found.values,
        "valid": found.valid,
        **{f"side_{name}": np.asarray(value) for name, value in found.side.items()},
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return content.getvalue()


def _unpack(entry: Mapping[str, NDArray[Any]], key: str, spec: SignalSpec, evidence: Evidence) -> SignalMap:
    """The inverse of :func:`_pack`; raises ValueError for an entry of something else."""
    if str(entry["key"]) != key:
        raise ValueError("the entry of another picture or signal")
    if not entry["usable"]:
        return SignalMap.unusable(spec, str(entry["reason"]))
    side = {name.removeprefix("side_"): entry[name] for name in entry if name.startswith("side_")}
    found = SignalMap(spec, entry["values"], entry["valid"], side)
    if find_problem(found, spec, evidence) is not None:
        raise ValueError("a map that the signal would not give")
    return found
