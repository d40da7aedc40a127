"""What all protocols share: a torchmetrics metric that keeps a few numbers a picture."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from math import isnan, nan
from typing import Any, ClassVar

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from forensics.evaluation.picture import MaskMeaning, Picture
from forensics.evaluation.protocols.blind import blind_columns
from forensics.evaluation.protocols.measure import Measure, PictureScores
from signals.errors import WrongUsage

_MEANINGS: tuple[MaskMeaning, ...] = ("altered", "both_ends")
# What every picture has before the quantities of its protocol.
_LEADING = ("index", "label", "mask_meaning", "failed", "score")


class Protocol(Metric):
    """How maps are scored; subclasses say what one picture measures and how a set is summed up.

    Streaming: a picture is measured when it comes, and only its numbers are kept. Distributed: each process scores
    its part; the numbers are gathered, put in the order of their index, and a picture that a sampler handed to two
    processes counts once.

    Attributes:
        name: Stands before every number.
        definition: What the numbers are, in words.
        quantities: Names of the numbers that one picture can measure.
        at_threshold: Those taken at a threshold, which are also measured for a centered disc and a map of ones.
        ranked: Those taken over all thresholds, also measured for the closeness to the center and a map of ones.
    """

    name: ClassVar[str]
    definition: ClassVar[str]
    quantities: ClassVar[tuple[str, ...]]
    at_threshold: ClassVar[tuple[str, ...]] = ()
    ranked: ClassVar[tuple[str, ...]] = ()

    is_differentiable = False
    full_state_update = True
    numbers: list[Tensor]
    texts: list[Tensor]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_state("numbers", [], dist_reduce_fx="cat")
        self.add_state("texts", [], dist_reduce_fx="cat")

    def update(self, picture: Picture, index: int | None = None) -> None:
        """Measures one picture.

        Args:
            picture: The picture.
            index: Its place in the set; None: the number of updates before it. Needed in several processes.
        """
        self._keep(picture, {**self.measure(picture), **self.measure_blind(picture)}, self._place(index))

    def compute(self) -> tuple[Measure, ...]:
        """The numbers of the set; what no picture supports is absent."""
        pictures = self._unpack()
        return self.summarize(pictures) if pictures else ()

    def pictures(self) -> tuple[PictureScores, ...]:
        """What each picture measured, in the order of the index; gathered from all processes."""
        with self.sync_context(dist_sync_fn=self.dist_sync_fn, should_sync=self._to_sync):
            return self._unpack()

    @abstractmethod
    def measure(self, picture: Picture) -> Mapping[str, float]:
        """What one picture measures, by names of ``quantities``; what it does not define is absent."""

    @abstractmethod
    def measure_blind(self, picture: Picture) -> Mapping[str, float]:
        """What maps measure that never look at the picture, by the names of ``blind_columns``."""

    @abstractmethod
    def summarize(self, pictures: Sequence[PictureScores]) -> tuple[Measure, ...]:
        """Sums a set up."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all numbers that are kept a picture, besides its label, score and the like."""
        return (*self.quantities, *blind_columns(self.at_threshold, self.ranked))

    @property
    def row_length(self) -> int:
        """Numbers kept a picture."""
        return len(_LEADING) + len(self.columns)

    def _place(self, index: int | None) -> int:
        return self._update_count - 1 if index is None else index

    def _keep(self, picture: Picture, values: Mapping[str, float], index: int) -> None:
        leading = (
            index,
            picture.label,
            _MEANINGS.index(picture.mask_meaning),
            picture.values is None,
            nan if picture.score is None else picture.score,
        )
        row = [*map(float, leading), *(values.get(name, nan) for name in self.columns)]
        self.numbers.append(torch.tensor(row, dtype=torch.float64, device=self.device))
        # Zero bytes part the texts: no file name holds one.
        text = f"{picture.image}\0{picture.source}\0".encode()
        self.texts.append(torch.frombuffer(bytearray(text), dtype=torch.uint8).to(self.device))

    def _unpack(self) -> tuple[PictureScores, ...]:
        if not len(self.numbers):
            return ()
        rows = dim_zero_cat(self.numbers).reshape(-1, self.row_length).tolist()
        texts = bytes(dim_zero_cat(self.texts).tolist()).decode().split("\0")
        by_index: dict[int, PictureScores] = {}
        for row, image, source in zip(rows, texts[:-1:2], texts[1::2], strict=True):
            found = self._scores(row, image, source)
            if by_index.setdefault(found.index, found).image != image:
                raise WrongUsage(f"{image}: has the index of {by_index[found.index].image}; give update(index=...)")
        return tuple(by_index[index] for index in sorted(by_index))

    def _scores(self, row: Sequence[float], image: str, source: str) -> PictureScores:
        index, label, meaning, failed, score = row[: len(_LEADING)]
        measured = zip(self.columns, row[len(_LEADING) :], strict=True)
        return PictureScores(
            index=int(index),
            image=image,
            source=source,
            label=int(label),
            mask_meaning=_MEANINGS[int(meaning)],
            failed=bool(failed),
            score=None if isnan(score) else score,
            values={name: value for name, value in measured if not isnan(value)},
        )

    def _sync_dist(self, *arguments: Any, **options: Any) -> None:
        # A process without pictures would offer empty tensors of another type, and the gathering would break.
        for name, dtype in (("numbers", torch.float64), ("texts", torch.uint8)):
            if not getattr(self, name):
                setattr(self, name, [torch.zeros(0, dtype=dtype, device=self.device)])
        super()._sync_dist(*arguments, **options)

    def _wrap_compute(self, compute: Callable[[], Any]) -> Callable[[], Any]:
        # torchmetrics looks for tensors inside what compute returns, and stops at frozen dataclasses.
        wrapped = super()._wrap_compute(lambda: _Hidden(compute()))
        return lambda: wrapped().content


class _Hidden:
    def __init__(self, content: Any) -> None:
        self.content = content
