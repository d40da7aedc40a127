"""Evidence in, Prediction out: signals, objects, tiles, one score for the whole picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from forensics.data.sample import Sample, SampleTensors
from forensics.inference.contributions import Contribution
from forensics.inference.prediction import Prediction
from forensics.inference.tiled_network import TiledNetwork
from forensics.models.checkpoint import Checkpoint, find_checkpoint
from forensics.models.network import FusionNetwork
from forensics.objects import NoObjects, ObjectSegmenter, RegionMerging
from signals import Evidence, Signal, SignalMap, get_signal
from signals.errors import WrongUsage
from signals.extraction import extract


class Predictor:
    """Runs one checkpoint on whole pictures of any size.

    Args:
        checkpoint: Where the network comes from.
        model: The network, in evaluation mode, on ``device``.
        segmenter: Finds the objects.
        device: Where the network runs; the signals are read on the CPU.
        read: Reads a signal from a picture, such as :meth:`signals.cache.SignalCache.extract` to read each only once.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        model: FusionNetwork,
        segmenter: ObjectSegmenter,
        device: torch.device,
        read: Callable[[Signal, Evidence], SignalMap] = extract,
    ) -> None:
        self.checkpoint = checkpoint
        self.device = device
        self._calibration = checkpoint.calibration
        self._network = TiledNetwork(model, device)
        self._segmenter = segmenter
        self._read = read
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
        return cls.of(find_checkpoint(checkpoint), device)

    @classmethod
    def of(cls, checkpoint: Checkpoint, device: str = "auto") -> Predictor:
        """Builds the network of a checkpoint that was found before; see :meth:`load`."""
        place = _device(device)
        # The order of numbers that convolutions are fastest in.
        model = checkpoint.build().to(place).to(memory_format=torch.channels_last)
        return cls(checkpoint, model, segmenter_for(model), place)

    @torch.inference_mode()
    def predict(self, evidence: Evidence, explain: bool = False, without: Collection[str] = ()) -> Prediction:
        """Analyzes one picture. Memory grows with its map, not with the network's activations.

        Args:
            evidence: The picture.
            explain: Whether to measure what each stream contributes, which costs a few passes more.
            without: Names of signals not to read, as if the picture did not have them.
        """
        seconds: dict[str, float] = {}
        with _timed(seconds, "decode"):
            pixels = evidence.pixels
        with _timed(seconds, "signals"):
            maps = tuple(self._read(signal, evidence) for signal in self._signals if signal.spec.name not in without)
        with _timed(seconds, "objects"):
            objects = self._segmenter.segment(pixels)
        height, width = pixels.shape[:2]
        point = self.checkpoint.operating_point_for([signal.spec.name for signal in maps if signal.usable])
        with _timed(seconds, "network"):
            model = self._network.model
            tensors = SampleTensors.of(Sample(pixels, maps, objects), model.patch_size, model.object_rule)
            whole = self._network.run(tensors, evidence.decoded_rows)
        logit = whole.score_logit - point.score_logit
        calibration = self._calibration
        shift = 0.0 if calibration is None else calibration.score_shift(evidence)
        explained: tuple[Contribution, ...] = ()
        if explain:
            with _timed(seconds, "contributions"):
                explained = self._network.explain(
                    tensors, whole, lambda names: self.checkpoint.operating_point_for(names).score_logit + shift
                )
        return Prediction(
            map=torch.sigmoid(whole.map_logits[0, :height, :width] - point.map_logit).numpy(),
            valid=_decoded(evidence.decoded_rows, height, width),
            score=float(torch.sigmoid(logit - shift)),
            signals=maps,
            objects=objects,
            seconds=seconds,
            contributions=explained,
            similarities=whole.similarities,
            confidence=None
            if whole.confidence_logits is None
            else torch.sigmoid(whole.confidence_logits[0, :height, :width]).numpy(),
            reading=None if calibration is None else calibration.read(float(logit), evidence, maps),
        )


def segmenter_for(model: FusionNetwork) -> ObjectSegmenter:
    """What finds objects in whole pictures; nothing does for a network that looks at none."""
    return RegionMerging() if model.looks_at_objects else NoObjects()


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
