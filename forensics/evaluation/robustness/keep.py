"""Writes perturbed pictures as sets of their own, so that other tools can be run on them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from PIL import Image

from forensics.data.manifest import REQUIRED_COLUMNS, ManifestRow
from forensics.evaluation.evaluate import name_of
from forensics.evaluation.robustness.perturbation import Perturbation, Perturbed
from forensics.evaluation.subject import source_of
from signals.atomic_file import replace_file
from signals.errors import OutputNotWritable


class KeptPictures:
    """A folder a level with ``images/``, ``masks/`` and ``manifest.csv``.

    Args:
        out: Holds the folders.
        folder: What the names of the pictures are relative to.
    """

    def __init__(self, out: Path, folder: Path) -> None:
        self._out, self._folder = out, folder
        self._started: set[Path] = set()

    def __call__(self, perturbation: Perturbation, row: ManifestRow, perturbed: Perturbed) -> None:
        """Writes one picture, its mask and its row.

        Raises:
            OutputNotWritable: It cannot be written there.
        """
        level = self._out / folder_name(perturbation)
        name = name_of(row.image, self._folder).strip("/").replace("/", "_")
        image, mask = f"images/{name}.{perturbed.extension}", f"masks/{name}.png" if row.label else ""
        try:
            replace_file(level / image, perturbed.data)
            if mask:
                replace_file(level / mask, _png(perturbed))
            self._append(
                level, [image, mask, str(row.label), source_of(row) or name, row.columns.get("mask_meaning", "")]
            )
        except OSError as error:
            raise OutputNotWritable(f"{level}: cannot be written ({error.strerror}); choose another --out") from error

    def _append(self, level: Path, cells: list[str]) -> None:
        manifest = level / "manifest.csv"
        if level not in self._started:
            self._started.add(level)
            manifest.write_text(",".join([*REQUIRED_COLUMNS, "source", "mask_meaning"]) + "\n", encoding="utf-8")
        with manifest.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(cells)


def folder_name(perturbation: Perturbation) -> str:
    """The title of a perturbation as the name of a folder.

    >>> folder_name(Perturbation("double jpeg", "90, 70", ()))
    'double-jpeg-90-70'
    """
    letters = (letter if letter.isalnum() or letter == "." else " " for letter in perturbation.title)
    return "-".join("".join(letters).split())


def _png(perturbed: Perturbed) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.uint8(255) * perturbed.mask).save(stream, "PNG")
    return stream.getvalue()
