"""Evidence in, Prediction out: signals, objects, tiles, one score for the whole picture."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from forensics.data.sample import Sample, SampleTensors, Window
from forensics.inference.prediction import Prediction
from forensics.inference.tiles import Blend, TilePlan
from forensics.models.checkpoint import Checkpoint, find_checkpoint
from forensics.models.network import FusionNetwork
from forensics.objects import ObjectSegmenter, RegionMerging
from signals import Evidence, get_signal
from signals.errors import WrongUsage
from signals.extraction import extract

TILE_OVERLAP = 64
# Bounds the memory of a machine with very many cores.
TILES_AT_ONCE = 8


class Predictor:
    """Runs one checkpoint on whole pictures of any size.

    Args:
        checkpoint: Where the network comes from.
        model: The network, in evaluation mode, on ``device``.
        segmenter: Finds the objects.
        device: Where the network runs; the signals are read on the CPU.
    """

    def __init__(
        self, checkpoint: Checkpoint, model: FusionNetwork, segmenter: ObjectSegmenter, device: torch.device
    ) -> None:
        self.checkpoint = checkpoint
        self._model = model
        self._segmenter = segmenter
        self._device = device
        self._signals = tuple(get_signal(name) for name in model.signal_names)

    @classmethod
    def load(cls, checkpoint: str | Path = "default", device: str = "auto") -> Predictor:
        """Loads a shipped checkpoint by name, or any by its folder.

        Args:
            checkpoint: Name or folder.
            device: ``cpu``, ``cuda`` or ``auto`` (CUDA if there is one).

        Raises:
            CheckpointMissing: There is no such checkpoint.
            CheckpointMismatch: It does not fit this version.
            WrongUsage: The device is unknown or not there.
        """
        place = _device(device)
        found = find_checkpoint(checkpoint)
        return cls(found, found.build().to(place), RegionMerging(), place)

    @torch.inference_mode()
    def predict(self, evidence: Evidence) -> Prediction:
        """Analyzes one picture. Memory grows with its map, not with the network's activations."""
        seconds: dict[str, float] = {}
        with _timed(seconds, "decode"):
            pixels = evidence.pixels
        with _timed(seconds, "signals"):
            maps = tuple(extract(signal, evidence) for signal in self._signals)
        with _timed(seconds, "objects"):
            objects = self._segmenter.segment(pixels)
        with _timed(seconds, "network"):
            sample = Sample(pixels, maps, objects)
            map_logits, score_logit = self._run(sample, evidence.decoded_rows)
            height, width = pixels.shape[:2]
            point = self.checkpoint.operating_point
            shown = torch.sigmoid(map_logits[0, :height, :width] - point.map_logit)
            score = torch.sigmoid(score_logit - point.score_logit)
        return Prediction(
            map=shown.numpy(),
            valid=_decoded(evidence.decoded_rows, height, width),
            score=float(score),
            signals=maps,
            objects=objects,
            seconds=seconds,
        )

    def _run(self, sample: Sample, decoded_rows: int) -> tuple[Tensor, Tensor]:
        """Map logits ``[1, H, W]`` on the padded patch grid and the score logit of the decoded rows, a scalar."""
        model = self._model
        tensors = SampleTensors.of(sample, model.patch_size, model.object_rule)
        patch, tile = model.patch_size, model.tile_size
        _, rows, columns = tensors.membership.shape
        plan = TilePlan(rows * patch, columns * patch, patch, tile, min(TILE_OVERLAP, tile // 2))
        token_grid: Blend | None = None
        map_grid = Blend(1, plan, stride=1)
        for window, tokens, logits in self._tiles(tensors, plan):
            token_grid = token_grid or Blend(len(tokens), plan, stride=patch)
            token_grid.add(window, tokens)
            map_grid.add(window, logits)
        assert token_grid is not None
        map_logits, tokens = map_grid.result(), token_grid.result()
        known = max(1, decoded_rows // patch) if decoded_rows < len(sample.pixels) else rows
        decoded = tokens[None, :, :known], map_logits[None, :, : known * patch]
        score = model.detect(*(part.to(self._device) for part in decoded))
        return map_logits, score[0].cpu()

    def _tiles(self, tensors: SampleTensors, plan: TilePlan) -> Iterator[tuple[Window, Tensor, Tensor]]:
        """Every window with its tokens ``[D, h, w]`` and map logits ``[1, H, W]``, in order.

        On the CPU tiles run side by side, each in one thread: threads inside one small tile mostly wait for each
        other, and the values would depend on how many there are.
        """

        @torch.inference_mode()
        def run(window: Window) -> tuple[Window, Tensor, Tensor]:
            seen = self._model.localize(tensors.window(window).to(self._device))
            return window, seen.tokens[0].cpu(), seen.map_logits[0].cpu()

        if self._device.type != "cpu":
            yield from map(run, plan.windows())
            return
        with _one_thread_a_call(), ThreadPoolExecutor(min(os.cpu_count() or 1, TILES_AT_ONCE)) as pool:
            yield from pool.map(run, plan.windows())


@contextmanager
def _one_thread_a_call() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _decoded(rows: int, height: int, width: int) -> NDArray[np.bool_]:
    return np.broadcast_to(np.arange(height)[:, None] < rows, (height, width))


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise WrongUsage(f"device {name}: unknown; use cpu, cuda or auto")
    if name == "cuda" and not torch.cuda.is_available():
        raise WrongUsage("device cuda: this machine has none that PyTorch can use; use cpu or auto")
    return torch.device(name)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - started
