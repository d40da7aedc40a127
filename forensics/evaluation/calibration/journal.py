"""Measurements on disk as they are made, so that a long run can be taken up again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from forensics.evaluation.calibration.measuring import Measured
from signals.errors import OutputNotWritable, WrongUsage

SCHEMA = "measured/1"


class Journal:
    """One line of JSON a picture, by the name of the picture; in memory alone without a file.

    Args:
        path: The file; made if missing.
        weights_sha256: Of the checkpoint; what another one said is refused.

    Raises:
        WrongUsage: The file holds something else.
        OutputNotWritable: It cannot be written.
    """

    def __init__(self, path: Path | None, weights_sha256: str) -> None:
        self._path = path
        self._known: dict[str, Measured] = {}
        if path is None:
            return
        header = {"schema": SCHEMA, "weights_sha256": weights_sha256}
        if path.exists():
            self._read(path, header)
        else:
            self._append(header)

    def measured(self, name: str, measure: Callable[[], Measured]) -> Measured:
        """What is known of a picture; measured and written down where nothing is."""
        if name not in self._known:
            self._known[name] = measure()
            self._append({"name": name, **asdict(self._known[name])})
        return self._known[name]

    def _read(self, path: Path, header: Mapping[str, object]) -> None:
        try:
            whole, newline, broken = path.read_text(encoding="utf-8").rpartition("\n")
            if broken:  # the run ended in the middle of a line
                path.write_text(whole + newline, encoding="utf-8")
            first, *rest = whole.splitlines()
            if json.loads(first) != header:
                raise WrongUsage(f"{path}: holds measurements of another checkpoint; give another file")
            for line in rest:
                fields = json.loads(line)
                name = fields.pop("name")
                self._known[name] = Measured(**fields)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise WrongUsage(f"{path}: holds no measurements ({error}); give another file") from error

    def _append(self, fields: Mapping[str, object]) -> None:
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(dict(fields)) + "\n")
        except OSError as error:
            raise OutputNotWritable(f"{self._path}: cannot be written ({error.strerror}); give another file") from error
