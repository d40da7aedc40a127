"""From anything that holds a picture to its report."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forensics.analysis.copies import search_copies
from forensics.analysis.power.measurement import PowerTest
from forensics.analysis.regions import find_regions
from forensics.analysis.report import CheckpointFacts, Report
from forensics.analysis.verdict import judge
from forensics.inference.prediction import Prediction
from signals import Evidence, SignalSpec
from signals.orientation import upright, upright_size

# A network needs at least one patch; below this there is nothing to show it.
MIN_MODEL_SIDE = 16


class CheckpointLike(Protocol):
    """What a report needs to know of a checkpoint."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def specs(self) -> tuple[SignalSpec, ...]: ...


class PredictorLike(Protocol):
    """Anything that turns evidence into a prediction."""

    @property
    def checkpoint(self) -> CheckpointLike: ...

    def predict(self, evidence: Evidence, explain: bool = False) -> Prediction:
        """Analyzes one picture of at least 16 x 16 pixels; ``explain`` fills its contributions."""
        ...


class Analyzer:
    """Analyzes pictures with one checkpoint. May be shared by threads.

    Args:
        predictor: Runs the checkpoint.
    """

    def __init__(self, predictor: PredictorLike) -> None:
        self._predictor = predictor
        made_by = predictor.checkpoint
        self._checkpoint = CheckpointFacts(made_by.name, made_by.sha256, tuple(spec.name for spec in made_by.specs))

    @classmethod
    def load(cls, checkpoint: str | Path = "default", device: str = "auto") -> Analyzer:
        """Loads a checkpoint.

        Args:
            checkpoint: Name of a shipped one, or a folder.
            device: ``cpu``, ``cuda`` or ``auto``.

        Raises:
            CheckpointMissing: There is no such checkpoint.
            CheckpointMismatch: It does not fit this version.
            WrongUsage: The device is unknown or not there.
        """
        from forensics.inference.predictor import Predictor

        return cls(Predictor.load(checkpoint, device))

    def analyze(self, source: Any, power: PowerTest | None = None) -> Report:
        """Analyzes one picture.

        Args:
            source: Path, bytes of a file, PIL image, uint8 RGB array ``[H, W, 3]``, or Evidence.
            power: Plants known edits in copies of parts of the picture and counts what is found (an experiment);
                None leaves that out.

        Raises:
            UnreadableImage: It cannot be read as a picture.
        """
        started = time.perf_counter()
        evidence = Evidence.load(source)
        height, width = evidence.pixels.shape[:2]
        decoded = time.perf_counter() - started
        prediction = None
        if min(height, width) >= MIN_MODEL_SIDE:
            prediction = self._predictor.predict(evidence, explain=True)
        read = time.perf_counter()
        copies = search_copies(evidence)
        searched = time.perf_counter()
        map_ = _upright_map(prediction, evidence)
        judgement, regions = judge(prediction, width, height), find_regions(map_)
        marked = time.perf_counter()
        measured = None if power is None else power.measure(self._predictor, evidence)
        ended = time.perf_counter()
        seconds = dict(prediction.seconds) if prediction is not None else {}
        seconds["decode"] = decoded + seconds.get("decode", 0.0)
        seconds |= {"copies": searched - read, "regions": marked - searched}
        if measured is not None:
            seconds["power"] = ended - marked
        return Report(
            evidence=evidence,
            prediction=prediction,
            judgement=judgement,
            map=map_,
            regions=regions,
            copies=copies,
            checkpoint=self._checkpoint,
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            seconds=seconds,
            total_seconds=ended - started,
            power=measured,
        )


def _upright_map(prediction: Prediction | None, evidence: Evidence) -> NDArray[np.float32]:
    """The map ``[H, W]`` upright; 0 where nothing was decoded and where no model could read."""
    if prediction is None:
        width, height = upright_size(evidence.width, evidence.height, evidence.orientation)
        return np.zeros((height, width), dtype=np.float32)
    known = np.where(prediction.valid, prediction.map, np.float32(0))
    return upright(known.astype(np.float32, copy=False), evidence.orientation)
