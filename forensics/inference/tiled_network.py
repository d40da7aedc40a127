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
from forensics.inference.contributions import Contribution, Seen, contributions, look, sets_of_streams
from forensics.inference.tiles import Mosaic, TilePlan
from forensics.models.network import FusionNetwork

TILE_OVERLAP = 64
# Bounds the memory of a machine with very many cores.
TILES_AT_ONCE = 8
# A picture of 12 megapixels has a hundred tiles; to explain its score from all of them would triple its time.
EXPLAINED_TILES = 6

Result = TypeVar("Result")


@dataclass(frozen=True)
class Whole:
    """What a network says of a whole picture, on the padded patch grid.

    Attributes:
        map_logits: ``[1, H, W]``.
        score_logit: A scalar, of the decoded rows.
        similarities: ``[h, w]`` by stream name, see :meth:`FusionNetwork.similarities`.
        windows: The tiles that hold decoded rows, the one that looks most altered first.
        known_rows: Rows of patches that were decoded.
        confidence_logits: ``[1, H, W]``; None for networks without a confidence head.
    """

    map_logits: Tensor
    score_logit: Tensor
    similarities: Mapping[str, NDArray[np.float32]]
    windows: tuple[Window, ...]
    known_rows: int
    confidence_logits: Tensor | None = None


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
        decoded = whole["tokens"][None, :, :known], whole["map"][None, :, : known * patch]
        score = model.detect(*(part.to(self._device) for part in decoded))
        similarities = whole.get("similarities", torch.empty(0, 0, 0)).numpy()
        ranked.sort(key=lambda item: item[0], reverse=True)
        return Whole(
            whole["map"],
            score[0].cpu(),
            dict(zip(model.stream_names, similarities, strict=False)),
            tuple(window for _, window in ranked),
            known,
            whole.get("confidence"),
        )

    def explain(
        self, tensors: SampleTensors, whole: Whole, score_point: Callable[[Collection[str]], float]
    ) -> tuple[Contribution, ...]:
        """What each stream adds to the score, from the tiles that look most altered.

        Args:
            tensors: The picture.
            whole: What :meth:`run` said of it.
            score_point: Logit that is shown as 0.5 where these streams are there.
        """
        model, windows = self.model, whole.windows[:EXPLAINED_TILES]
        present = model.presence(tensors.window(windows[0]))[0].tolist()
        names, kept = sets_of_streams(model, present)

        def look_at(window: Window) -> list[Seen]:
            known_rows = whole.known_rows - window.top // model.patch_size
            return look(model, tensors.window(window).to(self._device), known_rows, kept)

        return contributions(model, names, kept, list(self._side_by_side(look_at, windows)), score_point)

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
