"""Forgeries in a folder: images, masks, manifest and histories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from forensics.data.forge.writing.entry import Entry
from forensics.data.manifest import ManifestRow, write_manifest


class FolderSink:
    """Writes ``images/``, ``masks/`` (forged pictures only), ``manifest.csv`` and ``history.jsonl``."""

    def __init__(self, folder: Path) -> None:
        """Writes into a folder that is there and empty."""
        self._folder = folder
        self._rows: list[ManifestRow] = []
        (folder / "images").mkdir()
        (folder / "masks").mkdir()
        self._histories = (folder / "history.jsonl").open("w", encoding="utf-8", newline="\n")
        self._whole = 0

    def write(self, entries: Sequence[Entry]) -> None:
        """Adds a forgery and its twin."""
        rows = [self._write(entry) for entry in entries]
        self._histories.flush()
        self._whole = self._histories.tell()
        self._rows += rows

    def finish(self) -> None:
        """Writes the manifest of all whole pairs and forgets what was begun after them."""
        self._histories.truncate(self._whole)
        self._histories.close()
        kept = {row.image for row in self._rows} | {row.mask for row in self._rows}
        for path in [*(self._folder / "images").iterdir(), *(self._folder / "masks").iterdir()]:
            if path not in kept:
                path.unlink()
        write_manifest(self._folder / "manifest.csv", self._rows)

    def _write(self, entry: Entry) -> ManifestRow:
        image = self._folder / "images" / f"{entry.key}.{entry.extension}"
        image.write_bytes(entry.image)
        mask = None
        if entry.mask is not None:
            mask = self._folder / "masks" / f"{entry.key}.png"
            mask.write_bytes(entry.mask)
        line = {"image": f"images/{image.name}", **entry.history}
        self._histories.write(json.dumps(line, sort_keys=True) + "\n")
        return ManifestRow(image, mask, entry.label, entry.columns)
