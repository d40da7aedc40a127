"""Measures of a set from what its pictures measured, each with the interval of its sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.bootstrap import (
    Statistic,
    mean_interval,
    statistic_interval,
    weighted_auc,
)
from forensics.evaluation.confusion import Confusion
from forensics.evaluation.protocols.blind import ALL_ONE, DISCS, PRIORS
from forensics.evaluation.protocols.measure import Measure, PictureScores

COUNTS = ("tp", "fp", "fn", "tn")


def present(measures: Iterable[Measure | None]) -> tuple[Measure, ...]:
    """Those that the set supports."""
    return tuple(measure for measure in measures if measure is not None)


def by_meaning(pictures: Sequence[PictureScores]) -> Iterator[tuple[str, tuple[PictureScores, ...]]]:
    """The sets that may be averaged: masks that mark both ends of a copy stand apart from those that mark the change.

    Yields:
        What stands before the names of the measures, and the forged pictures of one meaning with all authentic ones.
    """
    authentic = tuple(picture for picture in pictures if picture.label == 0)
    both_ends = tuple(picture for picture in pictures if picture.label == 1 and picture.mask_meaning == "both_ends")
    altered = tuple(picture for picture in pictures if picture.label == 1 and picture.mask_meaning == "altered")
    if altered or not both_ends:
        yield "", (*altered, *authentic)
    if both_ends:
        yield "both_ends/", (*both_ends, *authentic)


def column(pictures: Sequence[PictureScores], quantity: str) -> NDArray[np.float64]:
    """One quantity of pictures that all define it."""
    return np.array([picture.values[quantity] for picture in pictures], np.float64)


def sources(pictures: Sequence[PictureScores]) -> list[str]:
    """What the pictures were made from."""
    return [picture.source for picture in pictures]


def mean_measure(name: str, pictures: Sequence[PictureScores], quantity: str, note: str = "") -> Measure | None:
    """The mean of a quantity over the pictures that define it, beside that of blind maps where they were measured."""
    defined = [picture for picture in pictures if quantity in picture.values]
    interval = mean_interval(column(defined, quantity), sources(defined))
    if interval is None:
        return None
    measure = Measure(name, interval.n, interval.mean, interval, note=note)
    return beside_blind(measure, defined, mean_of(column(defined, quantity)), blind_means(defined, quantity))


def mean_of(values: NDArray[np.float64]) -> Statistic:
    """The mean as a statistic of weights."""
    return lambda weights: np.asarray(weights @ values / weights.sum(1))


def blind_means(pictures: Sequence[PictureScores], quantity: str) -> Mapping[str, Statistic]:
    """The means of the blind maps that measured the quantity; what one does not define counts as 0."""
    return {
        name: mean_of(np.array([picture.values.get(f"{name}/{quantity}", 0.0) for picture in pictures]))
        for name in (*PRIORS, ALL_ONE)
        if any(f"{name}/{quantity}" in picture.values for picture in pictures)
    }


def forged_and_all(
    protocol: str, pictures: Sequence[PictureScores], quantities: Iterable[str], undefined: str
) -> tuple[Measure, ...]:
    """Means over forged pictures and, under ``all/``, over authentic ones as well, where there are any.

    Peers print the one or the other, as the user feeds them: the two differ by the share of authentic pictures.

    Args:
        protocol: Stands before the names.
        pictures: The set.
        quantities: What is averaged.
        undefined: Why a picture may not define a quantity; the notes count those.
    """
    measures = []
    for prefix, group in by_meaning(pictures):
        forged = [picture for picture in group if picture.label == 1]
        sets = [(prefix, forged)] if len(forged) == len(group) else [(prefix, forged), (f"{prefix}all/", group)]
        for start, chosen in sets:
            for quantity in quantities:
                left_out = sum(quantity not in picture.values for picture in chosen)
                note = f"{left_out} of {len(chosen)} left out: {undefined}" if left_out else ""
                measures.append(mean_measure(f"{protocol}/{start}{quantity}", chosen, quantity, note))
    return present(measures)


def counts_of(pictures: Sequence[PictureScores], prefix: str = "") -> NDArray[np.float64]:
    """Confusion counts of every picture, ``[n, 4]``."""
    rows = [[picture.values[f"{prefix}{name}"] for name in COUNTS] for picture in pictures]
    return np.array(rows, np.float64).reshape(-1, len(COUNTS))


def counts_columns(counts: Confusion, prefix: str = "") -> dict[str, float]:
    """The counts of one picture under the names that :func:`counts_of` reads."""
    return {f"{prefix}{name}": float(getattr(counts, name)) for name in COUNTS}


def score_counts(pictures: Sequence[PictureScores]) -> NDArray[np.float64]:
    """Every picture as one count, ``[n, 4]``: called forged where the score is above 0.5; no score counts as 0."""
    scores, labels = scores_and_labels(pictures)
    called = scores > 0.5
    return np.stack([called & labels, called & ~labels, ~called & labels, ~called & ~labels], 1).astype(np.float64)


def scores_and_labels(pictures: Sequence[PictureScores]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores, 0 where there is none, and whether the pictures are forged."""
    scores = np.array([picture.score or 0.0 for picture in pictures], np.float64)
    return scores, np.array([picture.label == 1 for picture in pictures], bool)


def statistic_measure(
    name: str, pictures: Sequence[PictureScores], statistic: Statistic, note: str = ""
) -> Measure | None:
    """Any statistic of the pictures; None where they do not define it."""
    interval = statistic_interval(statistic, len(pictures), sources(pictures))
    return None if interval is None else Measure(name, len(pictures), interval.mean, interval, note=note)


def score_auc_measure(name: str, pictures: Sequence[PictureScores], note: str = "") -> Measure | None:
    """Exact AUC of the scores of pictures, ties half; None where a class is missing."""
    return statistic_measure(name, pictures, weighted_auc(*scores_and_labels(pictures)), note)


def pooled_measure(
    name: str,
    pictures: Sequence[PictureScores],
    counts: NDArray[np.float64],
    formula: Callable[[Confusion], float],
    note: str = "",
    blind_counts: Mapping[str, NDArray[np.float64]] = MappingProxyType({}),
) -> Measure | None:
    """One number of the counts of all pictures together; its interval draws sources anew. None where it is NaN.

    Args:
        name: Of the measure.
        pictures: The set.
        counts: Confusion counts of every picture, ``[n, 4]``.
        formula: From the summed counts to the number.
        note: What a reader must know beside it.
        blind_counts: The same of blind maps, by their names.
    """
    ours = _pooled_of(counts, formula)
    measure = statistic_measure(name, pictures, ours, note)
    if measure is None:
        return None
    blind = {name: _pooled_of(theirs, formula) for name, theirs in blind_counts.items()}
    return beside_blind(measure, pictures, ours, blind)


def blind_counts_of(pictures: Sequence[PictureScores]) -> Mapping[str, NDArray[np.float64]]:
    """Confusion counts of the discs and of the map of ones, by their names."""
    return {name: counts_of(pictures, f"{name}/") for name in (*DISCS, ALL_ONE)}


def beside_blind(
    measure: Measure, pictures: Sequence[PictureScores], ours: Statistic, blind: Mapping[str, Statistic]
) -> Measure:
    """A measure with its prior, its gain over it, paired in every resample, its skill, and what a map of ones scores.

    Of several discs one radius serves the whole set; it is the best on these very pictures, so that the prior is
    favored.
    """
    one = np.ones((1, len(pictures)))
    priors = {name: float(blind[name](one)[0]) for name in PRIORS if name in blind}
    if not priors:
        return measure
    best = max(priors, key=lambda name: priors[name])
    prior, told = blind[best], f"prior: {PRIORS[best]}"

    def skill(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        by_chance = prior(weights)
        room = 1 - by_chance
        found = np.full(len(room), np.nan)
        return np.asarray(np.divide(ours(weights) - by_chance, room, out=found, where=room > 1e-12))

    n, groups = len(pictures), sources(pictures)
    return replace(
        measure,
        prior=statistic_interval(prior, n, groups),
        gain=statistic_interval(lambda weights: ours(weights) - prior(weights), n, groups),
        skill=statistic_interval(skill, n, groups),
        all_one=float(blind[ALL_ONE](one)[0]) if ALL_ONE in blind else None,
        note=f"{measure.note}; {told}" if measure.note else told,
    )


def _pooled_of(counts: NDArray[np.float64], formula: Callable[[Confusion], float]) -> Statistic:
    # Value, gain and skill draw the same resamples, and small sets the same few again and again.
    @cache
    def number(*summed: float) -> float:
        return formula(Confusion(*summed))

    return lambda weights: np.array([number(*row) for row in (weights @ counts).tolist()])
