"""What each part of a recipe is worth: the same short training with one thing changed, scored on the same pictures.

    python -m benchmarks.ablations data --photos PHOTOS --out DIR [--count 2400]
    python -m benchmarks.ablations run --data DIR [--only NAME ...] [--seeds 1 2 3] [--part 1/2]
        [--also MANIFEST [--limit N]]
    python -m benchmarks.ablations report --data DIR

``data`` forges pictures of 256 x 256 once: ``train`` of the photos' split ``train``, ``validate`` (operating point) and
``held`` (scores) of the split ``calibration``; the split ``test`` is never touched. Signals are read from each picture
once and kept. ``run`` trains what is not there yet, so a stopped command goes on where it was; ``--part 1/2`` does
every second one, beside another process. ``report`` writes a Markdown table: each variant less the reference of its
group, paired by picture, with the 95 % interval over sources.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import yaml

from benchmarks.ablation_variants import VARIANTS, Variant, merged
from forensics.cli.evaluate import spread
from forensics.data.forge.forger import Forger
from forensics.data.forge.recipe import get_recipe
from forensics.data.forge.writing.writer import write_forgeries
from forensics.data.manifest import read_manifest
from forensics.data.photos import PhotoPool
from forensics.evaluation.evaluate import evaluate
from forensics.evaluation.maps import CheckpointMaps
from forensics.evaluation.protocols import get_protocol
from forensics.evaluation.report import write_json
from forensics.evaluation.result import EvaluatedSet, to_json
from forensics.evaluation.result_comparison import compare_results
from forensics.evaluation.result_file import ResultFile, read_result
from forensics.inference import Predictor
from forensics.inference.predictor import segmenter_for
from forensics.models.checkpoint import find_checkpoint
from signals.cache import SignalCache

SIDE = 256
MEASURES = ("pixel_auc", "pixel_f1@0.5", "score_auc")
# Cameras, share of the pictures asked for, and seed of each set.
SETS = {"train": ("train", 1.0, 1), "validate": ("calibration", 1 / 8, 2), "held": ("calibration", 1 / 6, 3)}


@dataclass(frozen=True)
class Workplace:
    """Where the pictures, the signals read from them and the runs lie."""

    folder: Path

    @property
    def cache(self) -> Path:
        """Signals that were read."""
        return self.folder / "signals"

    def manifest(self, name: str) -> Path:
        """Of a set, ``held`` or that of ``train`` with the edits of a variant alone."""
        return self.folder / name / "manifest.csv"

    def run(self, variant: str, seed: int) -> Path:
        """All that a run leaves."""
        return self.folder / "runs" / f"{variant}-{seed}"


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    data = commands.add_parser("data")
    data.add_argument("--photos", type=Path, required=True)
    data.add_argument("--out", type=Path, required=True)
    data.add_argument("--count", type=int, default=2400)
    run = commands.add_parser("run")
    run.add_argument("--data", type=Path, required=True)
    run.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS), metavar="NAME")
    run.add_argument("--seeds", type=int, nargs="+", default=[1])
    run.add_argument("--steps", type=int, default=300)
    run.add_argument("--also", type=Path, help="manifest of further pictures to score")
    run.add_argument("--limit", type=int, help="at most so many of these, evenly spread")
    run.add_argument("--part", default="1/1", help="k/n: every n-th run, beginning with the k-th")
    report = commands.add_parser("report")
    report.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.command == "data":
        forge(given.photos, given.out, given.count)
    elif given.command == "report":
        print(markdown(Workplace(given.data)))
    else:
        part, parts = map(int, given.part.split("/"))
        todo = [(name, seed) for seed in given.seeds for name in given.only]
        for name, seed in todo[part - 1 :: parts]:
            fit(Workplace(given.data), name, seed, given.steps)
            score(Workplace(given.data), name, seed, Workplace(given.data).manifest("held"))
            if given.also:
                score(Workplace(given.data), name, seed, given.also, given.limit)


def forge(photos: Path, out: Path, count: int) -> None:
    """Writes the three sets that are not there yet."""
    recipe = replace(get_recipe(), sides=(SIDE,), odd_side=0.0)
    for name, (split, share, seed) in SETS.items():
        if not (out / name).exists():
            write_forgeries(Forger(PhotoPool.open(photos, split), recipe, seed), round(count * share), out / name)


def fit(place: Workplace, name: str, seed: int, steps: int) -> None:
    """Trains a variant in a process of its own, unless its checkpoint is there."""
    folder = place.run(name, seed)
    if (folder / "checkpoint" / "README.md").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config(place, VARIANTS[name], seed, steps)))
    with (folder / "output.txt").open("w") as output:
        command = ["tracefuse", "train", "fit", "--config", str(folder / "config.yaml"), "--threads", "1"]
        subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, check=True)


def config(place: Workplace, variant: Variant, seed: int, steps: int) -> dict[str, Any]:
    """The whole run as ``tracefuse train fit`` takes it."""
    run = {
        "seed_everything": seed,
        "trainer": {"max_epochs": 1, "logger": {"init_args": {"save_dir": "logs"}}},
        "data": {
            "class_path": "ManifestDataModule",
            "init_args": {
                "manifest": str(_train_manifest(place, variant).absolute()),
                "validation_manifest": str(place.manifest("validate").absolute()),
                "cache": str(place.cache.absolute()),
                "sizes": [[SIDE, SIDE]],
                "batches": steps,
                "seed": seed,
            },
        },
        "export": {"folder": "checkpoint", "pictures": 200},
    }
    return merged(variant.config(), run)


def _train_manifest(place: Workplace, variant: Variant) -> Path:
    """The training pictures, or those of them that a variant keeps: forgeries of some edits and their twins."""
    whole = place.manifest("train")
    if variant.edits is None:
        return whole
    with whole.open(newline="") as file:
        rows = list(csv.DictReader(file))
    pairs = {row["pair"] for row in rows if row["edit"] in variant.edits}
    kept = whole.with_name(f"only-{'-'.join(sorted(variant.edits))}.csv")
    with kept.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row for row in rows if row["pair"] in pairs)
    return kept


def score(place: Workplace, name: str, seed: int, manifest: Path, limit: int | None = None) -> None:
    """Scores a trained variant on a set, unless that was done."""
    part = "" if limit is None else f"-{limit}"
    result = place.run(name, seed) / f"{EvaluatedSet.of(manifest).name}{part}.json"
    if result.is_file():
        return
    checkpoint = find_checkpoint(place.run(name, seed) / "checkpoint")
    model = checkpoint.build()
    read = SignalCache(place.cache).extract
    predictor = Predictor(checkpoint, model, segmenter_for(model), torch.device("cpu"), read)
    rows = spread(read_manifest(manifest), limit)
    evaluation = evaluate(rows, CheckpointMaps(predictor), get_protocol("tracefuse"), folder=manifest.parent)
    write_json(result, to_json(evaluation, EvaluatedSet.of(manifest, limit)))
    print(f"{name}-{seed} on {result.stem}", flush=True)


def markdown(place: Workplace) -> str:
    """A table a set that was scored."""
    results = {
        path: read_result(path) for path in sorted(place.folder.glob("runs/*/*.json")) if path.stem != "checkpoint"
    }
    names = sorted({path.stem for path in results}, key=lambda name: name != "held")
    return "\n\n".join("\n".join(_table(results, name)) for name in names)


def _table(results: Mapping[Path, ResultFile], of: str) -> Iterator[str]:
    columns = [f"{measure} | less the reference" for measure in MEASURES]
    yield f"Scored on `{of}`:"
    yield ""
    yield f"| variant | seeds | {' | '.join(columns)} |"
    yield f"|---|---|{'---|' * 2 * len(columns)}"
    for name, variant in VARIANTS.items():
        mine = _by_seed(results, name, of)
        if mine:
            theirs = _by_seed(results, variant.reference, of)
            cells = [cell for measure in MEASURES for cell in _cells(mine, theirs, measure, name == variant.reference)]
            yield f"| {variant.says} | {len(mine)} | {' | '.join(cells)} |"


def _by_seed(results: Mapping[Path, ResultFile], name: str, of: str) -> dict[int, ResultFile]:
    found = {}
    for path, result in results.items():
        variant, _, seed = path.parent.name.rpartition("-")
        if variant == name and path.stem == of:
            found[int(seed)] = result
    return found


def _cells(
    mine: Mapping[int, ResultFile], theirs: Mapping[int, ResultFile], measure: str, reference: bool
) -> Sequence[str]:
    """The mean over the seeds, with its range; and the difference to the reference, seed by seed."""
    key = f"tracefuse/{measure}"
    values = [result.measures[key].value for result in mine.values()]
    spread = f" ({min(values):.3f} to {max(values):.3f})" if len(values) > 1 else ""
    mean = f"{sum(values) / len(values):.3f}{spread}"
    if reference:
        return mean, "reference"
    differences = []
    for seed in sorted(mine.keys() & theirs.keys()):
        rows = {row.name: row for row in compare_results(theirs[seed], mine[seed]).rows}
        difference = rows[key].difference
        differences.append(f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]")
    return mean, "; ".join(differences)


if __name__ == "__main__":
    main()
