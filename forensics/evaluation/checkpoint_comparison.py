"""Two checkpoints on the same pictures, side by side, with the interval of their difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from forensics.data.training_data import DevelopmentPicture
from forensics.evaluation.paired import Compared, compare_means, compare_score_auc
from forensics.evaluation.picture import Picture
from forensics.evaluation.protocols import PictureScores, get_protocol
from forensics.evaluation.protocols.blind import CLOSENESS, DISCS
from forensics.evaluation.report import spelled
from forensics.inference import Predictor
from forensics.inference.prediction import Prediction

PROTOCOL = "tracefuse"


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


def score_both(old: Predictor, new: Predictor, pictures: Iterable[DevelopmentPicture]) -> list[Pair]:
    """Scores both checkpoints on the same pictures, in stored orientation."""
    protocols = get_protocol(PROTOCOL), get_protocol(PROTOCOL)
    readable = []
    for number, picture in enumerate(pictures):
        for predictor, protocol in zip((old, new), protocols, strict=True):
            prediction = predictor.predict(picture.evidence)
            protocol.update(_scored(str(number), picture, prediction))
        readable.append(frozenset(signal.spec.name for signal in prediction.signals if signal.usable))
    before, after = (protocol.pictures() for protocol in protocols)
    return [Pair(*found) for found in zip(before, after, readable, strict=True)]


def compare_checkpoints(pairs: Sequence[Pair]) -> tuple[Compared, ...]:
    """Pixel AUC, pixel F1 and score AUC of both; what no picture supports is absent."""
    found = (
        _of_pictures("pixel_auc", pairs, [CLOSENESS]),
        _of_pictures("pixel_f1@0.5", pairs, DISCS),
        compare_score_auc(f"{PROTOCOL}/score_auc", [(pair.old, pair.new) for pair in pairs]),
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
        rendered.add_row(row.name, prior, f"{row.first:.3f}", f"{row.second:.3f}", difference, row.verdict)
    return rendered


def comparison_markdown(rows: Sequence[Compared]) -> str:
    """The same for a model card."""
    lines = ["| measure | prior | old | new | new - old | the new one is |", "|---|---|---|---|---|---|"]
    for row in rows:
        prior = "-" if row.prior is None else f"{row.prior:.3f}"
        difference = spelled(row.difference, signed=True)
        lines.append(f"| {row.name} | {prior} | {row.first:.3f} | {row.second:.3f} | {difference} | {row.verdict} |")
    return "\n".join(lines) + "\n"


def _scored(name: str, picture: DevelopmentPicture, prediction: Prediction) -> Picture:
    forged = bool(picture.truth.any())
    height, width = picture.truth.shape
    return Picture(
        image=name,
        source=name,
        label=int(forged),
        height=height,
        width=width,
        truth=picture.truth if forged else None,
        values=prediction.map,
        valid=None if prediction.valid.all() else prediction.valid,
        score=prediction.score,
    )


def _of_pictures(quantity: str, pairs: Sequence[Pair], priors: Iterable[str]) -> Compared | None:
    """One quantity of the pictures that define it; of several priors the best on these very pictures."""
    known = [(pair.old, pair.new) for pair in pairs if quantity in pair.old.values]
    if not known:
        return None
    by_chance = max(float(np.mean([old.values[f"{prior}/{quantity}"] for old, _ in known])) for prior in priors)
    return compare_means(f"{PROTOCOL}/{quantity}", quantity, known, by_chance)
