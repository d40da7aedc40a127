"""Two evaluations of the same pictures by the same protocol: which is better, and is that more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from forensics.evaluation.measure_name import EXACT, MeasureName
from forensics.evaluation.paired import Compared, compare_means, compare_score_auc, score_auc
from forensics.evaluation.result_file import PictureResult, ResultFile
from signals.errors import WrongUsage

SCHEMA = "comparison/1"
SCORE_AUC = "score_auc"

Pair = tuple[PictureResult, PictureResult]


@dataclass(frozen=True)
class Comparison:
    """Two evaluations side by side.

    Attributes:
        first: The first file.
        second: The second.
        shared: Pictures that both scored.
        only_first: Names of those that only the first scored.
        only_second: Names of those that only the second scored.
        rows: The measures that can be paired.
        not_paired: Names of measures that are no means over pictures, and so are not compared.
        measures_only_first: Names of measures that only the first holds.
        measures_only_second: Names of measures that only the second holds.
    """

    first: ResultFile
    second: ResultFile
    shared: int
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    rows: tuple[Compared, ...]
    not_paired: tuple[str, ...]
    measures_only_first: tuple[str, ...]
    measures_only_second: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "schema": SCHEMA,
            "protocol": self.first.protocol,
            "set": asdict(self.first.set),
            "first": {"file": self.first.path.name, "source": dict(self.first.source)},
            "second": {"file": self.second.path.name, "source": dict(self.second.source)},
            "shared": self.shared,
            "only_first": list(self.only_first),
            "only_second": list(self.only_second),
            "measures": {row.name: row.to_json() for row in self.rows},
            "not_paired": list(self.not_paired),
            "measures_only_first": list(self.measures_only_first),
            "measures_only_second": list(self.measures_only_second),
        }


def compare_results(first: ResultFile, second: ResultFile) -> Comparison:
    """Pairs two evaluations picture by picture.

    Raises:
        WrongUsage: They are of different protocols or sets, of different files under one name, or share no picture.
    """
    _check_same(first, second)
    known = {picture.image: picture for picture in second.pictures}
    pairs = [(picture, known[picture.image]) for picture in first.pictures if picture.image in known]
    _check_pairs(first, second, pairs)
    rows, not_paired = [], []
    for name in first.measures:
        if name not in second.measures:
            continue
        compare_one = _compare_score_auc if name.endswith(f"/{SCORE_AUC}") else _compare_means
        row = compare_one(name, first, pairs)
        if row is None:
            not_paired.append(name)
        else:
            rows.append(row)
    images = {picture.image for picture in first.pictures}
    return Comparison(
        first=first,
        second=second,
        shared=len(pairs),
        only_first=tuple(picture.image for picture in first.pictures if picture.image not in known),
        only_second=tuple(picture.image for picture in second.pictures if picture.image not in images),
        rows=tuple(rows),
        not_paired=tuple(not_paired),
        measures_only_first=tuple(name for name in first.measures if name not in second.measures),
        measures_only_second=tuple(name for name in second.measures if name not in first.measures),
    )


def _check_same(first: ResultFile, second: ResultFile) -> None:
    both = f"{first.path.name} and {second.path.name}"
    if first.protocol != second.protocol:
        protocols = f"{first.protocol} and {second.protocol}"
        raise WrongUsage(f"{both}: scored by different protocols, {protocols}; evaluate both by the same one")
    if first.definition != second.definition:
        versions = f"TraceFuse {first.tracefuse} and {second.tracefuse}"
        raise WrongUsage(
            f"{both}: protocol {first.protocol} was defined differently ({versions}); evaluate both with one version"
        )
    if first.set.sha256 != second.set.sha256:
        sets = [f"{one.set.name} (manifest {one.set.sha256[:12]})" for one in (first, second)]
        raise WrongUsage(f"{both}: of different sets, {sets[0]} and {sets[1]}; evaluate both on the same manifest")


def _check_pairs(first: ResultFile, second: ResultFile, pairs: Sequence[Pair]) -> None:
    both = f"{first.path.name} and {second.path.name}"
    if not pairs:
        raise WrongUsage(f"{both}: they share no picture; evaluate both on the same pictures")
    changed = [one.image for one, other in pairs if (one.sha256, one.label) != (other.sha256, other.label)]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise WrongUsage(f"{both}: {changed[0]}{more} changed in between (file or label); evaluate both anew")


def _compare_means(name: str, first: ResultFile, pairs: Sequence[Pair]) -> Compared | None:
    parts, measure = MeasureName.parse(name), first.measures[name]
    quantity = parts.of_picture
    if not parts.is_mean(measure.value, first.pictures):
        return None
    chosen = [
        (one, other)
        for one, other in pairs
        if parts.covers(one.label, one.mask_meaning) and quantity in one.values and quantity in other.values
    ]
    prior = measure.prior.mean if measure.prior and len(chosen) == measure.n else None
    return compare_means(name, quantity, chosen, prior)


def _compare_score_auc(name: str, first: ResultFile, pairs: Sequence[Pair]) -> Compared | None:
    """None where the protocol does not count a picture without a score as 0."""
    own = score_auc(first.pictures)
    if own is None or abs(own - first.measures[name].value) > EXACT:
        return None
    return compare_score_auc(name, pairs)
