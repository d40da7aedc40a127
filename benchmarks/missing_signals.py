"""What a checkpoint is worth when some of its signals are not there, beside the content-free prior.

    python -m benchmarks.missing_signals MANIFEST [--checkpoint default] [--limit N] [--out FILE.json]

Every subset of the checkpoint's signals is scored on the same pictures; the pixels are always read. The last column is
the paired difference of the pixel AUC to the network with all signals.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from forensics.cli.evaluate import spread
from forensics.data.manifest import ManifestRow, read_manifest
from forensics.evaluation.bootstrap import mean_interval, paired_difference
from forensics.evaluation.evaluate import Evaluation, evaluate
from forensics.evaluation.maps import MapResult
from forensics.evaluation.metrics import roc_auc
from forensics.evaluation.protocols import PictureScores, get_protocol
from forensics.evaluation.report import spelled, write_json
from forensics.inference import Predictor
from signals import Evidence
from signals.orientation import upright


@dataclass(frozen=True)
class MapsWithout:
    """A checkpoint that is not given some of its signals.

    Attributes:
        predictor: The checkpoint.
        without: Names of the signals left out.
    """

    predictor: Predictor
    without: frozenset[str]

    @property
    def description(self) -> Mapping[str, str]:
        """The checkpoint and what it lacks."""
        checkpoint = self.predictor.checkpoint
        return {"kind": "checkpoint", "name": checkpoint.name, "without": ", ".join(sorted(self.without)) or "nothing"}

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        """Predicts one picture."""
        prediction = self.predictor.predict(evidence, without=self.without)
        return MapResult(upright(prediction.map, evidence.orientation), prediction.score)


def main() -> None:
    """Prints one row a subset, the largest first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--checkpoint", default="default")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = spread(read_manifest(arguments.manifest), arguments.limit)
    predictor = Predictor.load(arguments.checkpoint, arguments.device)
    names = [spec.name for spec in predictor.checkpoint.specs]
    subsets = [subset for count in range(len(names), -1, -1) for subset in combinations(names, count)]
    found = {
        subset: evaluate(rows, MapsWithout(predictor, frozenset(names) - set(subset)), get_protocol("tracefuse"))
        for subset in subsets
    }
    Console(width=160).print(summary(found))
    if arguments.out:
        content = {" + ".join((*subset, "pixels")): result.to_json() for subset, result in found.items()}
        write_json(arguments.out, {"manifest": arguments.manifest.name, **content})


def summary(found: Mapping[tuple[str, ...], Evaluation]) -> Table:
    """One row a subset of signals; forged pictures for maps, all for the score."""
    rendered = Table("signals", "pixel AUC", "prior", "pixel F1@0.5", "score AUC", "AUC less all signals")
    full = _forged(next(iter(found.values())))
    for subset, result in found.items():
        forged = _forged(result)
        scores = np.array([picture.score for picture in result.pictures])
        labels = np.array([picture.label == 1 for picture in result.pictures])
        rendered.add_row(
            f"{len(subset)}: {' + '.join((*subset, 'pixels'))}",
            _mean([picture.auc for picture in forged]),
            f"{np.mean([picture.prior_auc for picture in forged]):.3f}",
            _mean([picture.f1 for picture in forged]),
            f"{roc_auc(scores, labels):.3f}" if labels.any() and not labels.all() else "-",
            _difference([picture.auc for picture in forged], [picture.auc for picture in full]),
        )
    return rendered


def _forged(result: Evaluation) -> list[PictureScores]:
    return [picture for picture in result.pictures if picture.auc is not None]


def _mean(values: Sequence[float | None]) -> str:
    interval = mean_interval([value for value in values if value is not None])
    return "-" if interval is None else spelled(interval)


def _difference(ours: Sequence[float | None], full: Sequence[float | None]) -> str:
    pairs = [(mine, whole) for mine, whole in zip(ours, full, strict=True) if mine is not None and whole is not None]
    interval = paired_difference([mine for mine, _ in pairs], [whole for _, whole in pairs])
    return "-" if interval is None else spelled(interval, signed=True)


if __name__ == "__main__":
    main()
