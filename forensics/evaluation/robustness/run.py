"""The loop: a set is scored as it is, then at every level; perturbed pictures live in memory alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from forensics.data.manifest import ManifestRow
from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.evaluate import Evaluation, evaluate
from forensics.evaluation.maps import MapSource
from forensics.evaluation.protocols import Measure, Protocol
from forensics.evaluation.robustness.area import CHANCE, SCORE_AUC, Area, area_of
from forensics.evaluation.robustness.perturbation import Perturbation, Perturbed
from forensics.evaluation.robustness.suite import Suite
from forensics.evaluation.subject import Subject, open_subject
from forensics.evaluation.truth import Excluded
from signals import Evidence
from signals.errors import WrongUsage
from signals.orientation import upright

Progress = Callable[[str, int, int], None]
Keep = Callable[[Perturbation, ManifestRow, Perturbed], None]

# A quarter turn is undone by the opposite one; every other orientation undoes itself.
_INVERSE = {6: 8, 8: 6}


@dataclass(frozen=True)
class Level:
    """The set at one level.

    Attributes:
        perturbation: What was done; None for the untouched pictures.
        evaluation: What it scored.
    """

    perturbation: Perturbation | None
    evaluation: Evaluation

    @property
    def usable(self) -> dict[str, int]:
        """In how many scored pictures each signal could be read."""
        names = dict.fromkeys(name for picture in self.evaluation.pictures for name in picture.facts.signals)
        read = Counter(
            name for picture in self.evaluation.pictures for name, usable in picture.facts.signals.items() if usable
        )
        return {name: read[name] for name in names}

    def measure(self, name: str) -> Measure | None:
        """One measure by name."""
        return next((measure for measure in self.evaluation.measures if measure.name == name), None)


@dataclass(frozen=True)
class Skipped:
    """A perturbation that this machine cannot do."""

    family: str
    level: int | float | str
    reason: str


@dataclass(frozen=True)
class Robustness:
    """A robustness test.

    Attributes:
        suite: What was done.
        levels: The untouched pictures, then every level in order.
        skipped: What could not be done.
    """

    suite: Suite
    levels: tuple[Level, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every level is there that can be scored on this machine."""
        return len(self.levels) + len(self.skipped) == len(self.suite.perturbations) + 1

    @property
    def clean(self) -> Evaluation:
        """Of the untouched pictures."""
        return self.levels[0].evaluation

    @property
    def families(self) -> tuple[str, ...]:
        """Those of which at least one level was scored."""
        return tuple(dict.fromkeys(level.perturbation.family for level in self.levels if level.perturbation))

    def of_family(self, family: str) -> tuple[Level, ...]:
        """The untouched pictures, then the levels of a family."""
        chosen = [level for level in self.levels if level.perturbation and level.perturbation.family == family]
        return (self.levels[0], *chosen)

    @property
    def curves(self) -> tuple[str, ...]:
        """Names of the measures that stand beside a prior, and of the AUC of scores."""
        return tuple(
            measure.name
            for measure in self.clean.measures
            if measure.prior is not None or measure.name.endswith(SCORE_AUC)
        )

    @property
    def shown(self) -> tuple[str, ...]:
        """The curves that pages show: the protocol's own first number and whatever is an AUC."""
        first, others = self.curves[:1], self.curves[1:]
        return (*first, *(name for name in others if name.endswith("_auc")))

    def areas(self) -> tuple[Area, ...]:
        """Area of every curve of every family."""
        found = (
            area_of(family, name, [level.evaluation for level in self.of_family(family)])
            for family in self.families
            for name in self.curves
        )
        return tuple(area for area in found if area is not None)


def prior_of(measure: Measure) -> float | None:
    """What stands beside a measure: the content-free prior, or chance for the AUC of scores."""
    if measure.name.endswith(SCORE_AUC):
        return CHANCE
    return measure.prior.mean if measure.prior else None


def run(
    rows: Sequence[ManifestRow],
    maps: MapSource,
    protocol: Protocol,
    suite: Suite,
    *,
    folder: Path | None = None,
    keep: Keep = lambda perturbation, row, perturbed: None,
    finished: Callable[[Robustness], None] = lambda so_far: None,
    progress: Progress = lambda title, done, total: None,
) -> Robustness:
    """Scores a set at every level.

    Untouched pictures are the files themselves. A perturbation begins with the decoded pixels in stored orientation,
    where the grid of an earlier JPEG lies, and leaves a file without metadata.

    Args:
        rows: The set.
        maps: Gives the map of each picture.
        protocol: How maps are scored.
        suite: What is done.
        folder: What the names of the pictures are relative to.
        keep: Is shown every perturbed picture.
        finished: Is shown what there is after every level.
        progress: Called with the level, the pictures done and their number.

    Raises:
        ForensicsError: The source of maps fails for a reason that is not the picture's.
    """
    feasible = [perturbation for perturbation in suite.perturbations if perturbation.missing() is None]
    skipped = tuple(
        Skipped(perturbation.family, perturbation.level, reason)
        for perturbation in suite.perturbations
        if (reason := perturbation.missing()) is not None
    )
    found = Robustness(suite, (), skipped)
    for perturbation in (None, *feasible):
        title = perturbation.title if perturbation else "clean"
        evaluation = evaluate(
            rows,
            maps,
            protocol,
            folder=folder,
            open_row=_opener(perturbation, keep),
            progress=lambda done, total, title=title: progress(title, done, total),  # type: ignore[misc]
        )
        if found.levels:
            evaluation = with_silence(evaluation, found.clean)
        found = replace(found, levels=(*found.levels, Level(perturbation, evaluation)))
        finished(found)
    return found


def with_silence(evaluation: Evaluation, clean: Evaluation) -> Evaluation:
    """Adds the AUC of scores where a level left no picture a score: chance, not a hole in the curve."""
    has = [
        {measure.name for measure in one.measures if measure.name.endswith(SCORE_AUC)} for one in (evaluation, clean)
    ]
    counts = evaluation.counts
    if not counts["forged"] or not counts["authentic"]:
        return evaluation
    even = Interval(CHANCE, CHANCE, CHANCE, counts["scored"])
    note = "no picture has a score at this level: chance"
    added = tuple(Measure(name, counts["scored"], CHANCE, even, note=note) for name in sorted(has[1] - has[0]))
    return replace(evaluation, measures=(*evaluation.measures, *added))


def open_perturbed(
    row: ManifestRow, perturbation: Perturbation, keep: Keep = lambda perturbation, row, perturbed: None
) -> Subject:
    """Opens a picture, perturbs it with its mask, and opens the file that this leaves.

    Raises:
        Excluded: As :func:`open_subject`; the file was cut short; nothing of its mask is left; or the perturbation
            cannot be done to this picture.
        UnreadableImage: The picture cannot be read.
    """
    subject = open_subject(row)
    evidence, truth = subject.evidence, subject.truth
    if subject.decoded is not None:
        raise Excluded("the file was cut short: what is missing of it cannot be perturbed")
    if truth is None:
        mask = np.zeros((evidence.height, evidence.width), bool)
    else:
        mask = upright(truth, _INVERSE.get(evidence.orientation, evidence.orientation))
    try:
        perturbed = perturbation.apply(evidence.pixels, mask, evidence.sha256)
    except (WrongUsage, OSError, ValueError) as error:
        raise Excluded(f"{perturbation.title} cannot be done to it ({error})") from error
    if truth is not None and not perturbed.mask.any():
        raise Excluded(f"nothing of what its mask marks is left after {perturbation.title}")
    keep(perturbation, row, perturbed)
    opened = Evidence.open(perturbed.data, name=evidence.name)
    return Subject(row, opened, None if truth is None else perturbed.mask, subject.mask_meaning)


def _opener(perturbation: Perturbation | None, keep: Keep) -> Callable[[ManifestRow], Subject]:
    if perturbation is None:
        return open_subject
    return lambda row: open_perturbed(row, perturbation, keep)
