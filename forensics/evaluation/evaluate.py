"""Scores a set of pictures, one at a time, and says which were left out, which maps failed, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics.calibration.facts import file_facts
from forensics.data.manifest import ManifestRow
from forensics.evaluation.baselines import HeaderBaseline, header_baseline
from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.container import header_row
from forensics.evaluation.maps import MapResult, MapSource
from forensics.evaluation.picture import Picture
from forensics.evaluation.protocols.measure import Measure, PictureScores
from forensics.evaluation.protocols.protocol import Protocol
from forensics.evaluation.selective.confidences import Answer, all_confidences
from forensics.evaluation.subject import Subject, open_subject, pair_of, source_of
from forensics.evaluation.truth import Excluded
from forensics.evaluation.twins import Twin, twin_order
from signals.errors import BrokenSignal, UnreadableImage

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Exclusion:
    """A picture that was not scored.

    Attributes:
        image: Its name.
        reason: Why, in one line.
    """

    image: str
    reason: str


@dataclass(frozen=True)
class Facts:
    """What is known of a scored picture besides its scores.

    Attributes:
        pair: What it shares with its twin alone; None where the manifest does not say.
        height: H of the upright picture.
        width: W of the upright picture.
        sha256: Of the file's bytes.
        failure: Why there is no map; None where there is one.
        signals: Of a checkpoint: each signal it asks for, and whether this picture could be read by it.
        file: What of the file says how much of a trace it can hold; see
            :func:`forensics.calibration.facts.file_facts`.
        confidences: How sure the answer looks, by the names of the confidence functions; those that need what the
            answer lacks are absent.
        header: Numbers of the container, float32 ``[F]``; see :func:`forensics.evaluation.container.header_row`.
    """

    pair: str | None
    height: int
    width: int
    sha256: str
    failure: str | None
    signals: Mapping[str, bool]
    file: Mapping[str, float]
    confidences: Mapping[str, float]
    header: NDArray[np.float32] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Scored:
    """A picture that was scored.

    Attributes:
        scores: What the protocol measured, with the picture's name, source, label and score.
        facts: What else is known of it.
    """

    scores: PictureScores
    facts: Facts


@dataclass(frozen=True)
class Evaluation:
    """The scores of one source of maps on one set.

    Attributes:
        protocol: Name of the protocol.
        definition: The protocol in words.
        source: What was scored.
        measures: The numbers of the set.
        pictures: Every scored picture, in the order of the manifest.
        excluded: The pictures left out.
        sources_named: Whether the set names a source for any picture; otherwise each is a source of its own, and folds
            and intervals are by picture.
    """

    protocol: str
    definition: str
    source: Mapping[str, Any]
    measures: tuple[Measure, ...]
    pictures: tuple[Scored, ...]
    excluded: tuple[Exclusion, ...]
    sources_named: bool = True

    @cached_property
    def header(self) -> HeaderBaseline | None:
        """What the file headers alone tell about the labels; None where the set has one class."""
        scores = [picture.scores for picture in self.pictures]
        return header_baseline(
            [picture.facts.header for picture in self.pictures],
            labels=[picture.label for picture in scores],
            sources=[picture.source for picture in scores],
            scores=[picture.score for picture in scores],
        )

    @cached_property
    def twins(self) -> Interval | None:
        """Share of forged pictures that score above their own pristine twin; None where there are no pairs."""
        paired = [(picture.facts.pair, picture.scores) for picture in self.pictures]
        return twin_order(
            [Twin(pair, scores.source, scores.label, scores.score) for pair, scores in paired if pair is not None]
        )

    @property
    def failures(self) -> Counter[str]:
        """How many maps failed, by reason."""
        return Counter(picture.facts.failure for picture in self.pictures if picture.facts.failure)

    @property
    def counts(self) -> dict[str, int]:
        """Pictures given, scored, forged, authentic, failed and excluded, and the sources they come from."""
        forged = sum(picture.scores.label for picture in self.pictures)
        return {
            "pictures": len(self.pictures) + len(self.excluded),
            "scored": len(self.pictures),
            "forged": forged,
            "authentic": len(self.pictures) - forged,
            "failed": self.failures.total(),
            "excluded": len(self.excluded),
            "sources": len({picture.scores.source for picture in self.pictures}),
        }


def evaluate(
    rows: Sequence[ManifestRow],
    maps: MapSource,
    protocol: Protocol,
    *,
    folder: Path | None = None,
    open_row: Callable[[ManifestRow], Subject] = open_subject,
    progress: Progress = lambda done, total: None,
) -> Evaluation:
    """Scores a set.

    Maps and masks are compared upright, at the picture's native size. Nothing is resized, repaired or replaced: a
    picture, mask or label that cannot be used is excluded with the reason, whatever is scored; a map that is missing
    or cannot be used has failed and stays in with F1 0 and AUC .5.

    Args:
        rows: The set.
        maps: Gives the map of each picture.
        protocol: How maps are scored; it is reset first.
        folder: What the names of the pictures are relative to; by default they are as the manifest has them.
        open_row: Opens a picture; robustness tests change it here, with its mask.
        progress: Called with the pictures done and the total after each.

    Raises:
        ForensicsError: The source of maps fails for a reason that is not the picture's.
    """
    protocol.reset()
    facts: list[Facts] = []
    excluded: list[Exclusion] = []
    for done, row in enumerate(rows, start=1):
        name = name_of(row.image, folder)
        try:
            subject = open_row(row)
        except (Excluded, UnreadableImage) as error:
            excluded.append(Exclusion(name, str(error)))
        else:
            result = _map_of(maps, subject)
            protocol.update(_picture(name, subject, result))
            facts.append(_facts(subject, result))
        progress(done, len(rows))
    scores = protocol.pictures()
    return Evaluation(
        protocol=protocol.name,
        definition=protocol.definition,
        source=maps.description,
        measures=protocol.compute() if scores else (),
        pictures=tuple(Scored(one, known) for one, known in zip(scores, facts, strict=True)),
        excluded=tuple(excluded),
        sources_named=any(source_of(row) for row in rows),
    )


def name_of(image: Path, folder: Path | None) -> str:
    """A picture's name in the results: its path from ``folder`` where it lies below, else its path."""
    if folder is not None and image.is_relative_to(folder):
        return image.relative_to(folder).as_posix()
    return image.as_posix()


def _map_of(maps: MapSource, subject: Subject) -> MapResult:
    """The map of a picture, without values where it cannot be used."""
    try:
        result = maps.map_of(subject.row, subject.evidence)
    except (BrokenSignal, UnreadableImage) as error:
        # The picture was decoded before: who cannot read it has failed, and the set stays the same for all.
        return MapResult(None, failure=str(error))
    if result.score is not None and not 0 <= result.score <= 1:
        return replace(result, values=None, score=None, failure=f"its score is {result.score:g}; a score is 0..1")
    failure = result.failure or _fault(result, *subject.shape)
    return result if failure is None else replace(result, values=None, failure=failure)


def _fault(result: MapResult, height: int, width: int) -> str | None:
    """What is wrong with a map; None if nothing is."""
    values = result.values
    if values is None:
        return "there is no map of it"
    if values.shape != (height, width):
        found = " x ".join(str(side) for side in reversed(values.shape))
        return f"its map is {found}, the upright picture {width} x {height}"
    if values.dtype != np.uint8 and not (values.min() >= 0 and values.max() <= 1):
        return "its map holds values that are not finite" if np.isnan(values.min()) else "its map leaves 0..1"
    return None


def _picture(name: str, subject: Subject, result: MapResult) -> Picture:
    height, width = subject.shape
    return Picture(
        image=name,
        source=source_of(subject.row) or name,
        label=subject.row.label,
        height=height,
        width=width,
        truth=subject.truth,
        values=result.values,
        valid=subject.decoded,
        score=result.score,
        mask_meaning=subject.mask_meaning,
    )


def _facts(subject: Subject, result: MapResult) -> Facts:
    evidence = subject.evidence
    return Facts(
        pair_of(subject.row),
        *subject.shape,
        sha256=evidence.sha256,
        failure=result.failure,
        signals=dict(result.signals),
        file=file_facts(evidence),
        confidences=_confidences(result),
        header=header_row(evidence),
    )


def _confidences(result: MapResult) -> dict[str, float]:
    if result.values is None:
        return {}
    scale = 255 if result.values.dtype == np.uint8 else 1
    return all_confidences(Answer(result.values.astype(np.float32) / scale, result.score, result.confidence))
