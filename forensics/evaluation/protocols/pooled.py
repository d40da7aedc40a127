"""Curves over the pixels of all pictures together, in bounded memory: a histogram a class, never the pixels.

The same is kept for the closeness to the center, the prior of such a curve.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.utilities import dim_zero_cat

from forensics.evaluation.bootstrap import Interval
from forensics.evaluation.picture import Picture
from forensics.evaluation.protocols.blind import CLOSENESS, PRIORS, closeness_map
from forensics.evaluation.protocols.measure import Measure, PictureScores
from forensics.evaluation.protocols.protocol import Protocol
from forensics.evaluation.value_counts import ValueCounts
from signals.errors import WrongUsage

_GROUPS = ("authentic", "altered", "both_ends")
_MAPS = ("the map", CLOSENESS)

# From changed and unchanged pixels by level, ``[2, L]`` ascending, to an area; None where it is not defined.
AreaOf = Callable[[NDArray[np.int64]], float | None]


class PooledProtocol(Protocol):
    """A protocol that also counts the pixels of both classes by level.

    A sampler that fills up the last round hands some process, as its last picture, one that another process has as
    well. The histogram of the last picture is therefore kept apart until the processes are gathered, so that it can
    be left out where it is such a copy.

    Attributes:
        level_count: How many levels there are.
    """

    level_count: ClassVar[int]
    pool: Tensor
    last_pool: Tensor
    last_index: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        shape = (len(_GROUPS), len(_MAPS), 2, self.level_count)
        self.add_state("pool", torch.zeros(shape, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("last_pool", torch.zeros(shape, dtype=torch.int64), dist_reduce_fx=None)
        self.add_state("last_index", torch.tensor(-1), dist_reduce_fx=None)

    def update(self, picture: Picture, index: int | None = None) -> None:
        """Measures one picture and counts its pixels; see :meth:`Protocol.update`."""
        index = self._place(index)
        super().update(picture, index)
        self.pool += self.last_pool
        self.last_pool = torch.zeros_like(self.last_pool)
        group = _GROUPS.index(picture.mask_meaning if picture.label else "authentic")
        near = replace(picture, values=closeness_map(picture.height, picture.width))
        counts = np.stack([self.histogram(picture), self.histogram(near)])
        self.last_pool[group] = torch.from_numpy(counts).to(self.device)
        self.last_index = torch.tensor(index, device=self.device)

    @abstractmethod
    def levels(self, picture: Picture) -> tuple[NDArray[np.integer[Any]], NDArray[np.bool_]]:
        """Level and truth of every pixel that counts, both flat."""

    def histogram(self, picture: Picture) -> NDArray[np.int64]:
        """Changed and unchanged pixels of one picture by level, ``[2, level_count]``, ascending."""
        levels, truth = self.levels(picture)
        everything = np.bincount(levels, minlength=self.level_count)
        positives = np.bincount(levels[truth], minlength=self.level_count)
        return np.stack([positives, everything - positives])

    def area_measure(
        self, prefix: str, quantity: str, pictures: Sequence[PictureScores], area: AreaOf, note: str = ""
    ) -> Measure | None:
        """The area under a curve of all pixels; of these only the value is known, and so of its prior.

        Args:
            prefix: Of the set, as :func:`by_meaning` gives it: authentic pictures with those of one meaning.
            quantity: Name of the measure, after protocol and prefix.
            pictures: The set.
            area: The area.
            note: What a reader must know beside it.

        Raises:
            WrongUsage: A picture came twice in a way that cannot be undone.
        """
        ours, near = self._histograms(prefix)
        everything = np.zeros_like(near)
        everything[:, -1] = near.sum(1)
        value, prior = area(ours), area(near)
        if value is None or prior is None:
            return None
        told = f"prior: {PRIORS[CLOSENESS]}; without intervals"
        return Measure(
            f"{self.name}/{prefix}{quantity}",
            len(pictures),
            value,
            prior=Interval(prior, prior, prior, len(pictures)),
            all_one=area(everything),
            note=f"{note}; {told}" if note else told,
        )

    def _histograms(self, prefix: str) -> NDArray[np.int64]:
        """Of the maps and of the closeness, ``[2, 2, level_count]``."""
        pool = self.pool + sum(last for last in self._distinct_last())
        forged = "both_ends" if prefix.startswith("both_ends") else "altered"
        found: NDArray[np.int64] = (pool[0] + pool[_GROUPS.index(forged)]).cpu().numpy()
        return found

    def _distinct_last(self) -> list[Tensor]:
        """The last histogram of every process, less those of pictures that are counted elsewhere."""
        lasts = self.last_index.reshape(-1).tolist()
        seen = Counter(dim_zero_cat(self.numbers).reshape(-1, self.row_length)[:, 0].long().tolist())
        seen.subtract(index for index in lasts if index >= 0)
        if any(times > 1 for times in seen.values()):
            twice = next(index for index, times in seen.items() if times > 1)
            raise WrongUsage(f"picture {twice} was scored twice; only the last one of a process may be a copy")
        distinct = []
        for index, counts in zip(lasts, self.last_pool.reshape(-1, *self.pool.shape), strict=True):
            if index >= 0 and not seen[index]:
                distinct.append(counts)
                seen[index] += 1
        return distinct


def exact_auc(histogram: NDArray[np.int64]) -> float | None:
    """Exact AUC of changed and unchanged pixels by level, ``[2, L]`` ascending, ties half; None without both."""
    positives, negatives = histogram
    return ValueCounts(np.arange(len(positives)), positives, negatives).auc()
