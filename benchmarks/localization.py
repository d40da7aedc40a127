"""A checkpoint beside two references in one run: the content-free prior and error level analysis (ELA).

    python -m benchmarks.localization MANIFEST [--checkpoint default] [--limit N] [--device cpu] [--out FILE.json]

ELA here: mean absolute difference to a re-save at JPEG quality 90, averaged over 17 x 17 pixels, stretched to
0..1 picture by picture; its threshold for F1 is the one of 255 with the best mean F1 on these very pictures,
which favors it.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table
from scipy.ndimage import uniform_filter

from forensics.cli.evaluate import spread
from forensics.data.manifest import ManifestRow, read_manifest
from forensics.evaluation.evaluate import Evaluation, evaluate
from forensics.evaluation.maps import CheckpointMaps, MapResult
from forensics.evaluation.measure_name import MeasureName
from forensics.evaluation.paired import compare_means
from forensics.evaluation.protocols import get_protocol
from forensics.evaluation.report import spelled, table, write_json
from forensics.evaluation.result import EvaluatedSet, to_json
from forensics.evaluation.truth import Excluded, read_mask
from forensics.inference import Predictor
from signals import Evidence
from signals.errors import UnreadableImage
from signals.orientation import upright

QUALITY, WINDOW = 90, 17
LEVELS = np.arange(1, 256)


def main() -> None:
    """Prints both tables and the paired gain of the checkpoint over ELA."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--checkpoint", default="default")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = spread(read_manifest(arguments.manifest), arguments.limit)
    protocol, folder = get_protocol("tracefuse"), arguments.manifest.parent
    checkpoint = CheckpointMaps(Predictor.load(arguments.checkpoint, arguments.device))
    model = evaluate(rows, checkpoint, protocol, folder=folder)
    ela = evaluate(rows, ElaMaps(best_threshold(rows)), protocol, folder=folder)
    for result in (model, ela):
        Console().print(table(result))
    Console().print(beside(model, ela))
    if arguments.out:
        of = EvaluatedSet.of(arguments.manifest, arguments.limit)
        write_json(arguments.out, {"model": to_json(model, of), "ela": to_json(ela, of)})


@dataclass(frozen=True)
class ElaMaps:
    """ELA as a source of maps.

    Attributes:
        threshold: Level 1..255 that is placed at 0.5; the order of values stays, so AUC does not change.
    """

    threshold: int

    @property
    def description(self) -> Mapping[str, Any]:
        """What it is."""
        return {"kind": "reference", "name": f"ELA Q{QUALITY}, marked from level {self.threshold} of 255"}

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        """The map of one picture."""
        levels = ela_levels(evidence)
        shown = np.interp(levels, (0, self.threshold, 256), (0.0, 0.5, 1.0)).astype(np.float32)
        return MapResult(shown)


def ela_levels(evidence: Evidence) -> NDArray[np.float64]:
    """ELA, upright, ``[H, W]`` in 0..255."""
    file = io.BytesIO()
    Image.fromarray(evidence.pixels).save(file, "JPEG", quality=QUALITY)
    saved = np.asarray(Image.open(file), np.int16)
    error = np.abs(evidence.pixels.astype(np.int16) - saved).mean(axis=2)
    smooth = uniform_filter(error, WINDOW)
    low, high = smooth.min(), smooth.max()
    return upright((smooth - low) * (255 / max(high - low, 1e-9)), evidence.orientation)


def best_threshold(rows: Sequence[ManifestRow]) -> int:
    """The level from which on marking gives the best mean F1 over the forged pictures."""
    scores = [_f1_by_level(row) for row in rows if row.label == 1 and row.mask is not None]
    known = [score for score in scores if score is not None]
    return int(LEVELS[np.mean(known, axis=0).argmax()]) if known else 128


def _f1_by_level(row: ManifestRow) -> NDArray[np.float64] | None:
    """F1 at every level, from two histograms; None for a picture that cannot be scored."""
    try:
        levels = ela_levels(Evidence.open(row.image)).astype(np.uint8)
        assert row.mask is not None
        truth = read_mask(row.mask, *levels.shape)
    except (Excluded, UnreadableImage):
        return None
    hits = np.bincount(levels[truth], minlength=256)[::-1].cumsum()[::-1]
    marked = np.bincount(levels.ravel(), minlength=256)[::-1].cumsum()[::-1]
    return (2 * hits / (marked + np.count_nonzero(truth)))[1:]


def beside(model: Evaluation, ela: Evaluation) -> Table:
    """The checkpoint less ELA, paired over the pictures both scored."""
    rendered = Table("measure", "n", "model", "ELA", "model less ELA [95 %]", title="beside ELA")
    others = {picture.scores.image: picture.scores for picture in ela.pictures}
    for name in (measure.name for measure in model.measures):
        parts = MeasureName.parse(name)
        if parts.quantity not in ("pixel_f1@0.5", "pixel_auc"):
            continue
        pairs = [
            (others[ours.image], ours)
            for ours in (picture.scores for picture in model.pictures)
            if ours.image in others and parts.covers(ours.label, ours.mask_meaning) and parts.quantity in ours.values
        ]
        if row := compare_means(name, parts.quantity, pairs):
            gain = spelled(row.difference, signed=True)
            rendered.add_row(name, str(len(pairs)), f"{row.second:.3f}", f"{row.first:.3f}", gain)
    return rendered


if __name__ == "__main__":
    main()
