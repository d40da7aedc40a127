"""Matched controls: what a detector reads, shown on pairs of pictures that differ in one thing alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forensics.data.forge.controls import CONTROL_KINDS, SIDE, ControlKind, draw_control, draw_innocent_plan
from forensics.data.forge.forger import ForgedPicture, Renderer
from forensics.data.forge.innocent.processing import list_innocents
from forensics.data.manifest import ManifestRow
from forensics.data.photos import PhotoPool
from forensics.evaluation.bootstrap import Interval, auc_interval, mean_interval, paired_difference
from forensics.evaluation.maps import MapResult, MapSource
from forensics.evaluation.metrics import THRESHOLD, marks, roc_auc
from forensics.evaluation.prior import closeness
from signals import Evidence
from signals.errors import BrokenSignal, UnreadableImage, WrongUsage

NULL_TOLERANCE = 0.03
FEWEST_PAIRS = 50
UNTOUCHED = "untouched"
LIKE_UNTOUCHED = "enhance"  # any kind that keeps the size: of a number, all kinds have one picture
_NORMAL_95 = 1.959964

Progress = Callable[[], None]


@dataclass(frozen=True)
class ControlScores:
    """What one pair measured.

    Attributes:
        source: The host photo.
        auc: Pixel AUC of the edited picture's map against the replaced region.
        prior_auc: The same of the closeness to the center.
        over_twin: The same of the edited picture's map less its twin's: what the edit itself changed; 0.5 where both
            maps are equal.
        edited: Score of the edited picture, 0..1; None without one.
        twin: Score of the twin.
        failed: Whether one of the two has no map.
    """

    source: str
    auc: float
    prior_auc: float
    over_twin: float
    edited: float | None
    twin: float | None
    failed: bool = False


@dataclass(frozen=True)
class Control:
    """One kind of control, over all its pairs.

    Attributes:
        kind: ``null_edit``, ``trace_only`` or ``content_only``.
        n: Pairs.
        failed: Pairs in which a map failed; they count as AUC .5.
        auc: Pixel AUC, mean with its 95 % interval over host photos.
        prior: Of the content-free prior.
        gain: The first less the second, paired.
        over_twin: Of the map less the twin's.
        score_auc: How well the score tells edited pictures from their twins; None without scores.
        rule: What must hold; None where nothing must.
        holds: Whether it does; None where nothing must, or too few pairs with maps leave it open.
    """

    kind: str
    n: int
    failed: int
    auc: Interval
    prior: Interval
    gain: Interval
    over_twin: Interval
    score_auc: Interval | None
    rule: str | None
    holds: bool | None


@dataclass(frozen=True)
class InnocentRate:
    """How often one kind of ordinary processing is called manipulation.

    Attributes:
        kind: What was done, or ``untouched``.
        n: Pictures with a score.
        called: Of them, how many have a score of 0.5 and above.
        low: Lower end of the 95 % interval of that share (Wilson 1927).
        high: Upper end.
        marked: Mean share of the pixels that the map marks.
    """

    kind: str
    n: int
    called: int
    low: float
    high: float
    marked: float


@dataclass(frozen=True)
class ControlReport:
    """All controls of one source of maps.

    Attributes:
        source: What was measured.
        seed: Of the pictures.
        photos: sha256 over the photos they were made from.
        controls: One for each kind.
        innocents: One for each kind, ``untouched`` first; empty for a source without scores.
    """

    source: dict[str, Any]
    seed: int
    photos: str
    controls: tuple[Control, ...]
    innocents: tuple[InnocentRate, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, schema ``controls/1``."""
        return {"schema": "controls/1", **asdict(self)}


@dataclass(frozen=True)
class ControlPictures:
    """Makes the files of the controls.

    Attributes:
        photos: Pristine photos of two cameras or more, that the model was not trained on.
        seed: Same seed, same files.
        side: Of the pictures, in pixels.
    """

    photos: PhotoPool
    seed: int = 0
    side: int = SIDE

    def pair(self, kind: ControlKind, number: int) -> tuple[ForgedPicture, ForgedPicture]:
        """An edited picture and its twin."""
        plan = draw_control(kind, self.photos.photos, self.seed, number, self.side)
        renderer = Renderer(self.photos)
        return renderer.render(plan.edited), renderer.render(plan.twin)

    def innocent(self, kind: str, number: int) -> tuple[bytes, str]:
        """The bytes and the extension of a picture processed as a whole; of a number, the same picture each time."""
        plan = draw_innocent_plan(
            LIKE_UNTOUCHED if kind == UNTOUCHED else kind, self.photos.photos, self.seed, number, self.side
        )
        pixels = Renderer(self.photos).source(plan.twin.host)
        pixels = pixels if kind == UNTOUCHED else plan.step.apply(pixels)
        data, extension, _ = plan.twin.chain.encode(pixels, np.zeros(pixels.shape[:2], bool))
        return data, extension


def run_controls(
    maps: MapSource, pictures: ControlPictures, pairs: int, progress: Progress = lambda: None
) -> ControlReport:
    """Measures a source of maps on the controls.

    Args:
        maps: A checkpoint or a signal; it sees nothing but the files.
        pictures: Makes them.
        pairs: Of each kind of control, and pictures of each kind of innocent processing.
        progress: Called after each pair.

    Raises:
        WrongUsage: The photos do not suffice.
    """
    controls = []
    for kind in CONTROL_KINDS:
        found = []
        for number in range(pairs):
            found.append(score_pair(maps, *pictures.pair(kind, number)))
            progress()
        controls.append(summarize_control(kind, found))
    innocents = []
    for name in (UNTOUCHED, *list_innocents()):
        results = []
        for number in range(pairs):
            data, extension = pictures.innocent(name, number)
            results.append(_map_of(maps, data, f"{name}-{number}.{extension}", 0))
            progress()
        innocents.append(summarize_innocents(name, results))
    scored = tuple(rate for rate in innocents if rate.n)
    return ControlReport(dict(maps.description), pictures.seed, pictures.photos.data_hash, tuple(controls), scored)


def score_pair(maps: MapSource, edited: ForgedPicture, twin: ForgedPicture) -> ControlScores:
    """What one pair measures."""
    found, other = (
        _map_of(maps, picture.data, f"{picture.history['index']}.{picture.extension}", picture.label)
        for picture in (edited, twin)
    )
    prior = _auc(closeness(*edited.mask.shape), edited.mask)
    own = over_twin = 0.5
    failed = found.values is None or other.values is None
    if found.values is not None and other.values is not None:
        own = _auc(found.values, edited.mask)
        over_twin = _auc(found.values.astype(np.float32) - other.values.astype(np.float32), edited.mask)
    source = str(edited.history["host"]["photo"])
    return ControlScores(source, own, prior, over_twin, found.score, other.score, failed)


def summarize_control(kind: ControlKind, pairs: Sequence[ControlScores]) -> Control:
    """Sums up the pairs of one kind and applies its rule."""
    sources = [pair.source for pair in pairs]
    auc, prior = [pair.auc for pair in pairs], [pair.prior_auc for pair in pairs]
    intervals = (
        mean_interval(auc, sources),
        mean_interval(prior, sources),
        paired_difference(auc, prior, sources),
        mean_interval([pair.over_twin for pair in pairs], sources),
    )
    if any(interval is None for interval in intervals):
        raise WrongUsage(f"control {kind}: no pair was made; ask for at least one")
    own, blind, gain, over_twin = (interval for interval in intervals if interval is not None)
    score_auc = _score_auc(pairs)
    failed = sum(pair.failed for pair in pairs)
    rule, holds = _judge(kind, gain, [interval for interval in (over_twin, score_auc) if interval])
    if len(pairs) - failed < FEWEST_PAIRS:
        holds = None
    return Control(kind, len(pairs), failed, own, blind, gain, over_twin, score_auc, rule, holds)


def summarize_innocents(kind: str, results: Sequence[MapResult]) -> InnocentRate:
    """Counts how many of the pictures of a kind are called manipulated."""
    scores = [result.score for result in results if result.score is not None]
    called = sum(score >= THRESHOLD for score in scores)
    low, high = wilson_interval(called, len(scores))
    return InnocentRate(kind, len(scores), called, low, high, float(np.mean([_marked(result) for result in results])))


def _judge(kind: ControlKind, gain: Interval, told: Sequence[Interval]) -> tuple[str | None, bool | None]:
    """The rule of a control and whether it holds."""
    if kind == "content_only":
        return "pixel AUC not shown to beat the prior", gain.low <= 0
    if kind == "trace_only":
        return None, None
    rule = f"over the twin and score AUC within 0.50 +- {NULL_TOLERANCE:.2f}"
    if all(abs(interval.mean - 0.5) <= NULL_TOLERANCE for interval in told):
        return rule, True
    near = all(interval.low <= 0.5 + NULL_TOLERANCE and interval.high >= 0.5 - NULL_TOLERANCE for interval in told)
    return rule, None if near else False


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, Probable inference, JASA 1927).

    >>> low, high = wilson_interval(0, 20)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.161)
    """
    if not n:
        return 0.0, 1.0
    share, square = hits / n, _NORMAL_95**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _NORMAL_95 / (1 + square / n) * float(np.sqrt(share * (1 - share) / n + square / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _auc(values: Any, mask: Any) -> float:
    found = roc_auc(values, mask)
    return 0.5 if found is None else found


def _map_of(maps: MapSource, data: bytes, name: str, label: int) -> MapResult:
    try:
        return maps.map_of(ManifestRow(Path(name), None, label), Evidence.open(data, name=name))
    except (BrokenSignal, UnreadableImage) as error:
        return MapResult(None, failure=str(error))


def _score_auc(pairs: Sequence[ControlScores]) -> Interval | None:
    scored = [pair for pair in pairs if pair.edited is not None and pair.twin is not None]
    scores = np.array([(pair.edited, pair.twin) for pair in scored], np.float64).ravel()
    return auc_interval(scores, [1, 0] * len(scored), [pair.source for pair in scored for _ in range(2)])


def _marked(result: MapResult) -> float:
    return float(marks(result.values).mean()) if result.values is not None else 0.0
