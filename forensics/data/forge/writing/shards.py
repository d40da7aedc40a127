"""Forgeries in tar files of a few thousand pictures each, for reading in sequence."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from forensics.data.forge.writing.entry import Entry
from signals.errors import WrongUsage


class ShardSink:
    """Writes ``shard-000000.tar`` and so on: ``KEY.jpg``, ``KEY.mask.png`` and ``KEY.json`` of every picture.

    The JSON has the columns of a manifest, ``label`` and the ``history``. The bytes are the same for the same
    pictures: no times, no owners.
    """

    def __init__(self, folder: Path, size: int) -> None:
        """Writes into a folder that is there, ``size`` pictures (an even number) a shard.

        Raises:
            WrongUsage: The number is odd or below 2: twins share a shard.
        """
        if size < 2 or size % 2:
            raise WrongUsage(f"shards of {size} pictures would part twins; give an even number of 2 or more")
        self._folder = folder
        self._size = size
        self._count = 0
        self._whole = 0
        self._file: BinaryIO = io.BytesIO()

    def write(self, entries: Sequence[Entry]) -> None:
        """Adds a forgery and its twin."""
        if self._count % self._size == 0:
            self.finish()
            self._file = (self._folder / f"shard-{self._count // self._size:06d}.tar").open("wb")
            self._whole = 0
        for entry in entries:
            self._add(f"{entry.key}.{entry.extension}", entry.image)
            if entry.mask is not None:
                self._add(f"{entry.key}.mask.png", entry.mask)
            facts = {**entry.columns, "label": entry.label, "history": entry.history}
            self._add(f"{entry.key}.json", json.dumps(facts, sort_keys=True).encode())
        self._whole = self._file.tell()
        self._count += len(entries)

    def finish(self) -> None:
        """Closes the last shard after its last whole pair."""
        self._file.seek(self._whole)
        self._file.truncate()
        # a tar file ends with two empty blocks
        self._file.write(tarfile.NUL * 2 * tarfile.BLOCKSIZE)
        self._file.close()

    def _add(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        self._file.write(member.tobuf(tarfile.USTAR_FORMAT))
        self._file.write(content)
        self._file.write(tarfile.NUL * (-len(content) % tarfile.BLOCKSIZE))
