"""A network over a picture of any size: tile by tile, blended, scored once."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from forensics.data.sample import SampleTensors, Window
from forensics.inference.contributions import Comparison, Contribution
from forensics.inference.tiles import Mosaic, TilePlan
from forensics.models.network import FusionNetwork

TILE_OVERLAP = 64
# Bounds the memory of a machine with very many cores.
TILES_AT_ONCE = 8
# A picture of 12 megapixels has a hundred tiles; to explain its score from all of them would triple its time.
EXPLAINED_TILES = 2

Result = TypeVar("Result")


@dataclass(frozen=True)
class Whole:
    """What a network says of a whole picture, on the padded patch grid.

    Attributes:
        map_logits: ``[1, H, W]``.
        score_logit: A scalar, of the decoded rows.
        similarities: ``[h, w]`` by stream name, see :meth:`FusionNetwork.similarities`.
        plan: How it was cut into tiles.
        ranked: The tiles that hold decoded rows, the one that looks most altered first.
        known_rows: Rows of patches that were decoded.
        confidence_logits: ``[1, H, W]``; None for networks without a confidence head.
    """

    map_logits: Tensor
    score_logit: Tensor
    similarities: Mapping[str, NDArray[np.float32]]
    plan: TilePlan
    ranked: tuple[Window, ...]
    known_rows: int
    confidence_logits: Tensor | None = None


@dataclass(frozen=True)
class Excerpt:
    """The tiles that a score is explained from: all of them where they lie, or the most suspicious ones side by side.

    Attributes:
        plan: How the excerpt is laid out.
        windows: The tiles of the picture.
        places: Where each of them lies in the excerpt.
        known_rows: Rows of patches of the excerpt that were decoded.
    """

    plan: TilePlan
    windows: tuple[Window, ...]
    places: tuple[Window, ...]
    known_rows: int

    @classmethod
    def of(cls, whole: Whole) -> Excerpt:
        """Of a picture of few tiles it is the whole picture."""
        windows = tuple(whole.plan.windows())
        if len(windows) <= EXPLAINED_TILES:
            return cls(whole.plan, windows, windows, whole.known_rows)
        patch = whole.plan.patch
        known = [min(window.height // patch, whole.known_rows - window.top // patch) for window in whole.ranked]
        best = [window for window, rows in zip(whole.ranked, known, strict=True) if rows == max(known)]
        chosen = tuple(best[:EXPLAINED_TILES])
        height, width = chosen[0].height, chosen[0].width
        places = tuple(Window(0, number * width, height, width) for number in range(len(chosen)))
        return cls(TilePlan(height, len(chosen) * width, patch, width, 0), chosen, places, max(known))


class TiledNetwork:
    """Runs a network on pictures of any size. Memory grows with the map, not with the network's activations.

    Args:
        model: The network, in evaluation mode, on ``device``.
        device: Where it runs.
    """

    def __init__(self, model: FusionNetwork, device: torch.device) -> None:
        self.model = model
        self._device = device

    def run(self, tensors: SampleTensors, decoded_rows: int) -> Whole:
        """All tiles of a picture, blended, and one score.

        Args:
            tensors: The picture.
            decoded_rows: Rows of pixels from the top that were decoded; the score is theirs.
        """
        model, patch = self.model, self.model.patch_size
        _, rows, columns = tensors.membership.shape
        overlap = min(TILE_OVERLAP, model.tile_size // 2)
        plan = TilePlan(rows * patch, columns * patch, patch, model.tile_size, overlap)
        known = max(1, decoded_rows // patch) if decoded_rows < len(tensors.sample.pixels) else rows
        mosaic, ranked = Mosaic(plan), []
        for window, grids in self._side_by_side(partial(self._see, tensors), plan.windows()):
            mosaic.add(window, grids)
            known_here = known - window.top // patch
            if known_here > 0:
                ranked.append((_suspicion(grids["map"][:, : known_here * patch], patch), window))
        whole = mosaic.result()
        similarities = whole.get("similarities", torch.empty(0, 0, 0)).numpy()
        ranked.sort(key=lambda item: item[0], reverse=True)
        return Whole(
            whole["map"],
            self._score(whole["tokens"], whole["map"], known),
            dict(zip(model.stream_names, similarities, strict=False)),
            plan,
            tuple(window for _, window in ranked),
            known,
            whole.get("confidence"),
        )

    def explain(
        self, tensors: SampleTensors, whole: Whole, score_point: Callable[[Collection[str]], float]
    ) -> tuple[Contribution, ...]:
        """What each stream adds to the score; of a picture of very many tiles, to that of the most suspicious ones.

        Args:
            tensors: The picture.
            whole: What :meth:`run` said of it.
            score_point: Logit that is shown as 0.5 where these streams are there.
        """
        model = self.model
        excerpt = Excerpt.of(whole)
        present = model.presence(tensors.window(excerpt.windows[0]))[0].tolist()
        comparison = Comparison.of(model, present)
        kept = {names: torch.tensor([name in names for name in model.stream_names]) for names in comparison.sets}

        def look(window: Window) -> dict[str, Tensor]:
            inputs = tensors.window(window).to(self._device)
            streams = model.encode(inputs, model.presence(inputs))
            grids: dict[str, Tensor] = {}
            for number, flags in enumerate(kept.values()):
                seen = model.decode(model.fuse(streams.only(flags.to(self._device))))
                grids |= {f"tokens {number}": seen.tokens[0].cpu(), f"map {number}": seen.map_logits[0].cpu()}
            return grids

        mosaic = Mosaic(excerpt.plan)
        for place, grids in zip(excerpt.places, self._side_by_side(look, excerpt.windows), strict=True):
            mosaic.add(place, grids)
        found = mosaic.result()
        scores = {}
        for number, names in enumerate(kept):
            logit = self._score(found[f"tokens {number}"], found[f"map {number}"], excerpt.known_rows)
            scores[names] = float(torch.sigmoid(logit - score_point(names)))
        return comparison.contributions(scores)

    def _score(self, tokens: Tensor, map_logits: Tensor, known_rows: int) -> Tensor:
        """The score logit, a scalar, of the decoded rows of tokens ``[D, h, w]`` and map logits ``[1, H, W]``."""
        decoded = tokens[None, :, :known_rows], map_logits[None, :, : known_rows * self.model.patch_size]
        return self.model.detect(*(part.to(self._device) for part in decoded))[0].cpu()

    def _see(self, tensors: SampleTensors, window: Window) -> tuple[Window, dict[str, Tensor]]:
        inputs = tensors.window(window).to(self._device)
        streams = self.model.encode(inputs, self.model.presence(inputs))
        fused = self.model.fuse(streams)
        seen = self.model.decode(fused)
        grids = {"tokens": seen.tokens, "map": seen.map_logits}
        similarities = self.model.similarities(streams, fused)
        if similarities is not None:
            grids["similarities"] = similarities
        if self.model.confidence is not None:
            grids["confidence"] = self.model.confidence(seen.tokens)
        return window, {name: grid[0].cpu() for name, grid in grids.items()}

    def _side_by_side(self, run: Callable[[Window], Result], windows: Iterable[Window]) -> Iterator[Result]:
        """What ``run`` says of each window, in order.

        On the CPU tiles run side by side, each in one thread: threads inside one small tile mostly wait for each
        other, and the values would depend on how many there are.
        """
        infer = torch.inference_mode()(run)
        if self._device.type != "cpu":
            yield from map(infer, windows)
            return
        with _one_thread_a_call(), ThreadPoolExecutor(min(os.cpu_count() or 1, TILES_AT_ONCE)) as pool:
            yield from pool.map(infer, windows)


def _suspicion(map_logits: Tensor, patch: int) -> float:
    """Mean logit of the twentieth of a tile's patches that look most altered."""
    patches = functional.avg_pool2d(map_logits, patch).flatten()
    return float(patches.topk(max(1, len(patches) // 20)).values.mean())


@contextmanager
def _one_thread_a_call() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
