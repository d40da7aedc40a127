"""What a checkpoint is worth when some of its signals are not there, beside the content-free prior.

    python -m benchmarks.missing_signals MANIFEST [--checkpoint default] [--limit N] [--out FILE.json]

Every subset of the checkpoint's signals is scored on the same pictures; the pixels are always read. The last column is
the paired difference of the pixel AUC to the network with all signals.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from forensics.cli.evaluate import spread
from forensics.data.manifest import ManifestRow, read_manifest
from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.evaluate import Evaluation, evaluate
from forensics.evaluation.maps import MapResult
from forensics.evaluation.measure_name import MeasureName
from forensics.evaluation.paired import compare_means
from forensics.evaluation.protocols import Measure, get_protocol
from forensics.evaluation.report import spelled, write_json
from forensics.evaluation.result import EvaluatedSet, to_json
from forensics.inference import Predictor
from signals import Evidence
from signals.orientation import upright

PROTOCOL = "tracefuse"


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
    def description(self) -> Mapping[str, Any]:
        """The checkpoint and what it lacks."""
        checkpoint = self.predictor.checkpoint
        return {
            "kind": "checkpoint",
            "name": checkpoint.name,
            "sha256": checkpoint.sha256,
            "without": sorted(self.without),
        }

    def map_of(self, row: ManifestRow, evidence: Evidence) -> MapResult:
        """Predicts one picture."""
        prediction = self.predictor.predict(evidence, without=self.without)
        usable = {signal.spec.name: signal.usable for signal in prediction.signals}
        return MapResult(upright(prediction.map, evidence.orientation), prediction.score, signals=usable)


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
    folder, protocol = arguments.manifest.parent, get_protocol(PROTOCOL)
    found = {
        subset: evaluate(rows, MapsWithout(predictor, frozenset(names) - set(subset)), protocol, folder=folder)
        for subset in subsets
    }
    Console(width=160).print(summary(found))
    if arguments.out:
        of = EvaluatedSet.of(arguments.manifest, arguments.limit)
        write_json(arguments.out, {" + ".join((*subset, "pixels")): to_json(one, of) for subset, one in found.items()})


def summary(found: Mapping[tuple[str, ...], Evaluation]) -> Table:
    """One row a subset of signals and meaning of the masks; forged pictures for maps, all for the score."""
    rendered = Table("signals", "pixel AUC", "prior", "pixel F1@0.5", "score AUC", "AUC less all signals")
    full = next(iter(found.values()))
    for subset, result in found.items():
        measures = {measure.name: measure for measure in result.measures}
        title = f"{len(subset)}: {' + '.join((*subset, 'pixels'))}"
        for prefix in ("", "both_ends/"):
            auc = measures.get(f"{PROTOCOL}/{prefix}pixel_auc")
            if auc is None:
                continue
            rendered.add_row(
                title + (", both ends" if prefix else ""),
                _spelled(auc.interval),
                f"{auc.prior.mean:.3f}" if auc.prior else "-",
                _spelled(measures[f"{PROTOCOL}/{prefix}pixel_f1@0.5"].interval),
                _value(measures.get(f"{PROTOCOL}/score_auc")),
                _difference(auc.name, full, result),
            )
    return rendered


def _value(measure: Measure | None) -> str:
    return "-" if measure is None else f"{measure.value:.3f}"


def _spelled(interval: Interval | None) -> str:
    return "-" if interval is None else spelled(interval)


def _difference(name: str, full: Evaluation, result: Evaluation) -> str:
    """A measure less that of the network with all signals; both scored the same pictures."""
    parts = MeasureName.parse(name)
    pairs = [
        (one.scores, other.scores)
        for one, other in zip(full.pictures, result.pictures, strict=True)
        if parts.covers(one.scores.label, one.scores.mask_meaning) and parts.quantity in one.scores.values
    ]
    compared = compare_means(name, parts.quantity, pairs)
    return "-" if compared is None else spelled(compared.difference, signed=True)


if __name__ == "__main__":
    main()
