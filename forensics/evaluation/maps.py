"""Where the maps come from that are scored: a checkpoint, or a folder of maps made before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from forensics.data.manifest import ManifestRow
from forensics.evaluation.metrics import MapArray
from forensics.evaluation.truth import Excluded
from signals import Evidence
from signals.errors import WrongUsage
from signals.orientation import upright

if TYPE_CHECKING:
    from forensics.inference import Predictor


@dataclass(frozen=True)
class MapResult:
    """The map of one picture, upright: turned by its EXIF orientation, as people and masks see it.

    Attributes:
        values: float32 in 0..1 or uint8 ``[H, W]``; 0.5, or 128, and above is marked.
        score: 0..1 for the whole picture, where the source has one.
    """

    values: MapArray
    score: float | None = None


class MapSource(Protocol):
    """Anything that gives a map for a picture."""

    @property
    def description(self) -> Mapping[str, str]:
        """What is scored, by ``kind``, ``name`` and whatever pins it down."""
        ...

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        """The map of one picture.

        Raises:
            Excluded: There is none; the text says why.
            UnreadableImage: The picture cannot be read.
        """
        ...


class CheckpointMaps:
    """Maps of a checkpoint, turned upright.

    Args:
        predictor: The loaded checkpoint.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    @property
    def description(self) -> Mapping[str, str]:
        """Name and hash of the checkpoint."""
        checkpoint = self._predictor.checkpoint
        return {"kind": "checkpoint", "name": checkpoint.name, "sha256": checkpoint.sha256}

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        """Predicts one picture."""
        prediction = self._predictor.predict(evidence)
        return MapResult(upright(prediction.map, evidence.orientation), prediction.score)


class FolderMaps:
    """Maps named ``<image stem>.png`` (8-bit gray) or ``<image stem>.npy`` (float 0..1 or uint8), upright.

    Args:
        folder: Holds the maps.
        rows: The pictures that will be asked for.

    Raises:
        WrongUsage: There is no such folder, or two pictures share a stem.
    """

    def __init__(self, folder: Path, rows: Sequence[ManifestRow]) -> None:
        if not folder.is_dir():
            raise WrongUsage(f"{folder}: no such folder; give the folder that holds the maps")
        stem, count = max(Counter(row.image.stem for row in rows).items(), key=lambda item: item[1], default=("", 1))
        if count > 1:
            raise WrongUsage(f"{folder}: {count} pictures are named {stem}; maps are found by stem, so rename them")
        self._folder = folder

    @property
    def description(self) -> Mapping[str, str]:
        """Name of the folder."""
        return {"kind": "maps", "name": self._folder.name}

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        """Reads one map."""
        for path, read in (
            (self._folder / f"{row.image.stem}.png", _read_png),
            (self._folder / f"{row.image.stem}.npy", _read_npy),
        ):
            if path.is_file():
                return MapResult(read(path))
        raise Excluded(f"no map {row.image.stem}.png or .npy in the folder of maps")


def _read_png(path: Path) -> MapArray:
    try:
        with Image.open(path) as image:
            if image.mode not in ("1", "L"):
                raise Excluded(f"map {path.name} is of mode {image.mode}; a map is 8-bit gray")
            return np.asarray(image.convert("L"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Excluded(f"map {path.name} cannot be read ({type(error).__name__})") from error


def _read_npy(path: Path) -> MapArray:
    try:
        values = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise Excluded(f"map {path.name} cannot be read ({type(error).__name__})") from error
    if values.ndim != 2 or not values.size:
        raise Excluded(f"map {path.name} has the shape {list(values.shape)}; a map is [H, W]")
    if values.dtype == np.uint8:
        return np.asarray(values)
    if values.dtype.kind != "f" or not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise Excluded(f"map {path.name} is not uint8 or float in 0..1")
    return np.asarray(values, np.float32)
