"""Two checkpoints on the same pictures, side by side, with the interval of their difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from forensics.data.training_data import DevelopmentPicture
from forensics.evaluation.bootstrap import RESAMPLES, Interval, paired_difference
from forensics.evaluation.maps import MapResult
from forensics.evaluation.metrics import roc_auc
from forensics.evaluation.prior import DISC_RADII
from forensics.evaluation.protocols import PictureScores, Protocol
from forensics.evaluation.report import spelled
from forensics.inference import Predictor
from signals import Evidence

# What is shown as 0.001.
SMALLEST_SHOWN = 0.0005

Verdict = Literal["better", "worse", "not shown to be better"]


@dataclass(frozen=True)
class Compared:
    """One quantity of both checkpoints.

    Attributes:
        name: ``protocol/quantity``.
        old: Of the old checkpoint.
        new: Of the new one.
        difference: New less old with its 95 % interval, paired by picture.
        prior: Of somebody who never looks at the picture, where that says anything.
    """

    name: str
    old: float
    new: float
    difference: Interval
    prior: float | None = None

    @property
    def verdict(self) -> Verdict:
        """Better or worse only where the interval leaves zero out, in the three digits that are shown."""
        if self.difference.low >= SMALLEST_SHOWN:
            return "better"
        return "worse" if self.difference.high <= -SMALLEST_SHOWN else "not shown to be better"

    def to_json(self) -> dict[str, Any]:
        """The fields and the verdict as plain values."""
        return {**asdict(self), "verdict": self.verdict}


@dataclass(frozen=True)
class Pair:
    """What both checkpoints scored on one picture.

    Attributes:
        old: Of the old checkpoint.
        new: Of the new one.
        readable: Names of the signals that the new one could read.
    """

    old: PictureScores
    new: PictureScores
    readable: frozenset[str]


def score_both(
    old: Predictor, new: Predictor, pictures: Iterable[DevelopmentPicture], protocol: Protocol
) -> list[Pair]:
    """Scores both checkpoints on the same pictures, in stored orientation."""
    pairs = []
    for number, picture in enumerate(pictures):
        found = [predictor.predict(picture.evidence) for predictor in (old, new)]
        valid = _decoded(picture.evidence)
        truth = picture.truth if picture.truth.any() else None
        scores = [
            protocol.measure(str(number), truth, MapResult(prediction.map, prediction.score), valid)
            for prediction in found
        ]
        readable = frozenset(signal.spec.name for signal in found[1].signals if signal.usable)
        pairs.append(Pair(scores[0], scores[1], readable))
    return pairs


def compare(pairs: Sequence[Pair], protocol: Protocol) -> tuple[Compared, ...]:
    """Pixel AUC, pixel F1 and score AUC of both; what no picture supports is absent."""
    found = (
        _of_pictures(f"{protocol.name}/pixel_auc", pairs, lambda scores: scores.auc, _prior_auc),
        _of_pictures(f"{protocol.name}/pixel_f1@0.5", pairs, lambda scores: scores.f1, _prior_f1),
        _score_auc(f"{protocol.name}/score_auc", pairs),
    )
    return tuple(compared for compared in found if compared is not None)


def comparison_table(rows: Sequence[Compared], title: str) -> Table:
    """One quantity a row; fits 80 columns."""
    rendered = Table(title=Text(title), box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    rendered.add_column("measure", no_wrap=True)
    for name in ("prior", "old", "new", "new - old"):
        rendered.add_column(name, justify="right", no_wrap=True)
    rendered.add_column("the new one is")
    for row in rows:
        prior = "-" if row.prior is None else f"{row.prior:.3f}"
        # As plain text: rich would take the brackets of an interval for markup.
        difference = Text(spelled(row.difference, signed=True).replace(" ", "\n", 1))
        rendered.add_row(row.name, prior, f"{row.old:.3f}", f"{row.new:.3f}", difference, row.verdict)
    return rendered


def comparison_markdown(rows: Sequence[Compared]) -> str:
    """The same for a model card."""
    lines = ["| measure | prior | old | new | new - old | the new one is |", "|---|---|---|---|---|---|"]
    for row in rows:
        prior = "-" if row.prior is None else f"{row.prior:.3f}"
        difference = spelled(row.difference, signed=True)
        lines.append(f"| {row.name} | {prior} | {row.old:.3f} | {row.new:.3f} | {difference} | {row.verdict} |")
    return "\n".join(lines) + "\n"


def _of_pictures(
    name: str,
    pairs: Sequence[Pair],
    quantity: Callable[[PictureScores], float | None],
    prior: Callable[[Sequence[PictureScores]], float],
) -> Compared | None:
    measured = [(quantity(pair.old), quantity(pair.new), pair.old) for pair in pairs]
    known = [(before, after, scores) for before, after, scores in measured if before is not None and after is not None]
    if not known:
        return None
    old, new = [before for before, _, _ in known], [after for _, after, _ in known]
    difference = paired_difference(new, old)
    assert difference is not None
    by_chance = prior([scores for _, _, scores in known])
    return Compared(name, float(np.mean(old)), float(np.mean(new)), difference, by_chance)


def _prior_auc(pictures: Sequence[PictureScores]) -> float:
    return float(np.mean([picture.prior_auc for picture in pictures if picture.prior_auc is not None]))


def _prior_f1(pictures: Sequence[PictureScores]) -> float:
    discs = [picture.prior_f1 or (0.0,) * len(DISC_RADII) for picture in pictures]
    return float(np.mean(discs, axis=0).max())


def _score_auc(name: str, pairs: Sequence[Pair]) -> Compared | None:
    labels = np.array([pair.old.label == 1 for pair in pairs], bool)
    old, new = (
        np.array([scores.score for scores in side])
        for side in ([pair.old for pair in pairs], [pair.new for pair in pairs])
    )
    values = [roc_auc(scores, labels) for scores in (old, new)]
    if values[0] is None or values[1] is None:
        return None
    low, high = _auc_difference(old, new, labels)
    return Compared(name, values[0], values[1], Interval(values[1] - values[0], low, high, len(pairs)))


def _auc_difference(old: NDArray[Any], new: NDArray[Any], labels: NDArray[np.bool_]) -> tuple[float, float]:
    """95 % interval of the difference of two AUCs: forged and authentic pictures are drawn anew, each class by itself.

    The same pictures are drawn for both, so that it is paired.
    """
    generator = np.random.default_rng(0)
    forged, authentic = labels.nonzero()[0], (~labels).nonzero()[0]
    truth = np.repeat([True, False], [len(forged), len(authentic)])
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([generator.choice(forged, len(forged)), generator.choice(authentic, len(authentic))])
        before, after = roc_auc(old[rows], truth), roc_auc(new[rows], truth)
        assert before is not None
        assert after is not None
        drawn.append(after - before)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(low), float(high)


def _decoded(evidence: Evidence) -> NDArray[np.bool_] | None:
    if evidence.decoded_rows >= evidence.height:
        return None
    rows = np.arange(evidence.height)[:, None] < evidence.decoded_rows
    return np.broadcast_to(rows, (evidence.height, evidence.width))
